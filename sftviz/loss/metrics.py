"""What is reported beside the loss: perplexity, accuracy, rank, calibration. IGNORE is left out everywhere."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import IGNORE, at_least_float32, check_pairs


def perplexity(nll: Tensor, targets: Tensor) -> float:
    """exp of the mean cost of the counted targets: how many equally likely tokens each is worth. [...], [...] -> float.

    V is the perplexity of a uniform model, not the worst there is: a confidently wrong one is above it.
    Raises ValueError where nothing counts.

    >>> round(perplexity(torch.tensor([4.0, 9.0]).log(), torch.tensor([7, 8])), 4)  # the geometric mean of 4 and 9
    6.0
    """
    counted = _counted(targets)
    return float(nll[counted].double().mean().exp())


def rank_of_target(logits: Tensor, targets: Tensor) -> Tensor:
    """1 for the likeliest token; those as likely as the target do not count against it. [..., V], [...] -> [...] int64.

    0 where the target is IGNORE.

    >>> rank_of_target(torch.tensor([[0.1, 0.7, 0.2]]), torch.tensor([2]))
    tensor([2])
    """
    check_pairs(logits, targets)
    of_target = logits.gather(-1, targets.long().clamp(min=0).unsqueeze(-1))
    rank = (logits > of_target).sum(-1) + 1
    return torch.where(targets == IGNORE, torch.zeros_like(rank), rank)


def accuracy(logits: Tensor, targets: Tensor, top_k: int = 1) -> float:
    """Share of the counted targets among the top_k likeliest tokens. [..., V], [...] -> float.

    >>> accuracy(torch.tensor([[0.1, 0.7, 0.2], [0.6, 0.3, 0.1]]), torch.tensor([2, 0]))
    0.5
    """
    if not 1 <= top_k <= max(1, logits.shape[-1]):
        raise ValueError(f"top_k {top_k} of V = {logits.shape[-1]} tokens: give 1 to {logits.shape[-1]}")
    ranks = rank_of_target(logits, targets)[_counted(targets)]
    return float((ranks <= top_k).double().mean())


@dataclass(frozen=True)
class Reliability:
    """Predictions sorted into bins of equal width by their confidence, [bins] each; empty bins hold 0."""

    edges: Tensor  # [bins + 1]
    counts: Tensor
    confidence: Tensor  # mean of the likeliest token's probability
    accuracy: Tensor  # share of them that were the target

    @property
    def ece(self) -> float:
        """Expected calibration error: mean distance of confidence from accuracy, weighed by count. Guo et al. 2017."""
        return float((self.counts * (self.confidence - self.accuracy).abs()).sum() / self.counts.sum())


def reliability(logits: Tensor, targets: Tensor, bins: int = 10) -> Reliability:
    """How often a model is right when it says it is so sure. [..., V], [...] -> Reliability.

    Confidence is the probability of the likeliest token; bins are (lower, upper]. Raises ValueError where nothing
    counts.

    >>> seen = reliability(torch.tensor([[0.9, 0.1], [0.8, 0.2]]).log(), torch.tensor([0, 1]), bins=2)
    >>> round(seen.ece, 4)  # 0.85 sure on average, and half of the time right
    0.35
    """
    check_pairs(logits, targets)
    counted = _counted(targets)
    if bins < 1:
        raise ValueError(f"{bins} bins hold nothing; give at least 1")
    confidence, guess = torch.softmax(at_least_float32(logits[counted]), dim=-1).max(-1)
    right = (guess == targets[counted]).to(confidence.dtype)
    edges = torch.linspace(0, 1, bins + 1, dtype=confidence.dtype)
    place = (torch.bucketize(confidence, edges) - 1).clamp(0, bins - 1)
    counts = torch.bincount(place, minlength=bins)
    sums = [torch.zeros(bins, dtype=confidence.dtype).index_add(0, place, values) for values in (confidence, right)]
    means = [total / counts.clamp(min=1) for total in sums]
    return Reliability(edges, counts, means[0], means[1])


def _counted(targets: Tensor) -> Tensor:
    counted = targets != IGNORE
    if not counted.any():
        raise ValueError(f"0 of {targets.numel()} targets count, so there is nothing to measure; all are {IGNORE}")
    return counted
