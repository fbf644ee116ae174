"""The gradient of cross-entropy in closed form: p - y."""

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import IGNORE


def logit_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    """d(-log p_y)/dz = p - y for every row; zero where the target is IGNORE.

    logits [..., V], targets [...] already lined up with them -> [..., V].
    The gradient pushes the target's logit up by 1 - p_y and every other one down by its own p.

    >>> logit_gradient(torch.zeros(1, 4), torch.tensor([2]))
    tensor([[ 0.2500,  0.2500, -0.7500,  0.2500]])
    """
    gradient = torch.softmax(logits, dim=-1)
    chosen = targets.clamp(min=0).unsqueeze(-1)
    gradient = gradient.scatter_add(-1, chosen, torch.full_like(gradient[..., :1], -1.0))
    return gradient * (targets != IGNORE).unsqueeze(-1)


def gradient_norm(gradient: Tensor) -> Tensor:
    """Euclidean norm of each row: [..., V] -> [...]."""
    return gradient.square().sum(-1).sqrt()
