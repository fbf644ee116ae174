"""Many costs -> one number: per supervised token, per token of the row, or per sequence first."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import (
    IGNORE,
    at_least_float32,
    best_precision,
    check_label_type,
    check_not_negative,
    check_tensors,
    first_place,
)

ROUNDING = 1e-4  # nats: how far below 0 a cost may fall by rounding


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


def reduce_nll(
    nll: Tensor,
    labels: Tensor,
    normalization: str = "token",
    is_padding: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """One loss in nats from the costs of a batch.

    nll [B, T-1] as `token_nll` gives it, labels [B, T] unshifted, is_padding [B, T] bool, weights [B, T] -> scalar.
    Where nothing is supervised the loss is 0, its gradient zero, and a warning says so: the mean would be 0/0, NaN.
    A label in column 0 is no target: no position predicts it. It is added up in float64, given in float32 at least.
    A sample's own weights multiply the costs and leave the denominator: see `token_weights`.

    >>> nll = torch.tensor([[0.0, 1.0, 3.0]])
    >>> labels = torch.tensor([[-100, -100, 7, 8]])
    >>> [round(float(reduce_nll(nll, labels, n)), 4) for n in ("token", "sample", "sequence")]
    [2.0, 1.0, 2.0]
    """
    shares = token_weights(labels, normalization, is_padding, weights)
    _check_costs(nll, labels)
    _warn_of_nothing([labels], [shares])
    return _weighted_sum(nll, shares)


def token_weights(
    labels: Tensor,
    normalization: str = "token",
    is_padding: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """What each target's cost weighs in the loss, d loss / d nll: labels [B, T] unshifted -> [B, T-1] float64.

    Zero where nothing counts. The gradient on a position's logits is its weight times p - y.

    weights [B, T] float speak of the token itself, as labels do: a sample's own marks (0 not trained, 0.5 half, -1
    unlearned). The denominator counts supervised targets and not their weights, so a weight of 0.5 halves a token's
    pull instead of sharing it out over the others: ms-swift's loss_scale, and transformers' num_items_in_batch. (The
    other choice, dividing by the sum of the weights, is `terms.class_weighted_mean`; with negative weights it is
    undefined.) What stands on an ignored label is not looked at.

    >>> token_weights(torch.tensor([[-100, -100, 7, 8]]), "sample")  # two targets in a row of four tokens
    tensor([[0.0000, 0.2500, 0.2500]], dtype=torch.float64)
    """
    if normalization not in NORMALIZATIONS:
        raise ValueError(f"normalization {normalization!r} is unknown; use one of {', '.join(NORMALIZATIONS)}")
    _check_labels(labels, is_padding)
    is_token = torch.ones_like(labels, dtype=torch.bool) if is_padding is None else ~is_padding
    shares = NORMALIZATIONS[normalization].weigh(labels[:, 1:] != IGNORE, is_token.sum(dim=1))
    return _weighed(shares, labels, weights)


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


def accumulate_nll(
    nlls: Sequence[Tensor],
    labels: Sequence[Tensor],
    accumulation: str = "step",
    weights: Sequence[Tensor | None] | None = None,
) -> Tensor:
    """One loss in nats from the costs of several micro-batches: [B, T-1], labels and weights [B, T] each -> scalar.

    "step" divides by the targets of all of them, and equals the big batch; "micro_batch" is the known bug.

    >>> costs, labels = [torch.tensor([[4.0]]), torch.tensor([[1.0, 1.0, 1.0]])], [[-100, 5], [-100, 5, 6, 7]]
    >>> [float(accumulate_nll(costs, [torch.tensor([row]) for row in labels], a)) for a in ("step", "micro_batch")]
    [1.75, 2.5]
    """
    shares = accumulated_weights(labels, accumulation, weights)
    for nll, row in zip(nlls, labels, strict=True):
        _check_costs(nll, row)
    _warn_of_nothing(labels, shares)
    return torch.stack([_weighted_sum(nll, share) for nll, share in zip(nlls, shares, strict=True)]).sum()


def accumulated_weights(
    labels: Sequence[Tensor], accumulation: str = "step", weights: Sequence[Tensor | None] | None = None
) -> list[Tensor]:
    """What each target's cost weighs in the accumulated loss: labels [B, T] of every micro-batch -> [B, T-1] each.

    weights [B, T] of every micro-batch, or None for one without: as in `token_weights`.
    """
    if accumulation not in ACCUMULATIONS:
        raise ValueError(f"accumulation {accumulation!r} is unknown; use one of {', '.join(ACCUMULATIONS)}")
    if not labels:
        raise ValueError("there is no micro-batch to accumulate; give at least one")
    for row in labels:
        _check_labels(row, None)
    shares = ACCUMULATIONS[accumulation].weigh([row[:, 1:] != IGNORE for row in labels])
    own = weights or [None] * len(labels)
    return [_weighed(share, row, weight) for share, row, weight in zip(shares, labels, own, strict=True)]


def _weighted_sum(nll: Tensor, weights: Tensor) -> Tensor:
    costs = at_least_float32(nll) if nll.is_floating_point() else nll.to(torch.get_default_dtype())
    # where, not the product alone: inf or NaN on an ignored row times 0 is NaN
    kept = torch.where(weights != 0, costs, 0.0)
    return (best_precision(kept) * weights).sum().to(costs.dtype)


def _weighed(shares: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    """The shares [B, T-1] times the tokens' own weights [B, T]; 0 stays 0 whatever stands there."""
    if weights is None:
        return shares
    _check_weights(weights, labels)
    return torch.where(shares != 0, shares * best_precision(weights[:, 1:]), 0.0)


