"""What leaks from one packed document into the next, where a row of several has a plain causal mask."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sftviz.attention import causal, packed
from sftviz.loss import IGNORE, token_nll
from sftviz.model.flow import logits_under


@dataclass(frozen=True)
class Across:
    """One row under two attentions: packed, and causal across all documents.

    moved: [T] the largest |difference| between the two over the vocabulary, in logits. packed and plain: [T] what each
    token costs in nats, NaN for the first of a document, which no token of its own predicts.
    """

    moved: Tensor
    packed: Tensor
    plain: Tensor


@torch.no_grad()
def across_documents(model: Any, ids: Sequence[int], document_ids: Tensor) -> Across:
    """Run the row under both: ids [T], document_ids [T] int. Positions run on in both, as in a row packed naively.

    Rotary positions speak of distances only, so a document under the packed mask is as if it stood alone.
    """
    right, wrong = (logits_under(model, ids, rule) for rule in (packed(document_ids), causal(len(ids))))
    begins = torch.ones(len(ids), dtype=torch.bool)
    begins[1:] = document_ids[1:] != document_ids[:-1]
    labels = torch.tensor(list(ids)).masked_fill(begins, IGNORE)[None]
    costs = [_costs(logits, labels, begins) for logits in (right, wrong)]
    return Across((right - wrong).abs().amax(-1), *costs)


def _costs(logits: Tensor, labels: Tensor, begins: Tensor) -> Tensor:
    """[T] nats of every token, where its own document predicts it."""
    nll = torch.cat([logits.new_zeros(1), token_nll(logits[None], labels)[0]])
    return nll.masked_fill(begins, float("nan"))
