"""LOSSES: each with its value, its gradient derived by hand, its formulas and its source, side by side."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import check_pairs
from sftviz.loss.gradients import (
    logit_gradient,
    smoothed_gradient,
    squared_error_gradient,
    tempered_gradient,
    tempered_nll,
)
from sftviz.loss.smoothing import smoothed_nll
from sftviz.loss.squared_error import squared_error

Rows = Callable[[Tensor, Tensor], Tensor]
MOST_STEPS = 100_000  # of a descent: all of them are kept


@dataclass(frozen=True)
class Loss:
    """A row of LOSSES. value: logits [N, V], targets [N] -> [N]; gradient: the same -> [N, V]."""

    name: str
    title: str
    formula: str  # KaTeX
    gradient_formula: str
    meaning: str
    source: str
    value: Rows
    gradient: Rows


def nll(logits: Tensor, targets: Tensor) -> Tensor:
    """-log p_y for rows already lined up: [..., V], [...] -> [...] nats. `token_nll` is this after the shift.

    >>> nll(torch.zeros(1, 4), torch.tensor([2]))
    tensor([1.3863])
    """
    return smoothed_nll(logits, targets, 0.0)


LOSSES = {
    row.name: row
    for row in (
        Loss(
            "cross_entropy",
            "Cross-entropy",
            r"-\log p_y",
            r"p - y",
            "grows without end as the target's probability goes to 0, and pulls hardest there",
            "maximum likelihood; torch.nn.functional.cross_entropy",
            nll,
            logit_gradient,
        ),
        Loss(
            "squared_error",
            "Squared error, summed over classes",
            r"\sum_k (p_k - y_k)^2",
            r"2 p_k \big[(p_k - y_k) - \sum_j p_j (p_j - y_j)\big]",
            "never above 2; where the target's probability is near 0 so is its gradient",
            "Brier 1950",
            squared_error,
            squared_error_gradient,
        ),
        Loss(
            "mean_squared_error",
            "Squared error, mean over classes",
            r"\tfrac{1}{V} \sum_k (p_k - y_k)^2",
            r"\tfrac{2}{V} p_k \big[(p_k - y_k) - \sum_j p_j (p_j - y_j)\big]",
            "the same, divided by V: with a real vocabulary next to nothing is left",
            "torch.nn.functional.mse_loss on softmax(z) and one-hot targets",
            partial(squared_error, over_classes="mean"),
            partial(squared_error_gradient, over_classes="mean"),
        ),
        Loss(
            "smoothed",
            "Label smoothing 0.1, ε/V on every token",
            r"-\sum_k q_k \log p_k,\ q = 0.9\,y + 0.1 / V",
            r"p - q",
            "pulls back once the target is surer than 1 − ε + ε/V",
            "Szegedy et al. 2016; F.cross_entropy(label_smoothing=0.1)",
            partial(smoothed_nll, epsilon=0.1),
            partial(smoothed_gradient, epsilon=0.1),
        ),
        Loss(
            "smoothed_others",
            "Label smoothing 0.1, ε/(V−1) on every other token",
            r"-\sum_k q_k \log p_k,\ q_y = 0.9",
            r"p - q",
            "the target keeps exactly 1 − ε",
            "the Annotated Transformer",
            partial(smoothed_nll, epsilon=0.1, convention="others"),
            partial(smoothed_gradient, epsilon=0.1, convention="others"),
        ),
        Loss(
            "tempered",
            "Cross-entropy at temperature 2",
            r"-\log \mathrm{softmax}(z / \tau)_y,\ \tau = 2",
            r"(p - y) / \tau",
            "softer probabilities, and every pull divided by the temperature",
            "Hinton et al. 2015",
            partial(tempered_nll, temperature=2.0),
            partial(tempered_gradient, temperature=2.0),
        ),
    )
}


def descend(gradient: Rows, logits: Tensor, target: int, steps: int, rate: float) -> Tensor:
    """Gradient descent on the logits of one row: logits [V] -> every step's logits, [steps + 1, V].

    z <- z - rate * gradient. Nothing but the loss's own slope decides how fast: released from the same wrong start,
    cross-entropy leaves at once and squared error stays.

    >>> descend(logit_gradient, torch.zeros(2), target=0, steps=1, rate=2.0)
    tensor([[ 0.,  0.],
            [ 1., -1.]])
    """
    if not 0 <= steps <= MOST_STEPS or not 0 < rate < float("inf"):
        raise ValueError(f"steps {steps} and rate {rate}: give 0 to {MOST_STEPS} steps and a positive rate")
    targets = torch.tensor([target], device=logits.device)
    check_pairs(logits.unsqueeze(0), targets)
    path = [logits]
    for _ in range(steps):
        path.append(path[-1] - rate * gradient(path[-1].unsqueeze(0), targets).squeeze(0))
    return torch.stack(path)


def one_rival(vocabulary: int, target: float, rival: float) -> Tensor:
    """Logits [V] of a row in which token 0 is the target, token 1 its rival, and all others stand at 0, float64.

    >>> one_rival(4, -2.0, 5.0)
    tensor([-2.,  5.,  0.,  0.], dtype=torch.float64)
    """
    if vocabulary < 2:
        raise ValueError(f"V = {vocabulary} has no rival; give at least 2")
    logits = torch.zeros(vocabulary, dtype=torch.float64)
    logits[0], logits[1] = target, rival
    return logits


def steps_until(probabilities: Tensor, threshold: float = 0.5) -> int | None:
    """The first step at which a path of probabilities [steps + 1] is above the threshold; None where it never is.

    >>> steps_until(torch.tensor([0.1, 0.4, 0.6, 0.7]))
    2
    """
    above = (probabilities > threshold).nonzero()
    return int(above[0]) if len(above) else None
