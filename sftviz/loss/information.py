"""Surprise, averaged: entropy, cross-entropy between two distributions, and what lies between them, KL."""

import math
from typing import TypeVar

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import check_tensors, first_place

TOLERANCE = 1e-4  # how far from 1 a distribution may add up: float32 over a large vocabulary


Amount = TypeVar("Amount", float, Tensor)


def bits(nats: Amount) -> Amount:
    """Nats in bits: one bit is log 2 nats.

    >>> bits(math.log(2))
    1.0
    """
    return nats / math.log(2)


def entropy(p: Tensor) -> Tensor:
    """-sum p log p, the mean surprise of a source that knows itself: [..., V] -> [...] nats; 0 log 0 is 0.

    Shannon 1948. A fair coin holds one bit, a coin of 0.9 only 0.469.

    >>> bits(entropy(torch.tensor([[0.5, 0.5], [0.9, 0.1]])))
    tensor([1.0000, 0.4690])
    """
    check_distribution(p, "p")
    return -torch.xlogy(p, p).sum(-1)


def cross_entropy_between(p: Tensor, q: Tensor) -> Tensor:
    """-sum p log q, the mean surprise when p happens and q was believed: [..., V] -> [...] nats.

    Infinite where q rules out what p lets happen. A one-hot p leaves -log q_y: the loss of a language model.

    >>> cross_entropy_between(torch.tensor([0.0, 1.0]), torch.tensor([0.75, 0.25]))  # -log 0.25
    tensor(1.3863)
    """
    _check_two(p, q)
    return -torch.xlogy(p, q).sum(-1)


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """KL(p || q) = sum p log(p / q), what believing q costs over knowing p: [..., V] -> [...] nats, never negative.

    Not symmetric: KL(p || q) punishes a q that rules out what happens, KL(q || p) a q that spreads where nothing does.
    Kullback and Leibler 1951.

    >>> kl_divergence(torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1]))
    tensor(0.5108)
    """
    # log p - log q, and not log(p / q): the quotient of two small numbers overflows before its logarithm does
    _check_two(p, q)
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(-1)


def with_share(p: Tensor, index: int, share: float) -> Tensor:
    """The distribution with one probability set and the others scaled to what is left: [V] -> [V].

    Where the others hold nothing they share the rest evenly.

    >>> with_share(torch.tensor([0.5, 0.25, 0.25]), 0, 0.8)
    tensor([0.8000, 0.1000, 0.1000])
    """
    check_distribution(p, "p")
    if p.dim() != 1 or not 0 <= index < len(p):
        raise ValueError(f"index {index} of p {list(p.shape)}: give one distribution [V] and 0 to V - 1")
    if not 0 <= share <= 1:
        raise ValueError(f"share {share} is no probability; it must be in [0, 1]")
    others = p.clone()
    others[index] = 0
    if others.sum() == 0:
        others = torch.ones_like(p)
        others[index] = 0
    scaled = others * ((1 - share) / others.sum().clamp(min=torch.finfo(p.dtype).tiny))
    scaled[index] = share if len(p) > 1 else 1.0
    return scaled


def _check_two(p: Tensor, q: Tensor) -> None:
    check_distribution(p, "p")
    check_distribution(q, "q")
    if p.shape != q.shape:
        raise ValueError(f"p {list(p.shape)} and q {list(q.shape)} are not over the same tokens; give one shape")


def check_distribution(p: Tensor, name: str) -> None:
    """Raise ValueError unless p holds probabilities that add up to 1 along its last dimension."""
    check_tensors(**{name: p})
    if not p.is_floating_point() or p.dim() == 0 or p.shape[-1] == 0:
        raise ValueError(f"{name} is {p.dtype} {list(p.shape)}; give probabilities as floats [..., V]")
    wrong = (p < 0) | torch.isnan(p)
    if wrong.any():
        place = first_place(wrong)
        raise ValueError(f"{name} has {float(p[tuple(place)])} at {place}: a probability lies between 0 and 1")
    away = (p.sum(-1) - 1).abs() > TOLERANCE
    if away.any():
        place = first_place(away)
        raise ValueError(
            f"{name} adds up to {float(p.sum(-1)[tuple(place)]):.6g} at {place}, not to 1; "
            "give probabilities (softmax of logits), not logits or counts"
        )
