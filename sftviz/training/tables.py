"""A model as small as can be: a row of logits for every token, trained on labels moved by any shift; then it writes."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sftviz.loss import nll


@dataclass(frozen=True)
class Apprentice:
    """A trained table. logits [K, K]: the row is the token just read, the column the one that may come.

    losses: nats before every step and after the last. trained: the tokens whose row was ever asked. written: what it
    writes from the row's first token on, always the likeliest next, until its row was never asked or it is long enough.
    """

    logits: Tensor
    losses: list[float]
    trained: frozenset[int]
    written: list[int]


def pairs(length: int, shift: int) -> tuple[Tensor, Tensor]:
    """Positions that read, and positions whose token they are asked for: t and t + shift, as far as both are there.

    >>> [side.tolist() for side in pairs(4, 1)]
    [[0, 1, 2], [1, 2, 3]]
    """
    read = torch.arange(max(0, -shift), length - max(0, shift))
    return read, read + shift


def shifted_costs(logits: Tensor, ids: Tensor, shift: int) -> list[float | None]:
    """What every position pays for the token `shift` places on: logits [T, V], ids [T] -> nats, None: not asked."""
    read, asked = pairs(len(ids), shift)
    costs: list[float | None] = [None] * len(ids)
    for place, cost in zip(read.tolist(), nll(logits[read], ids[asked]).tolist(), strict=True):
        costs[place] = cost
    return costs


def trained_table(ids: Sequence[int], shift: int, steps: int = 200, rate: float = 0.1) -> Apprentice:
    """Train a table on the row ids [T] with its labels moved by `shift`, with Adam from zeros.

    Raises ValueError where no position is asked. Tokens that occur twice share a row: then no loss of 0 is to be had.
    """
    names = list(dict.fromkeys(ids))
    row = torch.tensor([names.index(token) for token in ids])
    read, asked = pairs(len(row), shift)
    if not len(read):
        raise ValueError(f"of {len(row)} tokens none is {shift} places from another; give a longer row")
    table = torch.zeros(len(names), len(names), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([table], lr=rate)
    losses: list[float] = []
    for _ in range(steps):
        loss = nll(table[row[read]], row[asked]).mean()
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    logits = table.detach()
    losses.append(float(nll(logits[row[read]], row[asked]).mean()))
    trained = frozenset(row[read].tolist())
    return Apprentice(logits, losses, trained, [names[at] for at in _written(logits, trained, int(row[0]), len(row))])


def _written(logits: Tensor, trained: frozenset[int], first: int, longest: int) -> list[int]:
    row = [first]
    while len(row) < longest and row[-1] in trained:
        row.append(int(logits[row[-1]].argmax()))
    return row
