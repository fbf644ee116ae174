"""Label smoothing: a target that is not quite sure of itself, in the two conventions papers and code use."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import (
    IGNORE,
    at_least_float32,
    best_precision,
    check_labels,
    check_pairs,
    warn_of_probabilities,
)


@dataclass(frozen=True)
class Smoothing:
    """A row of SMOOTHINGS: what the target and each other token get. shares(epsilon, V) -> on target, on another."""

    name: str
    title: str
    formula: str  # KaTeX
    source: str
    shares: Callable[[float, int], tuple[float, float]]


SMOOTHINGS = {
    row.name: row
    for row in (
        Smoothing(
            "all",
            "ε/V on every token",
            r"q = (1-\varepsilon)\,y + \varepsilon / V",
            "Szegedy et al. 2016; torch.nn.functional.cross_entropy(label_smoothing=…)",
            lambda epsilon, v: (1 - epsilon + epsilon / v, epsilon / v),
        ),
        Smoothing(
            "others",
            "ε/(V−1) on every other token",
            r"q_y = 1-\varepsilon,\quad q_k = \varepsilon / (V-1)",
            "OpenNMT, the Annotated Transformer",
            lambda epsilon, v: (1 - epsilon, epsilon / (v - 1)),
        ),
    )
}


def target_shares(epsilon: float, vocabulary: int, convention: str = "all") -> tuple[float, float]:
    """Probability the smoothed target gives to the right token and to each other one.

    Raises ValueError for an epsilon outside [0, 1] (torch takes a negative one without a word), an unknown convention,
    and for "others" where there is no other token.

    >>> target_shares(0.1, 5)
    (0.92, 0.02)
    """
    if convention not in SMOOTHINGS:
        raise ValueError(f"smoothing convention {convention!r} is unknown; use one of {', '.join(SMOOTHINGS)}")
    if not 0 <= epsilon <= 1:
        raise ValueError(f"label smoothing {epsilon} is no share of probability; it must be in [0, 1]")
    if vocabulary < 1:
        raise ValueError(f"V = {vocabulary} is no vocabulary; give at least 1")
    if vocabulary < 2 and convention == "others":
        raise ValueError(f"V = {vocabulary} leaves no other token to give the smoothing to; use convention 'all'")
    return SMOOTHINGS[convention].shares(epsilon, vocabulary)


def smoothed_target(targets: Tensor, vocabulary: int, epsilon: float, convention: str = "all") -> Tensor:
    """The distribution q the model is pulled to: targets [...] -> [..., V] float64; a zero row where IGNORE.

    >>> smoothed_target(torch.tensor([2, -100]), 4, 0.2)
    tensor([[0.0500, 0.0500, 0.8500, 0.0500],
            [0.0000, 0.0000, 0.0000, 0.0000]], dtype=torch.float64)
    """
    on_target, on_other = target_shares(epsilon, vocabulary, convention)
    check_labels(targets, vocabulary)
    # scatter needs a legal index on ignored rows too
    q = torch.full((*targets.shape, vocabulary), on_other, dtype=best_precision(targets).dtype, device=targets.device)
    q = q.scatter(-1, targets.long().clamp(min=0).unsqueeze(-1), on_target)
    return q * (targets != IGNORE).unsqueeze(-1)


def smoothed_nll(logits: Tensor, targets: Tensor, epsilon: float, convention: str = "all") -> Tensor:
    """-sum q log p for every row, in nats; 0 where the target is IGNORE.

    logits [..., V], targets [...] already lined up -> [...]. With "all" it is F.cross_entropy(label_smoothing=epsilon,
    reduction="none"). Raises ValueError as `token_nll`, and for a logit of -inf: a token that is ruled out and still
    asked for costs infinitely much.

    >>> smoothed_nll(torch.zeros(1, 4), torch.tensor([2]), 0.2)  # a uniform guess costs log V whatever the target
    tensor([1.3863])
    """
    check_pairs(logits, targets)
    warn_of_probabilities(logits)
    check_none_ruled_out(logits, epsilon, convention)
    _, on_other = target_shares(epsilon, logits.shape[-1], convention)
    cost = -torch.log_softmax(at_least_float32(logits), dim=-1)
    of_target = cost.gather(-1, targets.long().clamp(min=0).unsqueeze(-1)).squeeze(-1)
    everywhere = cost.mean(-1) if on_other else torch.zeros_like(of_target)
    smoothed = smoothed_from(of_target, everywhere, logits.shape[-1], epsilon, convention)
    return torch.where(targets == IGNORE, torch.zeros_like(smoothed), smoothed)


def check_none_ruled_out(logits: Tensor, epsilon: float, convention: str = "all") -> None:
    """Raise ValueError where smoothing asks for a token that a logit of -inf has ruled out."""
    _, on_other = target_shares(epsilon, logits.shape[-1], convention)
    if on_other and torch.isneginf(logits).any():
        raise ValueError(f"a logit is -inf and label smoothing {epsilon} asks for its token: the loss is infinite")


def smoothed_from(nll: Tensor, uniform_nll: Tensor, vocabulary: int, epsilon: float, convention: str = "all") -> Tensor:
    """The smoothed loss from two costs that do not depend on epsilon: of the target, and of all tokens on average.

    nll [...] and uniform_nll [...] in nats (`TokenLosses` holds both) -> [...]. With "all": (1-ε) nll + ε uniform_nll.

    >>> smoothed_from(torch.tensor([2.0]), torch.tensor([7.0]), 100, 0.1)
    tensor([2.5000])
    """
    on_target, on_other = target_shares(epsilon, vocabulary, convention)
    return on_other * vocabulary * uniform_nll + (on_target - on_other) * nll


def best_gap(epsilon: float, vocabulary: int, convention: str = "all") -> float:
    """The logit gap between the target and every other token at which the loss is least: log(q_y / q_other).

    Finite as soon as epsilon > 0, where plain cross-entropy wants it infinite. Müller et al. 2019.

    >>> round(best_gap(0.1, 4096), 2)  # log(0.9000244 / 0.00002441)
    10.52
    """
    on_target, on_other = target_shares(epsilon, vocabulary, convention)
    if vocabulary < 2:
        raise ValueError(f"V = {vocabulary} has no other token, so there is no gap to it; give at least 2")
    if on_target == 0:
        return -math.inf
    return math.log(on_target / on_other) if on_other else math.inf


def loss_at_gap(gaps: Tensor, vocabulary: int, epsilon: float, convention: str = "all") -> Tensor:
    """The smoothed loss when the target's logit is `gap` above all others, which are equal: [N] -> [N] nats.

    log-sum-exp of such a row is log(e^gap + V - 1), so a vocabulary of any size costs nothing.

    >>> loss_at_gap(torch.zeros(1), 4, 0.0)  # log 4
    tensor([1.3863])
    """
    on_target, on_other = target_shares(epsilon, vocabulary, convention)
    total = _log_sum_exp_at(gaps, vocabulary)
    return on_target * (total - gaps) + on_other * (vocabulary - 1) * total


def slope_at_gap(gaps: Tensor, vocabulary: int, epsilon: float, convention: str = "all") -> Tensor:
    """The gradient on the target's logit there, p_y - q_y: [N] -> [N]. It changes sign at `best_gap`.

    >>> slope_at_gap(torch.zeros(1), 4, 0.0)  # 1/4 - 1
    tensor([-0.7500])
    """
    on_target, _ = target_shares(epsilon, vocabulary, convention)
    return (gaps - _log_sum_exp_at(gaps, vocabulary)).exp() - on_target


def _log_sum_exp_at(gaps: Tensor, vocabulary: int) -> Tensor:
    others = math.log(vocabulary - 1) if vocabulary > 1 else -math.inf
    return torch.logaddexp(gaps, torch.full_like(gaps, others))
