"""Many costs -> one number: per supervised token, per token of the row, or per sequence first."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import (
    IGNORE,
    at_least_float32,
    check_label_type,
    check_not_negative,
    first_place,
)


@dataclass(frozen=True)
class Normalization:
    """A row of NORMALIZATIONS: what one token's cost weighs in the loss, and what that makes of long and short answers.

    weigh(counted [B, T-1] bool, lengths [B]) -> weights [B, T-1] float64. The loss is the weighted sum of the costs.
    """

    name: str
    title: str
    formula: str  # KaTeX; S: supervised targets of a sequence, T: its tokens, B: sequences
    meaning: str
    source: str
    weigh: Callable[[Tensor, Tensor], Tensor]


def reduce_nll(nll: Tensor, labels: Tensor, normalization: str = "token", is_padding: Tensor | None = None) -> Tensor:
    """One loss in nats from the costs of a batch.

    nll [B, T-1] as `token_nll` gives it, labels [B, T] unshifted, is_padding [B, T] bool -> scalar.
    Where nothing is supervised the loss is 0, its gradient zero, and a warning says so: the mean would be 0/0, NaN.
    A label in column 0 is no target: no position predicts it. It is added up in float64, given in float32 at least.

    >>> nll = torch.tensor([[0.0, 1.0, 3.0]])
    >>> labels = torch.tensor([[-100, -100, 7, 8]])
    >>> [round(float(reduce_nll(nll, labels, n)), 4) for n in ("token", "sample", "sequence")]
    [2.0, 1.0, 2.0]
    """
    weights = token_weights(labels, normalization, is_padding)
    _check_costs(nll, labels)
    if not weights.any():
        warnings.warn(
            f"0 of {weights.numel()} targets are supervised: a loss of 0 that teaches nothing; was the answer cut off?",
            stacklevel=2,
        )
    return _weighted_sum(nll, weights)


def token_weights(labels: Tensor, normalization: str = "token", is_padding: Tensor | None = None) -> Tensor:
    """What each target's cost weighs in the loss, d loss / d nll: labels [B, T] unshifted -> [B, T-1] float64.

    Zero where nothing counts. The gradient on a position's logits is its weight times p - y.

    >>> token_weights(torch.tensor([[-100, -100, 7, 8]]), "sample")  # two targets in a row of four tokens
    tensor([[0.0000, 0.2500, 0.2500]], dtype=torch.float64)
    """
    if normalization not in NORMALIZATIONS:
        raise ValueError(f"normalization {normalization!r} is unknown; use one of {', '.join(NORMALIZATIONS)}")
    _check_labels(labels, is_padding)
    is_token = torch.ones_like(labels, dtype=torch.bool) if is_padding is None else ~is_padding
    return NORMALIZATIONS[normalization].weigh(labels[:, 1:] != IGNORE, is_token.sum(dim=1))


@dataclass(frozen=True)
class Accumulation:
    """A row of ACCUMULATIONS: how the micro-batches of one optimizer step are put together.

    weigh(counted of every micro-batch) -> weights of every micro-batch, float64.
    """

    name: str
    title: str
    formula: str  # KaTeX; M: micro-batches, S_m: supervised targets of one
    meaning: str
    source: str
    weigh: Callable[[Sequence[Tensor]], list[Tensor]]


def accumulate_nll(nlls: Sequence[Tensor], labels: Sequence[Tensor], accumulation: str = "step") -> Tensor:
    """One loss in nats from the costs of several micro-batches: [B, T-1] and labels [B, T] each -> scalar.

    "step" divides by the targets of all of them, and equals the big batch; "micro_batch" is the known bug.

    >>> costs, labels = [torch.tensor([[4.0]]), torch.tensor([[1.0, 1.0, 1.0]])], [[-100, 5], [-100, 5, 6, 7]]
    >>> [float(accumulate_nll(costs, [torch.tensor([row]) for row in labels], a)) for a in ("step", "micro_batch")]
    [1.75, 2.5]
    """
    weights = accumulated_weights(labels, accumulation)
    for nll, row in zip(nlls, labels, strict=True):
        _check_costs(nll, row)
    return torch.stack([_weighted_sum(nll, weight) for nll, weight in zip(nlls, weights, strict=True)]).sum()


def accumulated_weights(labels: Sequence[Tensor], accumulation: str = "step") -> list[Tensor]:
    """What each target's cost weighs in the accumulated loss: labels [B, T] of every micro-batch -> [B, T-1] each."""
    if accumulation not in ACCUMULATIONS:
        raise ValueError(f"accumulation {accumulation!r} is unknown; use one of {', '.join(ACCUMULATIONS)}")
    if not labels:
        raise ValueError("there is no micro-batch to accumulate; give at least one")
    for row in labels:
        _check_labels(row, None)
    return ACCUMULATIONS[accumulation].weigh([row[:, 1:] != IGNORE for row in labels])


