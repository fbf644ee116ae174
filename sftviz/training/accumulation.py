"""Micro-batches -> the gradient of one optimizer step: the big batch's own, or the known bug's."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from sftviz.loss import ACCUMULATIONS, accumulated_weights, token_nll
from sftviz.loss.cross_entropy import best_precision
from sftviz.supervision.packing import Batch
from sftviz.training.clipping import cosine, total_norm

Module = TypeVar("Module", bound=nn.Module)
Costs = Callable[[Any, Batch], Tensor]  # model, batch -> what every next token costs, [B, T-1] nats


def model_costs(model: Any, batch: Batch) -> Tensor:
    """What a Hugging Face causal model pays for every next token of a batch: [B, T-1] nats, 0 where ignored."""
    output = model(
        input_ids=batch.input_ids,
        attention_mask=batch.attention_mask,
        position_ids=batch.position_ids,
        use_cache=False,
    )
    return token_nll(output.logits, batch.labels)


def accumulate_gradients(
    model: nn.Module, micro_batches: Sequence[Batch], accumulation: str = "step", costs: Costs = model_costs
) -> float:
    """Add the gradient of one step's loss to every parameter's .grad; gives that loss in nats.

    accumulation: a row of `loss.ACCUMULATIONS`. "step" divides by the targets of all micro-batches (transformers'
    num_items_in_batch), so they must be counted before the first backward pass; "micro_batch" is the mean of each
    micro-batch's mean. One micro-batch's graph is held at a time, which is the point of accumulating.
    .grad is added to, as backward() does: call zero_grad() between steps. A step without a target leaves zeros.
    """
    own = [batch.weights for batch in micro_batches]
    weights = accumulated_weights([batch.labels for batch in micro_batches], accumulation, own)
    _check_trainable(model)
    loss = 0.0
    for batch, weight in zip(micro_batches, weights, strict=True):
        part = _weighted(costs(model, batch), weight)
        torch.autograd.backward(part)
        loss += float(part.detach())
    return loss


def split(batch: Batch, size: int) -> list[Batch]:
    """The batch in micro-batches of `size` rows; the last one holds what is left.

    >>> from sftviz.supervision.packing import Sample, pad
    >>> [len(part.labels) for part in split(pad([Sample((5,), (5,))] * 5, pad_id=0), 2)]
    [2, 2, 1]
    """
    if size < 1:
        raise ValueError(f"a micro-batch of {size} rows holds nothing; give at least 1")
    columns = (batch.input_ids, batch.labels, batch.is_padding, batch.position_ids)
    parts = [torch.split(column, size) for column in columns]
    weights = [None] * len(parts[0]) if batch.weights is None else torch.split(batch.weights, size)
    return [Batch(*rows, weights=own) for *rows, own in zip(*parts, weights, strict=True)]


def trainable_copy(model: Module) -> Module:
    """A copy of its own, every parameter with a gradient: what `load_model` gives is shared and frozen."""
    return copy.deepcopy(model).requires_grad_(True)


def gradients(model: nn.Module) -> list[Tensor]:
    """Every parameter's gradient, in the model's order; zeros where none has arrived."""
    return [torch.zeros_like(p) if p.grad is None else p.grad for p in model.parameters()]


@dataclass(frozen=True)
class Accumulated:
    """One way to accumulate, beside the big batch."""

    accumulation: str
    loss: float  # nats
    off_by: float  # |g - g_big| / |g_big|; 0 is the same gradient
    direction: float  # cosine between the two; 1 is the same direction


def compare_accumulations(
    model: nn.Module, batch: Batch, size: int, costs: Costs = model_costs
) -> tuple[float, list[Accumulated]]:
    """The big batch's loss in nats, and how far each accumulation over micro-batches of `size` rows is from it.

    The model is only read: gradients are those of a copy.
    """
    ours = trainable_copy(model)
    whole_loss, whole = _step(ours, [batch], "step", costs)
    rows: list[Accumulated] = []
    for name in ACCUMULATIONS:
        loss, found = _step(ours, split(batch, size), name, costs)
        away = total_norm([g - w for g, w in zip(found, whole, strict=True)])
        rows.append(Accumulated(name, loss, _share(away, total_norm(whole)), cosine(found, whole)))
    return whole_loss, rows


def _step(
    model: nn.Module, micro_batches: Sequence[Batch], accumulation: str, costs: Costs
) -> tuple[float, list[Tensor]]:
    model.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, accumulation, costs)
    return loss, [gradient.clone() for gradient in gradients(model)]


def _weighted(nll: Tensor, weights: Tensor) -> Tensor:
    # where first: a cost that is not counted may be infinite, and inf * 0 is NaN
    return (best_precision(torch.where(weights != 0, nll, 0.0)) * weights).sum()


def _share(part: Tensor, whole: Tensor) -> float:
    return float(part / whole) if whole else float(part)


def _check_trainable(model: nn.Module) -> None:
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError(
            "no parameter of the model takes a gradient: what load_model gives is shared and frozen; "
            "train a trainable_copy(model)"
        )
