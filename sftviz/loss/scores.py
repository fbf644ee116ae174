"""Which answer is the better one: log-probabilities of sequences, with a length penalty, and where the order flips."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import IGNORE, best_precision
from sftviz.loss.reduction import reduce_nll


@dataclass(frozen=True)
class Penalty:
    """A row of PENALTIES: the number whose power alpha divides the log-probability. base(T) for T tokens."""

    name: str
    title: str
    formula: str  # KaTeX; T: tokens of the answer
    meaning: str
    source: str
    base: Callable[[int], float]


PENALTIES = {
    row.name: row
    for row in (
        Penalty(
            "length",
            "T to the alpha",
            r"\frac{\sum_t \log p_t}{T^{\alpha}}",
            "0 sums, so short answers win; 1 is the mean per token; above 1 long answers win",
            "transformers: length_penalty",
            float,
        ),
        Penalty(
            "gnmt",
            "((5 + T) / 6) to the alpha",
            r"\sum_t \log p_t \Big/ \Big(\frac{5 + T}{6}\Big)^{\alpha}",
            "gentler while answers are short, and exactly 1 for one token",
            "Wu et al. 2016 (GNMT), eq. 14, alpha 0.6 to 0.7",
            lambda length: (5 + length) / 6,
        ),
    )
}


def sequence_log_probabilities(nll: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """log p of each row's supervised tokens together, and how many they are: [B, T-1], [B, T] -> [B] nats, [B].

    labels unshifted, as in `reduce_nll`; float64. The end token counts if it is supervised: an answer that stops has
    paid for it.

    >>> sequence_log_probabilities(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[-100, -100, 7, 8]]))
    (tensor([-5.], dtype=torch.float64), tensor([2]))
    """
    reduce_nll(nll, labels)  # its checks: shapes, label type, NaN where something is supervised
    counted = labels[:, 1:] != IGNORE
    return -torch.where(counted, best_precision(nll), 0.0).sum(1), counted.sum(1)


def length_penalty(length: int, alpha: float, penalty: str = "length") -> float:
    """What a log-probability of `length` tokens is divided by: 1 at alpha 0. Negative alpha favours short answers more.

    >>> length_penalty(4, 0.5), length_penalty(7, 1.0, "gnmt")
    (2.0, 2.0)
    """
    if not math.isfinite(alpha):
        raise ValueError(f"alpha {alpha} is not finite; 0 sums log-probabilities, 1 takes their mean")
    base = _base(length, penalty)
    exponent = alpha * math.log(base)
    if abs(exponent) > 700:  # exp ends at 709: every score would be 0, or infinite, and all answers equal
        raise ValueError(f"alpha {alpha} takes {base:g}^alpha beyond float64; alpha is usually between 0 and 2")
    return base**alpha


def sequence_score(log_probability: float, length: int, alpha: float, penalty: str = "length") -> float:
    """log p / length_penalty: an answer's rank in beam search; nearer 0 is better.

    >>> sequence_score(-6.0, 4, 1.0)
    -1.5
    """
    _check_log_probability(log_probability)
    return log_probability / length_penalty(length, alpha, penalty)


def scores_over(
    log_probabilities: Sequence[float], lengths: Sequence[int], alphas: Sequence[float], penalty: str = "length"
) -> Tensor:
    """Every candidate's score at every alpha: N candidates, A alphas -> [A, N] float64.

    >>> scores_over([-4.0, -5.0], [2, 4], [0.0, 1.0])
    tensor([[-4.0000, -5.0000],
            [-2.0000, -1.2500]], dtype=torch.float64)
    """
    _check_candidates(log_probabilities, lengths)
    rows = [
        [
            sequence_score(log_p, length, alpha, penalty)
            for log_p, length in zip(log_probabilities, lengths, strict=True)
        ]
        for alpha in alphas
    ]
    return torch.tensor(rows, dtype=torch.float64).reshape(len(alphas), len(lengths))


def ranking_over(
    log_probabilities: Sequence[float], lengths: Sequence[int], alphas: Sequence[float], penalty: str = "length"
) -> Tensor:
    """The candidates from best to worst at every alpha: -> [A, N] int64, indices. Equals keep the order given.

    >>> ranking_over([-4.0, -5.0], [2, 4], [0.0, 1.0])
    tensor([[0, 1],
            [1, 0]])
    """
    return scores_over(log_probabilities, lengths, alphas, penalty).argsort(dim=1, descending=True, stable=True)


def swap_alpha(
    log_probability: float, length: int, other_log_probability: float, other_length: int, penalty: str = "length"
) -> float | None:
    """The alpha at which two candidates change places; None where they never do.

    S_a / c_a^alpha = S_b / c_b^alpha has one solution, alpha = log(S_a / S_b) / log(c_a / c_b), with c = T or (5+T)/6.
    Below it the one with fewer tokens is ahead. It may be negative: then the longer one is ahead at every alpha >= 0.
    None for equal lengths, and for a log-probability of 0 or -inf, which no length changes.

    >>> round(swap_alpha(-4.0, 2, -5.0, 4), 4)  # log(4/5) / log(2/4)
    0.3219
    """
    bases = _base(length, penalty), _base(other_length, penalty)
    for value in (log_probability, other_log_probability):
        _check_log_probability(value)
        if value == 0 or math.isinf(value):
            return None
    if length == other_length:
        return None
    # differences of logarithms: the quotient itself may overflow or round to 1
    return (math.log(-log_probability) - math.log(-other_log_probability)) / (math.log(bases[0]) - math.log(bases[1]))


def _base(length: int, penalty: str) -> float:
    if penalty not in PENALTIES:
        raise ValueError(f"penalty {penalty!r} is unknown; use one of {', '.join(PENALTIES)}")
    if length < 1:
        raise ValueError(f"a candidate of {length} tokens has no score: 0/0; are any of its tokens supervised?")
    return PENALTIES[penalty].base(length)


def _check_log_probability(value: float) -> None:
    if math.isnan(value) or value > 0:
        raise ValueError(
            f"log-probability {value}: give 0 or less (minus the sum of the costs), not a cost or probability"
        )


def _check_candidates(log_probabilities: Sequence[float], lengths: Sequence[int]) -> None:
    if len(log_probabilities) != len(lengths) or not lengths:
        raise ValueError(
            f"{len(log_probabilities)} log-probabilities and {len(lengths)} lengths: give one each, for one candidate "
            "or more"
        )
