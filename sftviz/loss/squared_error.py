"""Squared error on probabilities: the loss classifiers could have had, and why they do not."""

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import IGNORE, at_least_float32, check_pairs

REDUCTIONS = ("sum", "mean")


def squared_error(logits: Tensor, targets: Tensor, over_classes: str = "sum") -> Tensor:
    """sum_k (p_k - y_k)^2 for every row, or its mean over the V classes; 0 where the target is IGNORE.

    logits [..., V], targets [...] already lined up -> [...], without unit. At most 2: a confidently wrong row costs no
    more than that, and the slope there is flat. The sum is the Brier score (Brier 1950). Raises ValueError as
    `token_nll` does.

    >>> squared_error(torch.zeros(1, 4), torch.tensor([2]))  # (1 - 1/4)^2 + 3 (1/4)^2
    tensor([0.7500])
    """
    check_pairs(logits, targets)
    error = probability_error(logits, targets)
    squared = error.square().sum(-1) / denominator(over_classes, logits.shape[-1])
    return torch.where(targets == IGNORE, torch.zeros_like(squared), squared)


def probability_error(logits: Tensor, targets: Tensor) -> Tensor:
    """p - y: [..., V]; on ignored rows y is taken for token 0, to be thrown away by the caller."""
    p = torch.softmax(at_least_float32(logits), dim=-1)
    return p.scatter_add(-1, targets.long().clamp(min=0).unsqueeze(-1), torch.full_like(p[..., :1], -1.0))


def denominator(over_classes: str, vocabulary: int) -> int:
    """1 for "sum", V for "mean"; raises ValueError for another word."""
    if over_classes not in REDUCTIONS:
        raise ValueError(f"over_classes {over_classes!r} is unknown; use one of {', '.join(REDUCTIONS)}")
    return vocabulary if over_classes == "mean" else 1
