"""A row cut in two, so that nobody looks back across: where the gradient goes at every place of the cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from sftviz.attention import packed
from sftviz.loss import IGNORE
from sftviz.model.flow import Flow, gradient_flow

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Cuts:
    """flows[c]: the flow with the cut before token c (c = 0 cuts nothing), T of them.

    read_by: of every supervised token the norm of the gradient that its own cost alone sends to each embedding, [T].
    """

    flows: list[Flow]
    read_by: dict[int, list[float]]


def gradient_flow_cut(model: PreTrainedModel, ids: Sequence[int], labels: Sequence[int], cut: int) -> Flow:
    """The flow where nobody looks back across a cut: ids [T], labels [T]; tokens `cut` and after see none before it.

    Labels stay as they are, so a position left of the cut may still be asked for its next token. cut = 0 cuts nothing.
    """
    if not 0 <= cut < len(ids):
        raise ValueError(f"a cut before token {cut} is outside the row of {len(ids)} tokens")
    return gradient_flow(model, ids, labels, packed((torch.arange(len(ids)) >= cut).long()))


def every_cut(model: PreTrainedModel, ids: Sequence[int], labels: Sequence[int]) -> Cuts:
    """Every place of the cut, and every supervised token by itself: T backward passes and one a supervised token."""
    asked = [place for place, label in enumerate(labels) if label != IGNORE and place]
    alone = {place: [label if at == place else IGNORE for at, label in enumerate(labels)] for place in asked}
    return Cuts(
        [gradient_flow_cut(model, ids, labels, cut) for cut in range(len(ids))],
        {place: gradient_flow(model, ids, only).total_norm.tolist() for place, only in alone.items()},
    )