def _check_weights(weights: Tensor, labels: Tensor) -> None:
    check_tensors(weights=weights)
    if weights.shape != labels.shape or not weights.is_floating_point():
        raise ValueError(
            f"weights {list(weights.shape)} {weights.dtype} do not fit labels {list(labels.shape)}: give one float a "
            "token, [B, T], unshifted as the labels are"
        )
    wrong = ~torch.isfinite(weights) & (labels != IGNORE)
    if wrong.any():
        place = first_place(wrong)
        raise ValueError(f"weight {float(weights[tuple(place)])} at {place} is not finite, so the loss would not be")


def _warn_of_nothing(labels: Sequence[Tensor], shares: Sequence[Tensor]) -> None:
    """Warn where no cost reaches the loss: nothing is supervised, or all that is weighs 0."""
    if any(bool(share.any()) for share in shares):
        return
    total = sum(share.numel() for share in shares)
    supervised = sum(int((row[:, 1:] != IGNORE).sum()) for row in labels)
    what = f"all {supervised} supervised targets weigh 0" if supervised else f"0 of {total} targets are supervised"
    warnings.warn(f"{what}: a loss of 0 that teaches nothing; was the answer cut off?", stacklevel=3)


def _check_labels(labels: Tensor, is_padding: Tensor | None) -> None:
    check_tensors(labels=labels, **({} if is_padding is None else {"is_padding": is_padding}))
    if labels.dim() != 2:
        raise ValueError(f"labels {list(labels.shape)} are no batch: give [B, T], unshifted")
    check_label_type(labels)
    check_not_negative(labels)
    if is_padding is not None and (is_padding.shape != labels.shape or is_padding.dtype != torch.bool):
        raise ValueError(
            f"is_padding {list(is_padding.shape)} {is_padding.dtype} does not fit labels {list(labels.shape)}: give "
            "[B, T] bool, True on padding (an attention mask is the opposite: attention_mask == 0)"
        )
    if is_padding is not None:
        check_padding_unsupervised(is_padding, labels)


def check_padding_unsupervised(is_padding: Tensor, labels: Tensor) -> None:
    """Raise ValueError where is_padding is True on a supervised token: then it is an attention mask.

    A bool attention mask has the same shape and type as is_padding, and means the opposite.
    """
    wrong = int((is_padding & (labels != IGNORE)).sum())
    if wrong:
        raise ValueError(
            f"is_padding is True on {wrong} supervised tokens: is this an attention mask? give attention_mask == 0, "
            f"or {IGNORE} as the label of padding"
        )


def _check_costs(nll: Tensor, labels: Tensor) -> None:
    check_tensors(nll=nll)
    if nll.dtype == torch.bool or nll.is_complex():
        raise ValueError(f"nll is {nll.dtype}; give costs in nats as floats")
    if nll.shape != labels[:, 1:].shape:
        raise ValueError(f"nll {list(nll.shape)} does not fit labels {list(labels.shape)}: give [B, T-1] and [B, T]")
    undefined = torch.isnan(nll) & (labels[:, 1:] != IGNORE)
    if undefined.any():
        raise ValueError(f"nll at {first_place(undefined)} is NaN, so the loss would be NaN; look at its logits")
    wrong = (nll < -ROUNDING) & (labels[:, 1:] != IGNORE)
    if wrong.any():
        place = first_place(wrong)
        raise ValueError(f"nll {float(nll[tuple(place)]):.4g} at {place} is below 0; give -log p, not log p or logits")


def _per_token(counted: Tensor, lengths: Tensor) -> Tensor:
    return best_precision(counted) / counted.sum().clamp(min=1)


def _per_sample(counted: Tensor, lengths: Tensor) -> Tensor:
    return best_precision(counted) / lengths.clamp(min=1).unsqueeze(1) / max(1, len(lengths))


def _per_sequence(counted: Tensor, lengths: Tensor) -> Tensor:
    supervised = counted.sum(dim=1, keepdim=True)
    return best_precision(counted) / supervised.clamp(min=1) / (supervised > 0).sum().clamp(min=1)


def _over_the_step(counted: Sequence[Tensor]) -> list[Tensor]:
    total = max(1, sum(int(part.sum()) for part in counted))
    return [best_precision(part) / total for part in counted]


def _over_each(counted: Sequence[Tensor]) -> list[Tensor]:
    return [best_precision(part) / part.sum().clamp(min=1) / len(counted) for part in counted]


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
