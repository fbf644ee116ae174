"""Checks of ids and labels alone: they look at any row, a collator's too."""

from collections.abc import Iterator

import numpy as np

from sftviz.chat.write.templates import TEMPLATES
from sftviz.supervision import IGNORE
from sftviz.supervision.checks.evidence import Check, Evidence, Found


def _nothing_supervised(e: Evidence) -> Iterator[Found]:
    if not e.supervised[1:].any():
        yield Found({"total": len(e.row.ids)})


def _label_not_token(e: Evidence) -> Iterator[Found]:
    odd = e.supervised & (e.labels != e.row.ids)
    if odd.any() and not _is_shifted(e):
        first = int(odd.argmax())
        values = {"count": int(odd.sum()), "at": first, "label": int(e.labels[first]), "id": int(e.row.ids[first])}
        yield Found(values, np.flatnonzero(odd).tolist())


def _labels_shifted(e: Evidence) -> Iterator[Found]:
    if _is_shifted(e):
        yield Found({"count": int(e.supervised.sum())}, np.flatnonzero(e.supervised).tolist())


def _is_shifted(e: Evidence) -> bool:
    """Labels that name the next token, where they do not name their own."""
    ids, labels = e.row.ids, e.labels
    odd = e.supervised & (labels != ids)
    if not odd.any():
        return False
    following = np.append(ids[1:], IGNORE)
    return bool((labels[odd] == following[odd]).all()) and int(odd.sum()) * 2 > int(e.supervised.sum())


def _label_out_of_range(e: Evidence) -> Iterator[Found]:
    vocabulary = e.row.vocabulary or len(e.tokenizer)
    wrong = e.supervised & ((e.labels < 0) | (e.labels >= vocabulary))
    if wrong.any():
        first = int(wrong.argmax())
        values = {"label": int(e.labels[first]), "at": first, "vocabulary": vocabulary, "count": int(wrong.sum())}
        yield Found(values, np.flatnonzero(wrong).tolist())


def _pad_is_eos(e: Evidence) -> Iterator[Found]:
    pad, eos = e.tokenizer.pad_id, e.tokenizer.eos_id
    if pad is None or pad != eos:
        return
    ends = np.flatnonzero(e.labels == pad).tolist()
    yield Found({"id": pad, "count": len(ends)}, ends)


def _unknown(e: Evidence) -> Iterator[Found]:
    if e.tokenizer.unknown_id is None:
        return
    unknown = np.flatnonzero(e.row.ids == e.tokenizer.unknown_id)
    if len(unknown):
        yield Found({"count": len(unknown)}, unknown.tolist())


def _two_bos(e: Evidence) -> Iterator[Found]:
    ids = e.row.ids
    bos = e.tokenizer.id_of(e.tokenizer.variables.get("bos_token") or "")
    if bos is not None and len(ids) > 1 and ids[0] == ids[1] == bos:
        yield Found({"piece": e.tokenizer.decode([bos])}, (0, 1))
    elif e.row.rendering is not None:
        yield from _two_bos_in_text(e)


def _two_bos_in_text(e: Evidence) -> Iterator[Found]:
    """Another family's begin-of-sequence, which this tokenizer may know as a token or not."""
    text = e.rendering.text
    piece = next((bos for bos in BEGINS if text.startswith(bos + bos)), None)
    if piece is not None:
        yield Found({"piece": piece}, e.tokens_between(0, 2 * len(piece)))


def _weights(e: Evidence) -> Iterator[Found]:
    weights = e.verdicts.weights if e.verdicts else e.row.weights
    if weights is None:
        return
    odd = e.supervised & (weights != 1)
    if odd.any():
        low, high = float(weights[odd].min()), float(weights[odd].max())
        yield Found({"count": int(odd.sum()), "low": low, "high": high}, np.flatnonzero(odd).tolist())


def _too_long(e: Evidence) -> Iterator[Found]:
    length, limit = len(e.row.ids), e.row.context_length
    if limit and length > limit:
        yield Found({"length": length, "limit": limit, "lost": int(e.supervised[limit:].sum())}, range(limit, length))


def _not_priced(e: Evidence) -> Iterator[Found]:
    length, priced = len(e.row.ids), e.row.priced
    if priced is not None and priced < length:
        lost = int(e.supervised[priced:].sum())
        yield Found({"length": length, "priced": priced, "lost": lost}, range(priced, length))


BEGINS = sorted({row.bos for row in TEMPLATES.values() if row.bos})
LABELS, TOKENIZER = frozenset({"labels"}), frozenset({"tokenizer"})
CHECKS = (
    Check("nothing_supervised", "error", "Nothing is supervised", LABELS, _nothing_supervised),
    Check("labels_shifted", "error", "Labels are shifted already", LABELS, _labels_shifted),
    Check("label_not_token", "warning", "Labels that are not their token", LABELS, _label_not_token),
    Check("label_out_of_range", "error", "A label outside the vocabulary", LABELS | TOKENIZER, _label_out_of_range),
    Check("pad_is_eos", "warning", "Padding and end-of-sequence share an id", LABELS | TOKENIZER, _pad_is_eos),
    Check("unknown_token", "warning", "Unknown tokens", TOKENIZER, _unknown),
    Check("two_bos", "warning", "Two begin-of-sequence tokens", TOKENIZER, _two_bos),
    Check("weighted", "note", "Targets that do not weigh 1", LABELS, _weights),
    Check("too_long", "warning", "Longer than the model's context", LABELS | {"model"}, _too_long),
    Check("not_priced", "warning", "Tokens without a cost", LABELS | {"model"}, _not_priced),
)
