"""Logits -> probabilities: softmax as the formula says it, and as a machine must compute it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import check_tensors


def softmax_naive(logits: Tensor) -> Tensor:
    """exp(z) / sum exp(z), in the precision of the logits: NaN as soon as one exp overflows. An exhibit.

    [..., V] -> [..., V].

    >>> softmax_naive(torch.tensor([0.0, 100.0]))  # exp(100) is beyond float32: inf / inf
    tensor([0., nan])
    """
    _check_row(logits)
    powers = logits.exp()
    return powers / powers.sum(-1, keepdim=True)


def softmax(logits: Tensor) -> Tensor:
    """The same probabilities with the largest logit taken off first, so that no exp is above 1.

    [..., V] -> [..., V]. Adding a constant to every logit multiplies numerator and denominator by the same exp(c).

    >>> softmax(torch.tensor([0.0, 100.0]))
    tensor([3.7835e-44, 1.0000e+00])
    """
    _check_row(logits)
    powers = (logits - logits.amax(-1, keepdim=True)).exp()
    return powers / powers.sum(-1, keepdim=True)


def log_sum_exp(logits: Tensor) -> Tensor:
    """log sum exp(z) = m + log sum exp(z - m), m the largest logit: [..., V] -> [...].

    >>> log_sum_exp(torch.tensor([1000.0, 1000.0]))  # 1000 + log 2
    tensor(1000.6932)
    """
    _check_row(logits)
    largest = logits.amax(-1, keepdim=True)
    return (largest + (logits - largest).exp().sum(-1, keepdim=True).log()).squeeze(-1)


def log_softmax_naive(logits: Tensor) -> Tensor:
    """log(softmax(z)) in two steps: a probability too small for the precision becomes 0, and its log -inf. An exhibit.

    >>> log_softmax_naive(torch.tensor([0.0, 200.0]))
    tensor([-inf, nan])
    """
    return softmax_naive(logits).log()


def log_softmax(logits: Tensor) -> Tensor:
    """z - log sum exp(z): [..., V] -> [..., V] nats. The probability itself is never formed.

    >>> log_softmax(torch.tensor([0.0, 200.0]))
    tensor([-200.,    0.])
    """
    return logits - log_sum_exp(logits).unsqueeze(-1)


@dataclass(frozen=True)
class Step:
    """One line of a computation of -log p(target), with what it holds in the chosen precision."""

    name: str
    formula: str  # KaTeX
    values: Tensor  # [V], or [1] for a sum

    @property
    def is_broken(self) -> bool:
        """True where a value is NaN or infinite: from here on the result is lost."""
        return not bool(torch.isfinite(self.values).all())


def naive_steps(logits: Tensor, target: int) -> list[Step]:
    """-log p as the formula is written: exp, sum, divide, log. logits [V] in any float type."""
    _check_row(logits, target)
    powers = logits.exp()
    total = powers.sum(-1, keepdim=True)
    p = powers / total
    return [
        Step("logits", "z_k", logits),
        Step("exp", "e^{z_k}", powers),
        Step("sum", r"\textstyle\sum_j e^{z_j}", total),
        Step("divide", r"p_k = e^{z_k} / \textstyle\sum_j e^{z_j}", p),
        Step("minus_log", r"-\log p_y", -p[target : target + 1].log()),
    ]


def stable_steps(logits: Tensor, target: int) -> list[Step]:
    """-log p by log-sum-exp: take off the largest, then nothing overflows. logits [V] in any float type."""
    _check_row(logits, target)
    largest = logits.amax(-1, keepdim=True)
    shifted = logits - largest
    powers = shifted.exp()
    total = powers.sum(-1, keepdim=True)
    return [
        Step("logits", "z_k", logits),
        Step("largest", r"m = \max_j z_j", largest),
        Step("shift", "z_k - m", shifted),
        Step("exp", "e^{z_k - m}", powers),
        Step("shifted_sum", r"s = \textstyle\sum_j e^{z_j - m}", total),
        Step("minus_log", r"\log s - (z_y - m)", total.log() - shifted[target : target + 1]),
    ]


def _check_row(logits: Tensor, target: int = 0) -> None:
    """Raise ValueError for logits that are no floats [..., V], and for a target that is none of the V."""
    check_tensors(logits=logits)
    if not logits.is_floating_point() or not logits.dim() or not logits.shape[-1]:
        raise ValueError(f"logits {list(logits.shape)} {logits.dtype} have no softmax; give floats [..., V], V above 0")
    if not 0 <= target < logits.shape[-1]:
        raise ValueError(f"target {target} is none of V = {logits.shape[-1]} tokens; give 0 to {logits.shape[-1] - 1}")


def largest_exponent(dtype: torch.dtype) -> float:
    """The logit above which exp overflows: log of the largest number of the type.

    >>> [round(largest_exponent(dtype), 2) for dtype in (torch.float16, torch.bfloat16, torch.float32)]
    [11.09, 88.72, 88.72]
    """
    return float(torch.tensor(torch.finfo(dtype).max, dtype=torch.float64).log())
