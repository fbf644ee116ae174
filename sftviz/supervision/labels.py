"""Labels where there is no chat: from supervised flags, from role ids, from assistant spans; and the two conventions.

A label speaks of its own token: labels[t] is ids[t], or IGNORE. That is how Hugging Face passes them, and the model
shifts. Other code shifts first and its model does not: `shifted` and `unshifted` go between the two. Doing both skips a
token: position t is then trained to predict token t+2.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from sftviz.supervision import IGNORE

INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def labels_from_supervised(ids: Tensor, supervised: Tensor) -> Tensor:
    """ids where supervised, IGNORE elsewhere: [B, T] int, [B, T] bool -> [B, T] int64.

    >>> labels_from_supervised(torch.tensor([[7, 8, 9]]), torch.tensor([[False, True, True]]))
    tensor([[-100,    8,    9]])
    """
    if ids.shape != supervised.shape or supervised.dtype != torch.bool:
        raise ValueError(
            f"ids {list(ids.shape)} and supervised {list(supervised.shape)} {supervised.dtype}: give [B, T] ids and "
            "[B, T] bool, True where the token carries loss"
        )
    return _whole(ids).masked_fill(~supervised, IGNORE)


def labels_from_roles(ids: Tensor, roles: Tensor, trained: Iterable[int], is_padding: Tensor | None = None) -> Tensor:
    """Supervise the tokens of some roles: ids [B, T], roles [B, T] int, padding never -> labels [B, T] int64.

    Raises ValueError where every token of these roles is padding: then is_padding is an attention mask.

    >>> labels_from_roles(torch.tensor([[10, 20, 30, 40, 50]]), torch.tensor([[0, 0, 1, 1, 1]]), trained={1})
    tensor([[-100, -100,   30,   40,   50]])
    """
    if roles.dtype not in INTEGERS:
        raise ValueError(f"roles are {roles.dtype}; give one integer role id for every token")
    supervised = torch.isin(roles.long(), torch.tensor(sorted(trained), dtype=torch.long, device=roles.device))
    if is_padding is not None:
        _check_padding(is_padding, ids)
        _check_some_left(supervised, is_padding)
        supervised = supervised & ~is_padding
    return labels_from_supervised(ids, supervised)


def labels_from_spans(ids: Tensor, spans: Iterable[tuple[int, int]]) -> Tensor:
    """Supervise spans [start, end) of one row: ids [T] -> labels [T] int64. Spans may touch, and may not overlap.

    >>> labels_from_spans(torch.tensor([5, 6, 7, 8, 9]), [(1, 3), (4, 5)])
    tensor([-100,    6,    7, -100,    9])
    """
    if ids.dim() != 1:
        raise ValueError(f"ids {list(ids.shape)}: spans are of one row; give [T]")
    ids = _whole(ids)
    labels = torch.full_like(ids, IGNORE)
    done = 0
    for start, end in sorted(spans):
        if not 0 <= start <= end <= len(ids):
            raise ValueError(f"span ({start}, {end}) does not lie within the row of {len(ids)} tokens")
        if start < done:
            raise ValueError(f"span ({start}, {end}) overlaps the one before it, which ends at {done}")
        labels[start:end] = ids[start:end]
        done = end
    return labels


def shifted(labels: Tensor) -> Tensor:
    """Labels lined up with the position that predicts them: [B, T] -> [B, T]; the last position has none.

    >>> shifted(torch.tensor([[-100, -100, 7, 8]]))
    tensor([[-100,    7,    8, -100]])
    """
    labels = _whole(labels)
    return torch.cat([labels[..., 1:], torch.full_like(labels[..., :1], IGNORE)], dim=-1)


def unshifted(targets: Tensor) -> Tensor:
    """Back to labels that speak of their own token; the first token, which nothing predicts, gets IGNORE.

    Raises ValueError where the last position has a target: no token follows it, so these labels were never shifted.

    >>> unshifted(torch.tensor([[-100, 7, 8, -100]]))
    tensor([[-100, -100,    7,    8]])
    """
    targets = _whole(targets)
    last = targets[..., -1:]
    if (last != IGNORE).any():
        raise ValueError(
            f"the last position has the target {int(last[last != IGNORE][0])}, but no token follows it: these labels "
            "are unshifted already, and would end up one token too late"
        )
    return torch.cat([torch.full_like(targets[..., :1], IGNORE), targets[..., :-1]], dim=-1)


def _whole(ids: Tensor) -> Tensor:
    """Ids as int64: uint8 would hold IGNORE as 156."""
    if ids.dtype not in INTEGERS:
        raise ValueError(f"ids are {ids.dtype}; give integers, one id for every token")
    return ids.long()


def _check_padding(is_padding: Tensor, ids: Tensor) -> None:
    if is_padding.shape != ids.shape or is_padding.dtype != torch.bool:
        raise ValueError(
            f"is_padding {list(is_padding.shape)} {is_padding.dtype} does not fit ids {list(ids.shape)}: give [B, T] "
            "bool, True on padding (an attention mask is the opposite: attention_mask == 0)"
        )


def _check_some_left(supervised: Tensor, is_padding: Tensor) -> None:
    """Padding may carry a role, but some token of the trained roles is a real one."""
    if supervised.any() and not (supervised & ~is_padding).any():
        raise ValueError(
            f"is_padding is True on all {int(supervised.sum())} tokens of the trained roles: is this an attention "
            "mask? give attention_mask == 0"
        )
