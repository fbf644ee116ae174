"""The gradient of cross-entropy in closed form: p - y."""

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import IGNORE, at_least_float32, check_finite, check_labels


def logit_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    """d(-log p_y)/dz = p - y for every row; zero where the target is IGNORE.

    logits [..., V], targets [...] already lined up with them -> [..., V], float32 at least.
    The gradient pushes the target's logit up by 1 - p_y and every other one down by its own p.
    Raises ValueError as `token_nll` does: a NaN on an ignored row would not be the zero it should be.

    >>> logit_gradient(torch.zeros(1, 4), torch.tensor([2]))
    tensor([[ 0.2500,  0.2500, -0.7500,  0.2500]])
    """
    if logits.shape[:-1] != targets.shape or not logits.dim():
        raise ValueError(
            f"logits {list(logits.shape)} and targets {list(targets.shape)} do not go together; give [..., V] and "
            "[...], already lined up"
        )
    check_labels(targets, vocabulary=logits.shape[-1])
    check_finite(logits)
    gradient = torch.softmax(at_least_float32(logits), dim=-1)
    chosen = targets.long().clamp(min=0).unsqueeze(-1)
    gradient = gradient.scatter_add(-1, chosen, torch.full_like(gradient[..., :1], -1.0))
    return gradient * (targets != IGNORE).unsqueeze(-1)


def gradient_norm(gradient: Tensor) -> Tensor:
    """Euclidean norm of each row: [..., V] -> [...].

    >>> gradient_norm(torch.tensor([[3.0, -4.0]]))
    tensor([5.])
    """
    return gradient.square().sum(-1).sqrt()
