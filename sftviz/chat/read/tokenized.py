"""Rows that were tokenized or cut before they came: input_ids and labels; Axolotl's segments; a text column."""

import re
from dataclasses import replace
from typing import Any

from sftviz.chat.messages import DOCUMENT, Chat, ChatError, Message, Tokenized, TrainingMark, Written
from sftviz.chat.read.json_text import is_list, is_object, kind
from sftviz.chat.read.places import key_place, within
from sftviz.chat.read.reading import Fields, Reading
from sftviz.chat.read.roles import CONTROL_TOKEN
from sftviz.chat.read.sample import chat_of
from sftviz.chat.spans import Span
from sftviz.words import Said

COLUMNS = ("labels", "attention_mask", "position_ids")
MASKS = ("completion_mask", "assistant_masks", "assistant_mask", "loss_mask")
IGNORE = -100


def is_tokenized(value: Any) -> bool:
    return is_object(value) and "input_ids" in value


def is_batch(value: Any) -> bool:
    """More than one row of ids."""
    return is_tokenized(value) and is_list(value["input_ids"]) and any(is_list(row) for row in value["input_ids"])


def rows_of_batch(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Each row of a batch with what stands beside it; a value that is not one a row goes with every row."""
    count = len(value["input_ids"])

    def at(held: Any, i: int) -> Any:
        return held[i] if is_list(held) and len(held) == count else held

    return [{key: at(held, i) for key, held in value.items()} for i in range(count)]


def read_tokenized(value: dict[str, Any], reading: Reading) -> Chat:
    fields = Fields(value, reading)
    ids = _ints(fields.raw("input_ids"), "input_ids", None)
    if not ids:
        raise ChatError("no_tokens", key_place("input_ids"))
    found = {key: _ints(fields.raw(key), key, len(ids)) for key in COLUMNS if fields.holds(key)}
    labels = found.get("labels")
    if any(id < 0 for id in ids) or any(label < 0 and label != IGNORE for label in labels or ()):
        raise ChatError("token_negative", key_place("labels" if min(ids) >= 0 else "input_ids"))
    key_of_mask = next((key for key in MASKS if fields.holds(key)), None)
    if labels is None and key_of_mask is not None:
        trained = _ints(fields.raw(key_of_mask), key_of_mask, len(ids))
        labels = tuple(id if keep else IGNORE for id, keep in zip(ids, trained, strict=True))
        reading.tell("labels_from_mask", key_place(key_of_mask), "note", key=key_of_mask)
    chat = chat_of(fields, [Message(DOCUMENT, "")], "tokenized")
    made = Tokenized(ids, labels, found.get("attention_mask"), found.get("position_ids"))
    return replace(chat, tokenized=made)


def _ints(values: Any, key: str, length: int | None) -> tuple[int, ...]:
    if not is_list(values):
        raise ChatError("tokens_type", key_place(key), key=key, kind=kind(values))
    for i, value in enumerate(values):
        if not isinstance(value, int):
            raise ChatError(
                "token_type", within(key_place(key), Said("place.position", n=i)), key=key, kind=kind(value)
            )
    if length is not None and len(values) != length:
        raise ChatError("tokens_length", key_place(key), key=key, count=len(values), tokens=length)
    return tuple(map(int, values))


END_TOKEN = re.compile(rf"(?:{CONTROL_TOKEN.pattern})+\s*\Z")


def is_segments(value: Any) -> bool:
    return is_object(value) and is_list(value.get("segments"))


def read_segments(value: dict[str, Any], reading: Reading) -> Chat:
    """Axolotl's input_output: text as it stands, each segment trained or not. A trained one is the assistant's."""
    fields = Fields(value, reading)
    segments = [_segment(item, n, reading) for n, item in enumerate(fields.raw("segments"), 1)]
    if not segments:
        raise ChatError("no_messages", key_place("segments"))
    spans: list[Span] = []
    end = 0
    for i, message in enumerate(segments):
        start, end = end, end + len(message.content)
        spans += _segment_spans(message, i, start, end)
    reading.tell("segments_joined", key_place("segments"), "note")
    chat = chat_of(fields, segments, "segments", system_keys=(), template="plain")
    return replace(chat, written=Written("".join(message.content for message in segments), tuple(spans)))


def _segment_spans(message: Message, i: int, start: int, end: int) -> list[Span]:
    """A trained segment ends with the model's own end-of-turn, where it holds one."""
    found = END_TOKEN.search(message.content) if message.role == "assistant" else None
    stop = end if found is None else start + found.start()
    spans = [Span(start, stop, i, message.role, "content", i, "content"), Span(stop, end, i, message.role, "end")]
    return [span for span in spans if span.start < span.end]


def _segment(item: Any, n: int, reading: Reading) -> Message:
    place = within(key_place("segments"), Said("place.segment", n=n))
    fields = Fields(item if is_object(item) else {}, reading, place)
    text, label = fields.raw("text"), fields.raw("label")
    fields.close()
    if not isinstance(text, str) or not isinstance(label, bool | int) or label not in (0, 1):
        raise ChatError("segment", place)
    return Message("assistant" if label else "user", text, mark=TrainingMark("label", float(label)))


def is_text_column(value: Any) -> bool:
    return is_object(value) and isinstance(value.get("text"), str)


def read_text_column(value: dict[str, Any], reading: Reading) -> Chat:
    """Training text in a column: read as if it had been pasted."""
    fields = Fields(value, reading)
    chat = reading.read_text(fields.raw("text"))
    around = chat_of(fields, chat.messages, chat.form, system_keys=())
    return replace(chat, messages=around.messages, variables=around.variables, tools=(*chat.tools, *around.tools))
