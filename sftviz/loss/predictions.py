"""Logits -> what every row predicts, what its target costs and how hard that pulls: one float32 softmax, closed forms.

With m the largest logit, a its token, and r the probabilities with the one of a set to 0: sum r is a sum of small
numbers, which keeps its digits where p_a rounds to 1. All that is asked for follows from sum r, |r| and sum r z.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import check_finite
from sftviz.loss.gradients import gradient_norm
from sftviz.loss.logit_chunks import row_chunks

BLOCK_BYTES = 2**21  # of a block's logits, gone over about eight times: they stay in the cache
GROUPS = 64  # for each of the k likeliest: from there on topk sorts no more than it must
FEW = 4  # groups of fewer logits are not worth making

norm: Callable[..., Tensor] = cast(Any, torch.linalg).vector_norm


class Predictions(NamedTuple):
    """For N rows, [N] or [N, k], in nats."""

    nll: Tensor  # -log p of the target
    entropy: Tensor
    uniform_nll: Tensor  # mean of -log p over the vocabulary
    rank: Tensor  # of the target; 1 is the likeliest, and so are those as likely as it
    on_logits: Tensor  # |p - y|, the norm of the cost's gradient on the logits
    on_hidden: Tensor  # |W^T (p - y)|, on the output layer's input; NaN without W
    top_ids: Tensor
    top_probabilities: Tensor


def predictions(z: Tensor, targets: Tensor, weight: Tensor | None, top_k: int, rows_before: int = 0) -> Predictions:
    """Logits [N, V] float32 at least, targets [N], W [V, D] -> Predictions. z is used up: it holds something else then.

    Raises ValueError for logits that are not finite, as `check_finite`; -inf is a token ruled out.

    >>> predictions(torch.zeros(1, 4), torch.tensor([2]), None, top_k=1).nll  # log 4
    tensor([1.3863])
    """
    chunks = row_chunks(len(z), z.shape[-1] * z.element_size(), BLOCK_BYTES)
    space = torch.empty_like(z[chunks[0]])
    blocks = [_block(z[rows], space, targets[rows], top_k, rows_before + rows.start) for rows in chunks]
    m, p, ids, rest, square, spread, mean, rank, of_target = (torch.cat(parts) for parts in zip(*blocks, strict=True))
    p_a, p_y, sure = p[:, 0], of_target[:, 1], ids[:, 0] == targets
    # log sum exp(z) - m = -log p_a
    normalizer = torch.where(p_a > 0.5, -torch.log1p(-rest.clamp(max=0.5)), -p_a.log())
    missed = torch.where(sure, rest, rest + (p_a - p_y))  # 1 - p_y
    others = torch.where(sure, square, (square.square() + (p_a - p_y) * (p_a + p_y)).clamp(min=0).sqrt())
    return Predictions(
        (normalizer + (m - of_target[:, 0])).clamp(min=0),
        (normalizer + spread).clamp(min=0),
        normalizer + (m - mean),
        rank,
        torch.hypot(others, missed),
        _on_hidden(z, torch.where(sure, -rest, p_a), sure, ids[:, 0], targets, weight),
        ids,
        p,
    )


def _block(z: Tensor, space: Tensor, targets: Tensor, top_k: int, rows_before: int) -> tuple[Tensor, ...]:
    """Of rows [R, V]: m, p and ids of the likeliest, sum r, |r|, sum r (m - z), mean logit, rank, and z and p of the
    target; z becomes r."""
    y, mean = targets.unsqueeze(-1), z.mean(-1)
    values, ids = likeliest(z, top_k)
    m, of_target = values[:, 0], z.gather(-1, y)
    if not torch.isfinite(m).all():
        check_finite(z, rows_before)
    rank = _rank(z, space[: len(z)], of_target, values)
    r = torch.softmax(z, dim=-1, out=space[: len(z)])
    p, p_y = r.gather(-1, ids), r.gather(-1, y)
    r.scatter_(-1, ids[:, :1], 0.0)
    rest = r.sum(-1)
    spread = m * rest - z.mul_(r).sum(-1)
    if spread.isnan().any():  # a token ruled out: -inf times 0
        spread = m * rest - z.nan_to_num_(0.0).sum(-1)
    z.copy_(r)
    return m, p, ids, rest, norm(r, dim=-1), spread, mean, rank, torch.cat([of_target, p_y], dim=-1)


def likeliest(z: Tensor, top_k: int) -> tuple[Tensor, Tensor]:
    """The largest logits of every row and their ids, largest first: [R, V] -> [R, k] each.

    The k largest stand in the k groups with the largest maxima: topk, slow over a vocabulary, sees only these.

    >>> likeliest(torch.tensor([[1.0, 3.0, 2.0]]), 2)[1]
    tensor([[1, 2]])
    """
    vocabulary, k = z.shape[-1], min(top_k, z.shape[-1])
    group = vocabulary // (GROUPS * max(1, k))
    if group < FEW:
        found = z.topk(k, dim=-1)
        return found.values, found.indices
    groups = vocabulary // group
    # member j of group i is logit j * groups + i
    maxima = z[:, : group * groups].view(len(z), group, groups).amax(1)
    near = maxima.topk(k, dim=-1, sorted=False).indices.unsqueeze(-1)
    ids = (near + groups * torch.arange(group, device=z.device)).flatten(1)
    left = torch.arange(group * groups, vocabulary, device=z.device).expand(len(z), -1)
    ids = torch.cat([ids, left], dim=-1)
    top = z.gather(-1, ids).topk(k, dim=-1)
    return top.values, ids.gather(-1, top.indices)


def _rank(z: Tensor, space: Tensor, of_target: Tensor, values: Tensor) -> Tensor:
    """[R, V], [R, 1] and the largest [R, k] -> [R]: counted among the largest where the target is one of them."""
    rank = (values > of_target).sum(-1, dtype=z.dtype) + 1
    further = (of_target < values[:, -1:]).squeeze(-1).nonzero().squeeze(-1)
    if len(further):
        rows = z if 2 * len(further) > len(z) else z[further]
        targets = of_target if rows is z else of_target[further]
        # into floats of another place: summing a tensor of bool takes many times as long
        counted = torch.gt(rows, targets, out=space[: len(rows)]).sum(-1) + 1
        return counted if rows is z else rank.index_copy(0, further, counted)
    return rank


def _on_hidden(r: Tensor, on_top: Tensor, sure: Tensor, ids: Tensor, targets: Tensor, weight: Tensor | None) -> Tensor:
    """|W^T (p - y)| = |r W + p_a W_a - W_y|; where a is the target itself, |r W - (1 - p_a) W_a|. NaN without W."""
    if weight is None:
        return torch.full_like(on_top, math.nan)
    pull = (r.to(weight.dtype) @ weight).to(r.dtype)
    pull.addcmul_(on_top.unsqueeze(-1), weight[ids].to(r.dtype))
    return gradient_norm(pull.addcmul_((~sure).unsqueeze(-1).to(r.dtype), weight[targets].to(r.dtype), value=-1))
