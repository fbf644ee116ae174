"""A gradient too large for a step -> a shorter one: by norm it keeps its direction, by value it turns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sftviz.loss import gradient_norm
from sftviz.loss.cross_entropy import at_least_float32, first_place

EPSILON = 1e-6  # torch's: a gradient of norm 0 is not divided by 0


def total_norm(gradients: Sequence[Tensor]) -> Tensor:
    """The Euclidean norm of all gradients as one long vector: tensors of any shapes -> scalar, float32 at least.

    >>> total_norm([torch.tensor([3.0]), torch.tensor([[4.0]])])
    tensor(5.)
    """
    return gradient_norm(_flat(gradients))


def cosine(first: Sequence[Tensor], second: Sequence[Tensor]) -> float:
    """Cosine between two gradients as long vectors, 1 for the same direction; NaN where one is zero.

    >>> round(cosine([torch.tensor([1.0, 1.0])], [torch.tensor([1.0, 0.0])]), 4)  # 45 degrees
    0.7071
    """
    a, b = _flat(first).double(), _flat(second).double()
    return float(a @ b / (gradient_norm(a) * gradient_norm(b)))


def clip_by_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Every gradient times min(1, limit / (norm + 1e-6)): the direction stays, the length is at most `limit`.

    The norm is that of all gradients together: clip a model's at once, not tensor by tensor. The tensors given are
    left as they are. Raises ValueError for a limit that is not positive, and for NaN or inf: one of them would make
    every gradient NaN or zero. Pascanu et al. 2013; torch.nn.utils.clip_grad_norm_.

    >>> clip_by_norm([torch.tensor([3.0]), torch.tensor([4.0])], 1.0)
    [tensor([0.6000]), tensor([0.8000])]
    """
    _check(gradients, limit)
    factor = (limit / (total_norm(gradients) + EPSILON)).clamp(max=1.0)
    return [gradient * factor.to(gradient) for gradient in gradients]


def clip_by_value(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Every number cut to [-limit, limit]: the large ones shrink, the small ones stay, so the direction changes.

    Raises ValueError as `clip_by_norm`. torch.nn.utils.clip_grad_value_.

    >>> clip_by_value([torch.tensor([3.0, -0.5])], 1.0)
    [tensor([ 1.0000, -0.5000])]
    """
    _check(gradients, limit)
    return [gradient.clamp(-limit, limit) for gradient in gradients]


def unclipped(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """The gradients as they are."""
    return list(gradients)


@dataclass(frozen=True)
class Clipping:
    """A row of CLIPPINGS: clip(gradients, limit) -> new gradients."""

    name: str
    title: str
    formula: str  # KaTeX; g: all gradients as one vector, c: the limit
    meaning: str
    source: str
    clip: Callable[[Sequence[Tensor], float], list[Tensor]]


CLIPPINGS = {
    row.name: row
    for row in (
        Clipping(
            "none",
            "not at all",
            r"g",
            "one bad batch may throw the model far away",
            "",
            unclipped,
        ),
        Clipping(
            "norm",
            "by norm",
            r"g \cdot \min\left(1, \frac{c}{\lVert g \rVert}\right)",
            "the step is shorter and goes where it would have gone",
            "Pascanu et al. 2013; torch.nn.utils.clip_grad_norm_; max_grad_norm=1.0 in transformers",
            clip_by_norm,
        ),
        Clipping(
            "value",
            "by value",
            r"\min(\max(g_i, -c), c)",
            "large numbers are cut and small ones kept, so the step goes somewhere else",
            "torch.nn.utils.clip_grad_value_",
            clip_by_value,
        ),
    )
}


@dataclass(frozen=True)
class Clipped:
    """What a clipping did to a gradient."""

    norm_before: float
    norm_after: float
    direction: float  # cosine between before and after; NaN for a gradient of zeros
    changed: float  # share of the numbers that are not what they were


def clipped(gradients: Sequence[Tensor], clipping: str, limit: float) -> Clipped:
    """What a row of CLIPPINGS does to length and direction.

    >>> clipped([torch.tensor([3.0, 0.5])], "value", 1.0).changed
    0.5
    """
    if clipping not in CLIPPINGS:
        raise ValueError(f"clipping {clipping!r} is unknown; use one of {', '.join(CLIPPINGS)}")
    after = CLIPPINGS[clipping].clip(gradients, limit)
    before, now = _flat(gradients), _flat(after)
    return Clipped(
        float(gradient_norm(before)),
        float(gradient_norm(now)),
        cosine(gradients, after),
        float((before != now).double().mean()),
    )


def _flat(gradients: Sequence[Tensor]) -> Tensor:
    if not gradients:
        raise ValueError("there is no gradient to measure; did backward() run, and is anything trainable?")
    return torch.cat([at_least_float32(gradient).flatten() for gradient in gradients])


def _check(gradients: Sequence[Tensor], limit: float) -> None:
    if not 0 < limit < float("inf"):
        raise ValueError(f"clipping limit {limit} is not a positive number; 1.0 is usual, 'none' switches it off")
    for i, gradient in enumerate(gradients):
        wrong = ~torch.isfinite(gradient)
        if wrong.any():
            place = first_place(wrong)
            raise ValueError(
                f"gradient {i} is {float(gradient[tuple(place)])} at {place}: no clipping mends it; skip this step and "
                "look at its batch, or at the loss scale in float16"
            )
