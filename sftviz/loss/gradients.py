"""Gradients in closed form: p - y for cross-entropy, and what squared error makes of the same p - y."""

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import IGNORE, at_least_float32, check_pairs, check_tensors, warn_of_probabilities
from sftviz.loss.smoothing import check_none_ruled_out, smoothed_target
from sftviz.loss.squared_error import denominator, probability_error


def logit_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    """d(-log p_y)/dz = p - y for every row; zero where the target is IGNORE.

    logits [..., V], targets [...] already lined up with them -> [..., V], float32 at least.
    Descent pushes the target's logit up by 1 - p_y and every other one down by its own p.
    Raises ValueError as `token_nll` does: a NaN on an ignored row would not be the zero it should be.

    >>> logit_gradient(torch.zeros(1, 4), torch.tensor([2]))
    tensor([[ 0.2500,  0.2500, -0.7500,  0.2500]])
    """
    check_pairs(logits, targets)
    return _counted(probability_error(logits, targets), targets)


def smoothed_gradient(logits: Tensor, targets: Tensor, epsilon: float, convention: str = "all") -> Tensor:
    """p - q, q the smoothed target: [..., V], [...] -> [..., V]. Zero once p has reached q, and not before p = y.

    >>> smoothed_gradient(torch.zeros(1, 4), torch.tensor([2]), 0.2)
    tensor([[ 0.2000,  0.2000, -0.6000,  0.2000]])
    """
    check_pairs(logits, targets)
    check_none_ruled_out(logits, epsilon, convention)
    p = torch.softmax(at_least_float32(logits), dim=-1)
    q = smoothed_target(targets, logits.shape[-1], epsilon, convention)
    return _counted(p - q.to(p.dtype), targets)


def squared_error_gradient(logits: Tensor, targets: Tensor, over_classes: str = "sum") -> Tensor:
    """The whole softmax Jacobian: 2 p_k [(p_k - y_k) - sum_j p_j (p_j - y_j)], over V for the mean.

    [..., V], [...] -> [..., V]. Every term carries a factor p_k: where the target's p is near 0 the gradient is too,
    however wrong the row is.

    >>> squared_error_gradient(torch.zeros(1, 2), torch.tensor([0]))  # 2 * 1/2 * (-1/2 - 0)
    tensor([[-0.5000,  0.5000]])
    """
    check_pairs(logits, targets)
    p, error = _p_and_error(logits, targets)
    exact = 2 * p * (error - (p * error).sum(-1, keepdim=True)) / denominator(over_classes, logits.shape[-1])
    return _counted(exact, targets)


def squared_error_shortcut(logits: Tensor, targets: Tensor, over_classes: str = "sum") -> Tensor:
    """2 (p - y) p (1 - p): the Jacobian's diagonal alone, as it is often written down. An exhibit, not the gradient.

    Every logit is treated as if it moved its own probability only.

    >>> squared_error_shortcut(torch.zeros(1, 2), torch.tensor([0]))  # half of the exact one
    tensor([[-0.2500,  0.2500]])
    """
    check_pairs(logits, targets)
    p, error = _p_and_error(logits, targets)
    return _counted(2 * error * p * (1 - p) / denominator(over_classes, logits.shape[-1]), targets)


def tempered_nll(logits: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """-log softmax(z / temperature)_y for every row, in nats; 0 where IGNORE. Hinton et al. 2015; Guo et al. 2017.

    >>> tempered_nll(torch.tensor([[0.0, 2.0]]), torch.tensor([1]), 2.0)  # log(1 + e^-1)
    tensor([0.3133])
    """
    check_pairs(logits, targets)
    warn_of_probabilities(logits)
    cost = -torch.log_softmax(_tempered(logits, temperature), dim=-1)
    cost = cost.gather(-1, targets.long().clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return torch.where(targets == IGNORE, torch.zeros_like(cost), cost)


def tempered_gradient(logits: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """d tempered_nll / dz = (p - y) / temperature, p taken at the temperature: [..., V], [...] -> [..., V].

    >>> tempered_gradient(torch.zeros(1, 2), torch.tensor([0]), 2.0)
    tensor([[-0.2500,  0.2500]])
    """
    check_pairs(logits, targets)
    pull = logit_gradient(_tempered(logits, temperature), targets) / temperature
    return _within_precision(pull, temperature)


def temperature_slope(logits: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """d tempered_nll / d temperature = (z_y - sum_j p_j z_j) / temperature^2: [..., V], [...] -> [...].

    Positive where the target is above the mean logit: then a cooler softmax is the better one.

    >>> temperature_slope(torch.tensor([[0.0, 2.0]]), torch.tensor([1]), 1.0)  # 2 - 2 * 0.8808
    tensor([0.2384])
    """
    check_pairs(logits, targets)
    z = at_least_float32(logits)
    pull = logit_gradient(_tempered(logits, temperature), targets)
    moved = torch.where(pull == 0, torch.zeros_like(pull), pull * z)  # a ruled-out token: 0 times -inf is NaN
    return _within_precision(-moved.sum(-1) / temperature / temperature, temperature)


def gradient_norm(gradient: Tensor) -> Tensor:
    """Euclidean norm of each row: [..., V] -> [...], float32 at least.

    The largest entry is taken out first, or its square would leave the precision: 1e30 squared is no float32.

    >>> gradient_norm(torch.tensor([[3.0, -4.0]]))
    tensor([5.])
    """
    check_tensors(gradient=gradient)
    values = at_least_float32(gradient)
    if not values.shape[-1]:
        return values.sum(-1)
    largest = values.abs().amax(-1, keepdim=True)
    scale = torch.where((largest > 0) & torch.isfinite(largest), largest, 1.0)
    return (values / scale).square().sum(-1).sqrt() * scale.squeeze(-1)


def _p_and_error(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    return torch.softmax(at_least_float32(logits), dim=-1), probability_error(logits, targets)


def _counted(gradient: Tensor, targets: Tensor) -> Tensor:
    return gradient * (targets != IGNORE).unsqueeze(-1)


def _tempered(logits: Tensor, temperature: float) -> Tensor:
    """z / temperature, [..., V] float32 at least; raises ValueError where that leaves the precision."""
    _check_temperature(temperature)
    z = at_least_float32(logits)
    if torch.isfinite(z).any():
        _within_precision(z.masked_fill(torch.isneginf(z), 0.0).abs().amax() / temperature, temperature)
    return z / temperature


def _within_precision(values: Tensor, temperature: float) -> Tensor:
    if not torch.isfinite(values).all():
        raise ValueError(
            f"temperature {temperature} takes these logits beyond {values.dtype}; 0.01 is argmax already, for any use"
        )
    return values


def _check_temperature(temperature: float) -> None:
    if not 0 < temperature < float("inf"):
        raise ValueError(f"temperature {temperature} is not a positive number; 1 leaves the logits as they are")
