"""Ids -> turns: who wrote what in a row that was tokenized before it came, told from its control tokens.

The text of the ids is read as training text is. A control token that stands there as ordinary tokens was typed by
somebody: it is hidden from the reader while it looks for marks.
"""

import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from sftviz.chat.messages import Chat, ChatError, Notice, Written
from sftviz.chat.read.texts import TEXT_FORMATS
from sftviz.chat.spans import Span
from sftviz.chat.tokenizers.protocol import Encoded, Tokenizer
from sftviz.words import Said

MARK = re.compile(r"<[^<>\s]{1,60}>|\[[^\[\]\s]{1,30}\]|</?s>")
OUTSIDE = "text_outside_turns"
HIDDEN = "\ue000\ue001"  # stand for the first character of a typed mark: < and [


def decoded_row(chat: Chat, text: str, encoded: Encoded, tokenizer: Tokenizer) -> Chat:
    """The chat of a tokenized row with its turns, where they can be told; `written` then says who wrote what.

    Padding at either end, by the attention mask, is a part of its own.
    """
    start, end = _unpadded(chat, encoded, len(text))
    shown = text[start:end]
    seen = _without_typed_marks(shown, encoded, start, tokenizer)
    found = _read(seen)
    read = found.written.spans if found and found.written else ()
    if found is None or not read:
        return chat
    if seen != shown:
        found = replace(found, messages=_restored(found.messages), tools=_restored(found.tools))
    spans = [replace(span, start=span.start + start, end=span.end + start) for span in read] if start else list(read)
    if start:
        spans.insert(0, Span(0, start, None, None, "padding"))
    if end < len(text):
        spans.append(Span(end, len(text), None, None, "padding"))
    told = [notice for notice in found.notices if notice.code != OUTSIDE or _outside(spans, text, encoded, tokenizer)]
    recovered = Notice("turns_recovered", None, {"form": found.form, "count": len(found.messages)}, "note")
    return replace(
        chat,
        messages=found.messages,
        template=found.template,
        written=Written(text, tuple(spans)),
        notices=(*chat.notices, recovered, *told),
    )


def refuse_unknown_ids(ids: Sequence[int], tokenizer: Tokenizer) -> None:
    """Raise ChatError for an id that is no token of the tokenizer: the row was cut with another one."""
    size = len(tokenizer)
    wrong = next((t for t, token in enumerate(ids) if token >= size and not tokenizer.bytes_of(token)), None)
    if wrong is not None:
        place = Said("place.position", n=wrong)
        raise ChatError("id_unknown", place, id=ids[wrong], tokenizer=tokenizer.name, size=size)


def _unpadded(chat: Chat, encoded: Encoded, length: int) -> tuple[int, int]:
    """Characters [start, end) of the text between the padding at its ends."""
    attends = np.array((chat.tokenized and chat.tokenized.attention_mask) or (), dtype=bool)
    kept = np.flatnonzero(attends)
    if not len(kept):
        return 0, length
    return int(encoded.starts[kept[0]]), int(encoded.ends[kept[-1]])


def _outside(spans: Sequence[Span], text: str, encoded: Encoded, tokenizer: Tokenizer) -> str:
    """What stands outside every turn and is no control token: a packed row has its documents' ends there."""
    control = np.zeros(len(text), dtype=bool)
    for token, start, end in encoded:
        if token in tokenizer.control_ids:
            control[start:end] = True
    gaps = [i for span in spans if span.part == "gap" for i in range(span.start, span.end) if not control[i]]
    return "".join(text[i] for i in gaps).strip()


def _read(text: str) -> Chat | None:
    """As training text, where a reader knows its marks; None of a transcript or a plain document."""
    form = next((form for form in TEXT_FORMATS.values() if form.reads(text)), None)
    if form is None or not text.strip():
        return None
    try:
        return form.read(text)
    except ChatError:
        return None


def _without_typed_marks(text: str, encoded: Encoded, start: int, tokenizer: Tokenizer) -> str:
    whole = {(a - start, b - start) for token, a, b in encoded if token in tokenizer.control_ids}

    def hidden(match: re.Match[str]) -> str:
        piece = match.group()
        is_typed = match.span() not in whole and tokenizer.id_of(piece) in tokenizer.control_ids
        return (HIDDEN[0] if piece[0] == "<" else HIDDEN[1]) + piece[1:] if is_typed else piece

    if HIDDEN[0] in text or HIDDEN[1] in text:
        return text
    return MARK.sub(hidden, text)


def _restored(value: Any) -> Any:
    """What was hidden, shown again, wherever it stands in what was read."""
    if isinstance(value, str):
        return value.replace(HIDDEN[0], "<").replace(HIDDEN[1], "[")
    if isinstance(value, dict):
        return {_restored(key): _restored(held) for key, held in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return type(value)(map(_restored, value))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _restored(getattr(value, field.name)) for field in fields(value)})
    return value
