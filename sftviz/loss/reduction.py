"""Many costs -> one number: per supervised token, per token of the row, or per sequence first."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import IGNORE, at_least_float32, check_label_type, first_place


@dataclass(frozen=True)
class Normalization:
    """A row of NORMALIZATIONS: a denominator, and what it makes of long and short answers."""

    name: str
    title: str
    formula: str  # KaTeX; S: supervised targets of a sequence, T: its tokens, B: sequences
    meaning: str
    source: str
    reduce: Callable[[Tensor, Tensor, Tensor], Tensor]  # nll [B, T-1], counted [B, T-1], lengths [B] -> scalar


def reduce_nll(nll: Tensor, labels: Tensor, normalization: str = "token", is_padding: Tensor | None = None) -> Tensor:
    """One loss in nats from the costs of a batch.

    nll [B, T-1] as `token_nll` gives it, labels [B, T] unshifted, is_padding [B, T] bool -> scalar.
    Where nothing is supervised the loss is 0 and its gradient zero: the mean would be 0/0, and NaN is no answer.
    A label in column 0 is no target: no position predicts it. Half precision is added up in float32.

    >>> nll = torch.tensor([[0.0, 1.0, 3.0]])
    >>> labels = torch.tensor([[-100, -100, 7, 8]])
    >>> [round(float(reduce_nll(nll, labels, n)), 4) for n in ("token", "sample", "sequence")]
    [2.0, 1.0, 2.0]
    """
    if normalization not in NORMALIZATIONS:
        raise ValueError(f"normalization {normalization!r} is unknown; use one of {', '.join(NORMALIZATIONS)}")
    _check(nll, labels, is_padding)
    counted = labels[:, 1:] != IGNORE
    # where, not a product: inf or NaN on an ignored row times 0 is NaN
    kept = torch.where(counted, at_least_float32(nll), 0.0)
    is_token = torch.ones_like(labels, dtype=torch.bool) if is_padding is None else ~is_padding
    return NORMALIZATIONS[normalization].reduce(kept, counted, is_token.sum(dim=1))


def _check(nll: Tensor, labels: Tensor, is_padding: Tensor | None) -> None:
    if labels.dim() != 2 or nll.shape != labels[:, 1:].shape:
        raise ValueError(f"nll {list(nll.shape)} does not fit labels {list(labels.shape)}: give [B, T-1] and [B, T]")
    check_label_type(labels)
    if is_padding is not None and (is_padding.shape != labels.shape or is_padding.dtype != torch.bool):
        raise ValueError(
            f"is_padding {list(is_padding.shape)} {is_padding.dtype} does not fit labels {list(labels.shape)}: give "
            "[B, T] bool, True on padding (an attention mask is the opposite: attention_mask == 0)"
        )
    undefined = torch.isnan(nll) & (labels[:, 1:] != IGNORE)
    if undefined.any():
        raise ValueError(f"nll at {first_place(undefined)} is NaN, so the loss would be NaN; look at its logits")


def _per_token(nll: Tensor, counted: Tensor, lengths: Tensor) -> Tensor:
    return nll.sum() / counted.sum().clamp(min=1)


def _per_sample(nll: Tensor, counted: Tensor, lengths: Tensor) -> Tensor:
    return (nll.sum(dim=1) / lengths.clamp(min=1)).sum() / max(1, len(lengths))  # mean() of no rows is NaN


def _per_sequence(nll: Tensor, counted: Tensor, lengths: Tensor) -> Tensor:
    supervised = counted.sum(dim=1)
    means = nll.sum(dim=1) / supervised.clamp(min=1)
    return means.sum() / (supervised > 0).sum().clamp(min=1)


def _rows(*rows: Normalization) -> dict[str, Normalization]:
    return {row.name: row for row in rows}


NORMALIZATIONS = _rows(
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