def _weighted_sum(nll: Tensor, weights: Tensor) -> Tensor:
    costs = at_least_float32(nll)
    # where, not the product alone: inf or NaN on an ignored row times 0 is NaN
    kept = torch.where(weights > 0, costs, 0.0)
    return (kept.double() * weights).sum().to(costs.dtype)


def _check_labels(labels: Tensor, is_padding: Tensor | None) -> None:
    if labels.dim() != 2:
        raise ValueError(f"labels {list(labels.shape)} are no batch: give [B, T], unshifted")
    check_label_type(labels)
    check_not_negative(labels)
    if is_padding is not None and (is_padding.shape != labels.shape or is_padding.dtype != torch.bool):
        raise ValueError(
            f"is_padding {list(is_padding.shape)} {is_padding.dtype} does not fit labels {list(labels.shape)}: give "
            "[B, T] bool, True on padding (an attention mask is the opposite: attention_mask == 0)"
        )


def _check_costs(nll: Tensor, labels: Tensor) -> None:
    if nll.shape != labels[:, 1:].shape:
        raise ValueError(f"nll {list(nll.shape)} does not fit labels {list(labels.shape)}: give [B, T-1] and [B, T]")
    undefined = torch.isnan(nll) & (labels[:, 1:] != IGNORE)
    if undefined.any():
        raise ValueError(f"nll at {first_place(undefined)} is NaN, so the loss would be NaN; look at its logits")


def _per_token(counted: Tensor, lengths: Tensor) -> Tensor:
    return counted.double() / counted.sum().clamp(min=1)


def _per_sample(counted: Tensor, lengths: Tensor) -> Tensor:
    return counted.double() / lengths.clamp(min=1).unsqueeze(1) / max(1, len(lengths))


def _per_sequence(counted: Tensor, lengths: Tensor) -> Tensor:
    supervised = counted.sum(dim=1, keepdim=True)
    return counted.double() / supervised.clamp(min=1) / (supervised > 0).sum().clamp(min=1)


def _over_the_step(counted: Sequence[Tensor]) -> list[Tensor]:
    total = max(1, sum(int(part.sum()) for part in counted))
    return [part.double() / total for part in counted]


def _over_each(counted: Sequence[Tensor]) -> list[Tensor]:
    return [part.double() / part.sum().clamp(min=1) / len(counted) for part in counted]


NORMALIZATIONS = {
    row.name: row
    for row in (
        Normalization(
            "token",
            "per supervised token",
            r"\frac{\sum_b \sum_{t \in S_b} \ell_{b,t}}{\sum_b |S_b|}",
            "every supervised token weighs the same, so long answers weigh more",
            "F.cross_entropy(reduction='mean', ignore_index=-100); transformers, TRL",
            _per_token,
        ),
        Normalization(
            "sample",
            "per token of the row",
            r"\frac{1}{B} \sum_b \frac{1}{T_b} \sum_{t \in S_b} \ell_{b,t}",
            "the denominator counts prompt tokens too, so an answer after a long prompt weighs less",
            "some RL trainers",
            _per_sample,
        ),
        Normalization(
            "sequence",
            "per sequence, then over sequences",
            r"\frac{1}{|\{b : |S_b| > 0\}|} \sum_{b : |S_b| > 0} \frac{1}{|S_b|} \sum_{t \in S_b} \ell_{b,t}",
            "every answer weighs the same, so a token of a short one weighs more; a row without any is left out",
            "GRPO (Shao et al. 2024); TRL GRPOConfig(loss_type='grpo')",
            _per_sequence,
        ),
    )
}

ACCUMULATIONS = {
    row.name: row
    for row in (
        Accumulation(
            "step",
            "over all micro-batches of the step",
            r"\frac{\sum_m \sum_{t \in S_m} \ell_{m,t}}{\sum_m |S_m|}",
            "every supervised token weighs the same, however the batch was cut: equal to the big batch",
            "transformers: num_items_in_batch",
            _over_the_step,
        ),
        Accumulation(
            "micro_batch",
            "the mean of each micro-batch's mean (the bug)",
            r"\frac{1}{M} \sum_m \frac{1}{|S_m|} \sum_{t \in S_m} \ell_{m,t}",
            "a token of a micro-batch with few targets weighs more: the loss depends on how the batch was cut",
            "most trainers before October 2024; unsloth.ai/blog/gradient",
            _over_each,
        ),
    )
}
