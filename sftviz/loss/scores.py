"""Scores of whole sequences: log-probabilities added up, and what length does to their ranking."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


def length_penalty(length: int, alpha: float, form: str = "power") -> float:
    """What a sum of log-probabilities is divided by: T^alpha, or GNMT's ((5 + T) / 6)^alpha.

    alpha 0: plain sums, which favour short answers. alpha 1: the mean per token. Wu et al. 2016, equation 14.

    >>> length_penalty(10, 1.0), length_penalty(7, 2.0, "gnmt")
    (10.0, 4.0)
    """
    if length < 1:
        raise ValueError(f"length {length} has no score; give at least one token")
    if not math.isfinite(alpha):
        raise ValueError(f"alpha {alpha} is not a number")
    if form not in ("power", "gnmt"):
        raise ValueError(f"length penalty {form!r} is unknown; use one of power, gnmt")
    return float(length if form == "power" else (5 + length) / 6) ** alpha


def sequence_score(log_probabilities: Tensor, alpha: float = 1.0, form: str = "power") -> float:
    """The score a beam search compares: sum of log p over the length penalty, [T] nats -> nats.

    >>> sequence_score(torch.tensor([-1.0, -3.0]), alpha=1.0)
    -2.0
    """
    if (log_probabilities > 0).any() or torch.isnan(log_probabilities).any():
        raise ValueError("a log-probability is above 0 or NaN; give log p of each token, not p or a loss")
    return float(log_probabilities.sum()) / length_penalty(len(log_probabilities), alpha, form)


@dataclass(frozen=True)
class Candidate:
    """An answer a beam has found: its text, the sum of its log-probabilities (nats), its length in tokens."""

    text: str
    log_probability: float
    length: int


def ranking(candidates: Sequence[Candidate], alpha: float, form: str = "power") -> list[int]:
    """Indices of the candidates, best first; equal scores in the order given.

    >>> two = [Candidate("Yes.", -2.0, 2), Candidate("Yes, it is.", -3.0, 5)]
    >>> ranking(two, alpha=0.0), ranking(two, alpha=1.0)
    ([0, 1], [1, 0])
    """
    scores = [c.log_probability / length_penalty(c.length, alpha, form) for c in candidates]
    return sorted(range(len(candidates)), key=lambda i: -scores[i])


def crossing(one: Candidate, other: Candidate) -> float | None:
    """The alpha at which two candidates score the same under T^alpha: log(S/S') / log(T/T'); None where they never do.

    >>> round(crossing(Candidate("Yes.", -2.0, 2), Candidate("Yes, it is.", -3.0, 5)), 4)  # log 1.5 / log 2.5
    0.4425
    """
    sums = (one.log_probability, other.log_probability)
    if one.length == other.length or min(-sums[0], -sums[1]) <= 0 or not all(map(math.isfinite, sums)):
        return None
    return math.log(sums[0] / sums[1]) / math.log(one.length / other.length)
