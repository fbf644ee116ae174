"""Checks of what a collator adds: attention mask and positions."""

from collections.abc import Iterator

import numpy as np

from sftviz.supervision.checks.evidence import Check, Evidence, Found


def _padding_supervised(e: Evidence) -> Iterator[Found]:
    if e.row.attention_mask is None:
        return
    wrong = e.supervised & (e.row.attention_mask == 0)
    if wrong.any():
        yield Found({"count": int(wrong.sum())}, np.flatnonzero(wrong).tolist())


def _documents_attend(e: Evidence) -> Iterator[Found]:
    """Positions that restart, and one attention mask over all of them: documents see each other."""
    positions, documents = e.row.position_ids, e.row.attention_mask
    if positions is None or documents is None or not len(positions):
        return
    starts = np.flatnonzero((positions[1:] <= positions[:-1]) & (documents[1:] != 0)) + 1
    if len(starts) and len(set(documents[documents != 0].tolist())) == 1:
        yield Found({"documents": len(starts) + 1}, starts.tolist())


BATCH = frozenset({"batch", "labels"})
CHECKS = (
    Check("padding_supervised", "error", "Padding carries loss", BATCH, _padding_supervised),
    Check("documents_attend", "warning", "Packed documents see each other", BATCH, _documents_attend),
)
