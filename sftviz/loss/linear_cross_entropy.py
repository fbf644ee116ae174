"""Hidden states and the output matrix -> loss and gradient; the logits [N, V] never stand in memory.

Rows without a target are dropped first. The others go through in chunks, and a softmax in place is the only pass over a
logit: p is multiplied with the matrix and with the states while it is there, so the gradient is made in the forward
pass. Beneath: `logit_chunks` (rows, memory, products) and `linear_gradients` (cost and gradient of a chunk).
"""

import math
import warnings
from typing import Literal, TypedDict, Unpack, overload

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import (
    IGNORE,
    at_least_float32,
    check_labels,
    check_tensors,
    first_place,
)
from sftviz.loss.linear_gradients import Priced, cost_with_gradient_later, loss_with_gradient_now
from sftviz.loss.logit_chunks import free_workspace
from sftviz.loss.smoothing import target_shares

__all__ = ["free_workspace", "linear_cross_entropy"]

Reduction = Literal["mean", "sum", "none"]


class Options(TypedDict, total=False):
    num_items: float | Tensor | None
    label_smoothing: float
    z_loss: float
    weights: Tensor | None
    ignore_index: int
    reduction: Reduction
    chunk_bytes: int | None


@overload
def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, targets: Tensor, *, return_nll: Literal[False] = False, **options: Unpack[Options]
) -> Tensor: ...
@overload
def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, targets: Tensor, *, return_nll: Literal[True], **options: Unpack[Options]
) -> tuple[Tensor, Tensor]: ...
def linear_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    targets: Tensor,
    *,
    num_items: float | Tensor | None = None,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    weights: Tensor | None = None,
    ignore_index: int = IGNORE,
    reduction: Reduction = "mean",
    chunk_bytes: int | None = None,
    return_nll: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """`F.cross_entropy(hidden @ weight.T, targets)` in nats, with its gradient, without the logits.

    hidden [N, D] or [B, T, D], weight [V, D], targets [N] or [B, T] -> a scalar; [N] or [B, T] for reduction "none", 0
    where ignored; float32 at least. Targets are lined up with hidden already. Unshifted labels are not: give what
    `next_token_pairs(hidden, labels)` makes of the two.

    A row costs w ((1-ε) nll + ε uniform_nll + λ lse²): w its entry of weights [N] or [B, T] (any sign; they leave the
    denominator, as in `token_weights`), ε label_smoothing, λ z_loss, lse the log-sum-exp of its logits. "mean" divides
    by the targets that count, or by num_items: those of all micro-batches of a step, transformers' num_items_in_batch.
    return_nll: the loss, and -log p of every target in the targets' shape, without a gradient. Float32 knows p to 6e-8,
    so the cost of a sure token has no digits; `predictions` keeps them.

    chunk_bytes: logits held at a time; None: 64 MB, or 512 rows where that is more. On the CPU this memory stays for
    the thread's next call; `free_workspace` gives it back. Half precision: products in its own dtype, softmax, costs
    and the sum over chunks in float32, each gradient rounded once after that; all rows at once where that sum would
    take more memory than they do.

    With "mean" and "sum" the gradient is made in the forward pass and handed out once; a second backward, and a
    derivative of the gradient, are a RuntimeError. "none" makes the chunks anew in the backward pass. A head that bends
    its logits (bias, soft-capping, temperature) has another gradient and needs the full logits.

    Raises ValueError for shapes, dtypes and labels that do not fit, and where a cost is not finite.

    >>> hidden, weight = torch.eye(2, requires_grad=True), torch.tensor([[0.0, 0.0], [math.log(3.0), 0.0]])
    >>> loss = linear_cross_entropy(hidden, weight, torch.tensor([1, -100]))  # -log 0.75
    >>> loss.backward()
    >>> loss.detach(), hidden.grad  # -(1 - 0.75) log 3
    (tensor(0.2877), tensor([[-0.2747,  0.0000],
            [ 0.0000,  0.0000]]))
    """
    _check(hidden, weight, targets, weights, ignore_index, reduction, num_items)
    _check_terms(label_smoothing, z_loss, chunk_bytes, len(weight))
    states, weight = _as_autocast_has_it(hidden.reshape(-1, hidden.shape[-1]), weight)
    rows = (targets.reshape(-1) != ignore_index).nonzero().squeeze(-1)
    own = None if weights is None else weights.reshape(-1)[rows].to(at_least_float32(weight[:0]).dtype)
    places = None if len(rows) == len(states) else rows
    priced = Priced(targets.reshape(-1)[rows].long(), places, own, label_smoothing, z_loss, chunk_bytes)
    if reduction == "none":
        cost, nll = cost_with_gradient_later(states, weight, priced)
        loss = _spread(cost, rows, targets)
    else:
        scale = 1 / _denominator(len(rows), targets.numel(), num_items) if reduction == "mean" else 1.0
        loss, nll = loss_with_gradient_now(states, weight, priced, scale)
    _check_finite(nll, rows, targets)
    return (loss, _spread(nll, rows, targets)) if return_nll else loss


