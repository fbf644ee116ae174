"""Every way to cut a batch into micro-batches: what the mean of their means makes of loss and gradient."""

from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import torch
from torch import Tensor

from sftviz.loss import IGNORE, accumulated_weights
from sftviz.supervision.packing import Batch
from sftviz.training.accumulation import Costs, gradients, model_costs, split, trainable_copy


@dataclass(frozen=True)
class Cut:
    """One way to cut. cuts: True where row i+1 begins a micro-batch; length: |g| / |g of the whole batch|."""

    cuts: tuple[bool, ...]
    loss: float  # nats, the mean of the micro-batches' means
    length: float
    direction: float  # cosine with the whole batch's gradient


def every_cut(model: Any, batch: Batch, costs: Costs = model_costs) -> tuple[float, list[Cut]]:
    """The whole batch's loss in nats, and all 2^(B-1) cuts of it, from none to every one.

    A row's gradient is taken once and weighed for every cut, since a gradient is linear in the weights: B backward
    passes. Raises ValueError where a row has no target: its mean would be 0/0.
    """
    rows = split(batch, 1)
    targets = [int((row.labels[:, 1:] != IGNORE).sum()) for row in rows]
    if not all(targets):
        raise ValueError(f"row {targets.index(0)} of the batch has no target; leave it out")
    sums, of_row = _of_rows(model, rows, costs)
    whole = _weighed(of_row, [1 / sum(targets)] * len(rows))
    found: list[Cut] = []
    for cuts in product((False, True), repeat=len(rows) - 1):
        shares = _shares(batch.labels, cuts)
        gradient = _weighed(of_row, shares)
        loss = sum(share * total for share, total in zip(shares, sums, strict=True))
        cosine = float(gradient @ whole / gradient.norm() / whole.norm())
        found.append(Cut(cuts, loss, float(gradient.norm() / whole.norm()), min(1.0, cosine)))
    return found[0].loss, found


def _of_rows(model: Any, rows: list[Batch], costs: Costs) -> tuple[list[float], list[Tensor]]:
    """Per row the sum of its costs in nats, and that sum's gradient as one long vector."""
    ours = trainable_copy(model)
    sums: list[float] = []
    found: list[Tensor] = []
    for row in rows:
        ours.zero_grad(set_to_none=True)
        total = torch.where(row.labels[:, 1:] != IGNORE, costs(ours, row), 0.0).sum()
        torch.autograd.backward(total)
        sums.append(float(total.detach()))
        found.append(torch.cat([one.flatten() for one in gradients(ours)]).double())
    return sums, found


def _shares(labels: Tensor, cuts: tuple[bool, ...]) -> list[float]:
    """What one target of each row weighs in the mean of means."""
    edges = [0, *(at + 1 for at, cut in enumerate(cuts) if cut), len(labels)]
    parts = [labels[first:last] for first, last in pairwise(edges)]
    weights = accumulated_weights(parts, "micro_batch")
    return [float(row.max()) for part in weights for row in part]


def _weighed(of_row: list[Tensor], shares: list[float]) -> Tensor:
    return torch.stack([share * gradient for share, gradient in zip(shares, of_row, strict=True)]).sum(0)
