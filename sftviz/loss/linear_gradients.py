"""Cost and gradient of every row, a chunk of logits at a time: what autograd sees of `linear_cross_entropy`.

With g = 1 + 2 λ lse, the gradient of a row's cost on its logits is g p - (1-ε) y - ε/V, times the row's weight. The
chunk holds p; g is a factor of the row, and the rest has rank one: it is added to the products. In half precision the
chunk holds p - (1-ε) y, a difference that is taken before it is rounded: p = 0.999 would be 1.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import at_least_float32, best_precision
from sftviz.loss.logit_chunks import HALF, SLICE_ROWS, WeightGradient, row_chunks, softmax_in_place, workspace

SMALLEST = 1e-30  # a probability below it has no digits left in float32: 69 nats


@dataclass(frozen=True)
class Priced:
    """Which rows are priced, and how: weight * ((1-ε) nll + ε uniform_nll + λ lse²) for n of the N rows of hidden.

    uniform_nll is the mean of -log p over the vocabulary, lse the log-sum-exp of the logits.
    """

    targets: Tensor  # [n] int64, of the rows that have one
    rows: Tensor | None  # [n] their places in hidden; None: all of them
    weights: Tensor | None  # [n] float32 at least; None: 1 each
    smoothing: float  # ε
    z_loss: float  # λ
    chunk_bytes: int | None


@dataclass(frozen=True)
class Made:
    """Of the n rows: cost [n], its weight not yet in it, and nll [n], in nats; gradients [N, D], [V, D] if asked."""

    cost: Tensor
    nll: Tensor
    on_hidden: Tensor | None
    on_weight: Tensor | None


Wanted = tuple[bool, bool]


def run(hidden: Tensor, weight: Tensor, priced: Priced, scale: float = 1.0, wanted: Wanted = (False, False)) -> Made:
    """Price n rows, and make the gradient of scale * sum(weights * cost) where it is wanted.

    hidden [N, D], weight [V, D] -> Made. One product a chunk, one more for each gradient.
    """
    with torch.no_grad():
        one = _Run(hidden, weight, priced, scale, wanted)
        for chunk in one.chunks:
            one.price(chunk)
        return one.made()


class _Run:
    """What `run` holds between two chunks."""

    def __init__(self, hidden: Tensor, weight: Tensor, priced: Priced, scale: float, wanted: Wanted) -> None:
        n, vocabulary, wide = len(priced.targets), len(weight), at_least_float32(weight[:0]).dtype
        self.hidden, self.weight, self.priced, self.scale = hidden, weight, priced, scale
        self.cost, self.nll = (torch.empty(n, dtype=wide, device=hidden.device) for _ in range(2))
        # h . W̄ is the mean logit of a row
        self.mean_row = _mean_row(weight) if priced.smoothing else torch.zeros((), dtype=wide, device=weight.device)
        # p W - W_y loses no digits where p is small, a sum that holds (p - 1) W_y does; bfloat16 has none to lose
        self.taken = 1 - priced.smoothing if weight.dtype in HALF else 0.0
        self.pulls_targets = not self.taken or bool(priced.z_loss)
        further = self.pulls_targets + bool(priced.smoothing)  # summands of the weight's gradient beside the chunks
        self.chunks = self._chunks(n, sums=wanted[1] and not further)
        self.space = workspace(max((c.stop - c.start for c in self.chunks), default=0), vocabulary, weight)
        self.on_weight = WeightGradient(weight, scale, len(self.chunks) + further) if wanted[1] else None
        make = torch.empty_like if priced.rows is None else torch.zeros_like
        self.on_hidden = make(hidden) if wanted[0] else None

    def _chunks(self, n: int, sums: bool) -> list[slice]:
        """sums: only the chunks are summands. All rows at once where a sum in float32 takes more memory."""
        row_bytes = len(self.weight) * self.weight.element_size()
        chunks = row_chunks(n, row_bytes, self.priced.chunk_bytes)
        if len(chunks) < 2 or not sums or self.weight.dtype not in HALF or self.priced.chunk_bytes is not None:
            return chunks
        return [slice(0, n)] if (n - chunks[0].stop) * row_bytes <= 4 * self.weight.numel() else chunks

    def price(self, chunk: slice) -> None:
        y = self.priced.targets[chunk]
        h = self.hidden[chunk] if self.priced.rows is None else self.hidden.index_select(0, self.priced.rows[chunk])
        of_target = at_least_float32(self.weight[y])
        target_logit = _dot(h, of_target)
        z = torch.mm(h, self.weight.T, out=self.space[: len(h)])
        nll = self._nll(z, h, y, target_logit)
        lse = nll + target_logit
        self.nll[chunk] = nll
        self.cost[chunk] = self._cost(nll, lse, h)
        self._pull(z, h, chunk, of_target, lse)

    def _nll(self, z: Tensor, h: Tensor, y: Tensor, target_logit: Tensor) -> Tensor:
        """-log p of the targets, [R]; z becomes p, less `taken` at the target."""
        rounded = z.gather(-1, y.unsqueeze(-1)).squeeze(-1) if z.dtype in HALF else None
        p_y = softmax_in_place(z, y, self.taken)
        nll = -p_y.log()
        if rounded is not None:  # the exact target logit for the one that was rounded: p_y / (1 - p_y) changes by e^off
            off = target_logit - rounded.float()
            nll = nll + torch.log1p((1 - p_y) * torch.expm1(-off))
        lost = p_y < SMALLEST
        if lost.any():  # lse from the likeliest token, which has digits: log p = z - lse holds for every token
            likeliest = z.max(dim=-1)
            lse = _dot(h, self.weight[likeliest.indices]) - at_least_float32(likeliest.values).log()
            nll = torch.where(lost, lse - target_logit, nll)
        return nll

    def _cost(self, nll: Tensor, lse: Tensor, h: Tensor) -> Tensor:
        epsilon = self.priced.smoothing
        uniform_nll = lse - _dot(h, self.mean_row) if epsilon else 0.0
        return (1 - epsilon) * nll + epsilon * uniform_nll + self.priced.z_loss * lse.square()

    def _pull(self, z: Tensor, h: Tensor, chunk: slice, of_target: Tensor, lse: Tensor) -> None:
        """Add what these rows pull at the hidden states and at the weight; z holds p - taken y."""
        epsilon, weights = self.priced.smoothing, self.priced.weights
        own = 1.0 if weights is None else weights[chunk].unsqueeze(-1)
        g = 1 + 2 * self.priced.z_loss * lse.unsqueeze(-1)
        factor, on_target, on_all = own * g, own * (g * self.taken - (1 - epsilon)), -own * epsilon
        if self.on_hidden is not None:
            pulled = at_least_float32(torch.empty_like(h).addmm_(z, self.weight, beta=0.0, alpha=self.scale))
            pulled.mul_(factor).addcmul_(on_target, of_target, value=self.scale)
            self._put(chunk, pulled.add_(on_all * self.mean_row, alpha=self.scale))
        if self.on_weight is not None:
            self.on_weight.add(z, (h * factor).to(h.dtype))
            if self.pulls_targets:
                self.on_weight.add_at(self.priced.targets[chunk], h * on_target)
            if epsilon:
                self.on_weight.add_everywhere((h * on_all).sum(0, dtype=lse.dtype) / len(self.weight))

    def _put(self, chunk: slice, pulled: Tensor) -> None:
        assert self.on_hidden is not None
        if self.priced.rows is None:
            self.on_hidden[chunk] = pulled
        else:
            self.on_hidden.index_copy_(0, self.priced.rows[chunk], pulled.to(self.on_hidden.dtype))

    def made(self) -> Made:
        on_weight = None if self.on_weight is None else self.on_weight.rounded()
        return Made(self.cost, self.nll, self.on_hidden, on_weight)


def loss_with_gradient_now(hidden: Tensor, weight: Tensor, priced: Priced, scale: float) -> tuple[Tensor, Tensor]:
    """scale * sum of weights * cost, and nll [n]: hidden [N, D], weight [V, D]."""
    enabled = torch.is_grad_enabled()
    wanted = (enabled and hidden.requires_grad, enabled and weight.requires_grad)
    return cast(Any, _GradientNow).apply(hidden, weight, priced, scale, wanted)


def cost_with_gradient_later(hidden: Tensor, weight: Tensor, priced: Priced) -> tuple[Tensor, Tensor]:
    """weights * cost and nll, [n] each: hidden [N, D], weight [V, D]."""
    return cast(Any, _GradientLater).apply(hidden, weight, priced)


class _GradientNow(torch.autograd.Function):
    """The gradient is made in the forward pass and handed out once."""

    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, hidden: Tensor, weight: Tensor, priced: Priced, scale: float, wanted: Wanted
    ) -> tuple[Tensor, Tensor]:
        # float16 ends at 6e-8 below: a loss scaler's factor must come before 1/n does
        early = 1.0 if weight.dtype == torch.float16 else scale
        made = run(hidden, weight, priced, early, wanted)
        ctx.gradients, ctx.late = (made.on_hidden, made.on_weight), scale / early
        ctx.mark_non_differentiable(made.nll)
        ctx.set_materialize_grads(False)
        costs = best_precision(_weighed(made.cost, priced.weights))
        return (costs.sum() * scale).to(made.cost.dtype), made.nll

    @staticmethod
    def backward(ctx: Any, *pulls: Tensor | None) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        _refuse_second_derivative()
        if ctx.gradients is None:
            raise RuntimeError(
                "the gradient of this linear_cross_entropy was made in its forward pass and handed out already, and "
                "retain_graph does not keep it; call linear_cross_entropy again before another backward, or add up "
                "the losses and call backward once"
            )
        gradients, ctx.gradients = ctx.gradients, None
        factor = 0.0 if pulls[0] is None else float(pulls[0]) * ctx.late
        if factor != 1:
            gradients = [None if gradient is None else gradient.mul_(factor) for gradient in gradients]
        return (*gradients, None, None, None)


class _GradientLater(torch.autograd.Function):
    """The chunks are made anew in the backward pass, where the rows' own pulls are known."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, priced: Priced) -> tuple[Tensor, Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride]
        made = run(hidden, weight, priced)
        ctx.save_for_backward(hidden, weight)
        ctx.priced = priced
        ctx.mark_non_differentiable(made.nll)
        return _weighed(made.cost, priced.weights), made.nll

    @staticmethod
    def backward(ctx: Any, *pulls: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        _refuse_second_derivative()
        hidden, weight = ctx.saved_tensors
        pulled = replace(ctx.priced, weights=_weighed(pulls[0], ctx.priced.weights))
        made = run(hidden, weight, pulled, wanted=ctx.needs_input_grad[:2])
        return made.on_hidden, made.on_weight, None


def _weighed(costs: Tensor, weights: Tensor | None) -> Tensor:
    return costs if weights is None else costs * weights


def _refuse_second_derivative() -> None:
    if torch.is_grad_enabled():  # in a backward pass: create_graph
        raise RuntimeError(
            "linear_cross_entropy has no second derivative, so create_graph=True would leave it out; call "
            "F.cross_entropy(hidden @ weight.T, targets) where one is needed"
        )


def _mean_row(weight: Tensor) -> Tensor:
    """[V, D] -> [D], float32 at least, without a copy of the weight in float32."""
    parts = [weight[start : start + SLICE_ROWS] for start in range(0, len(weight), SLICE_ROWS)]
    return torch.stack([at_least_float32(part).sum(0) for part in parts]).sum(0) / len(weight)


def _dot(h: Tensor, rows: Tensor) -> Tensor:
    """Row by row, [R, D] and [R, D] or [D] -> [R], float32 at least."""
    return (at_least_float32(h) * at_least_float32(rows)).sum(-1)