def _spread(values: Tensor, rows: Tensor, targets: Tensor) -> Tensor:
    """[n] -> the targets' shape, 0 where ignored."""
    return values.new_zeros(targets.numel()).index_copy(0, rows, values).view(targets.shape)


def _as_autocast_has_it(hidden: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    device = hidden.device.type
    if not torch.is_autocast_enabled(device):
        return hidden, weight
    kind = torch.get_autocast_dtype(device)
    return hidden.to(kind), weight.to(kind)


def _denominator(kept: int, total: int, num_items: float | Tensor | None) -> float:
    if num_items is not None:
        return float(num_items)
    if not kept:
        warnings.warn(
            f"0 of {total} targets are supervised: a loss of 0 that teaches nothing; was the answer cut off?",
            stacklevel=3,
        )
    return max(1, kept)


def _check(
    hidden: Tensor,
    weight: Tensor,
    targets: Tensor,
    weights: Tensor | None,
    ignore_index: int,
    reduction: str,
    num_items: float | Tensor | None,
) -> None:
    check_tensors(hidden=hidden, weight=weight, targets=targets, **({} if weights is None else {"weights": weights}))
    fits = hidden.dim() in (2, 3) and weight.dim() == 2 and hidden.shape[-1] == weight.shape[-1]
    if not fits or hidden.shape[:-1] != targets.shape or not len(weight):
        raise ValueError(
            f"hidden {list(hidden.shape)}, weight {list(weight.shape)} and targets {list(targets.shape)} do not go "
            "together; give [N, D], [V, D] and [N], or [B, T, D], [V, D] and [B, T], already lined up"
        )
    if not hidden.is_floating_point() or not weight.is_floating_point():
        raise ValueError(f"hidden is {hidden.dtype} and weight {weight.dtype}; give floats")
    if hidden.dtype != weight.dtype and not torch.is_autocast_enabled(hidden.device.type):
        raise ValueError(f"hidden is {hidden.dtype} and weight {weight.dtype}; cast one, or use torch.autocast")
    check_labels(targets, len(weight), ignore_index)
    if weights is not None:
        _check_weights(weights, targets, ignore_index)
    _check_reduction(reduction, num_items)


def _check_weights(weights: Tensor, targets: Tensor, ignore_index: int) -> None:
    if weights.shape != targets.shape or not weights.is_floating_point() or weights.requires_grad:
        raise ValueError(
            f"weights {list(weights.shape)} {weights.dtype} do not fit targets {list(targets.shape)}: give one float "
            "a target; they get no gradient, so detach them"
        )
    wrong = ~torch.isfinite(weights) & (targets != ignore_index)
    if wrong.any():
        place = first_place(wrong)
        raise ValueError(f"weight {float(weights[tuple(place)])} at {place} is not finite, so the loss would not be")


def _check_reduction(reduction: str, num_items: float | Tensor | None) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction {reduction!r} is unknown; use one of mean, sum, none")
    if num_items is None:
        return
    if reduction != "mean":
        raise ValueError(f'num_items divides a mean, and reduction is {reduction!r}; use "mean", or divide yourself')
    if not 0 < float(num_items) < math.inf:
        raise ValueError(f"num_items {float(num_items)} cannot divide a loss; give the number of targets that count")


def _check_terms(label_smoothing: float, z_loss: float, chunk_bytes: int | None, vocabulary: int) -> None:
    target_shares(label_smoothing, vocabulary)  # its ValueError
    if not 0 <= z_loss < math.inf:
        raise ValueError(f"z_loss {z_loss} is no factor of lse squared; give 0 or more, usually 1e-4")
    if chunk_bytes is not None and chunk_bytes < 1:
        raise ValueError(f"chunk_bytes {chunk_bytes} hold no logits; leave it out for 64 MB")


def _check_finite(nll: Tensor, rows: Tensor, targets: Tensor) -> None:
    wrong = ~torch.isfinite(nll)
    if wrong.any():
        first = int(wrong.nonzero()[0])
        place = [int(index) for index in torch.unravel_index(rows[first], targets.shape)]
        raise ValueError(
            f"the cost at {place} is {float(nll[first])}: hidden or weight holds NaN or inf, or float16 ends at 65504 "
            "for a logit; look for NaN in the weights, or compute in bfloat16 or float32"
        )
