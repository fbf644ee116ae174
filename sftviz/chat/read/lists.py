"""A paste that holds many samples -> where each stands and how to get it."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sftviz.chat.messages import ChatError
from sftviz.chat.read import conversations, providers, tokenized
from sftviz.chat.read.json_text import is_list, is_object, read_json
from sftviz.chat.read.python_values import opened, plain_value, rows_of
from sftviz.chat.read.samples import Item, Lazily
from sftviz.chat.read.turns import is_turn
from sftviz.chat.read.values import form_of
from sftviz.words import Said

SEEN_OF_A_LIST = 20  # items looked at to tell samples from the turns of one chat
CHAT_IDS = ("conversation_id", "chat_id", "session_id", "dialog_id", "dialogue_id", "thread_id")
COLUMN_KEYS = {"messages", "conversations", "prompt", "completion", "text", "instruction", "output", "query",
               "response", "question", "answer", "chosen", "rejected", "segments"}  # fmt: skip


def sample_place(n: int) -> Said:
    return Said("place.sample", n=n)


def items_of_lines(text: str) -> Sequence[Item] | None:
    """JSON Lines: one sample a line. None where the text is one JSON value."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(lines) < 2 or not is_json(lines[0][1]):
        return None
    return [line_item(line, number) for number, line in lines]


def line_item(line: str, number: int) -> Item:
    return Item(Said("place.line", n=number), partial(read_json, line, number), number)


def are_turns(items: Sequence[Item]) -> bool:
    """True where the first line is one turn: the lines are then one chat."""
    first = items[0].get()
    return is_turn(first) and conversations.list_key(first) is None


def is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict | list)
    except (ValueError, RecursionError):
        return False


def values_in_a_row(text: str) -> list[Item] | None:
    """JSON values in a row, each over several lines; None where there is one, or what follows is no JSON."""
    decoder, at, items = json.JSONDecoder(), 0, list[Item]()
    while at < len(text):
        at += len(text[at : at + 1000]) - len(text[at : at + 1000].lstrip())
        if text[at : at + 1] not in ("{", "["):
            break
        try:
            end = decoder.raw_decode(text, at)[1]
        except (ValueError, RecursionError):
            break
        first_line = text.count("\n", 0, at) + 1
        items.append(Item(sample_place(len(items) + 1), partial(read_json, text[at:end], first_line)))
        at = end
    return items if len(items) > 1 and not text[at:].strip() else None


def items_of_table(value: Any) -> Sequence[Item] | None:
    """A table of Python's libraries, one sample a row."""
    rows = rows_of(value)
    if rows is None:
        return None
    count, get = rows
    return Lazily(count, lambda i: Item(sample_place(i + 1), lambda: plain_value(get(i))))


def items_of_list(value: Any) -> Sequence[Item] | None:
    """A list of samples, a batch, or columns; None where the value is one sample."""
    if is_object(value):
        rows = tokenized.rows_of_batch(value) if tokenized.is_batch(value) else _rows_of_columns(value)
        return None if rows is None else [Item.holding(row, sample_place(i)) for i, row in enumerate(rows, 1)]
    if not is_list(value) or not are_samples(value):
        return None
    return Lazily(len(value), lambda i: Item(sample_place(i + 1), lambda: plain_or_json(value[i])))


def plain_or_json(value: Any) -> Any:
    return value if type(value).__name__ == "JsonObject" else plain_value(value)


def are_samples(value: list[Any]) -> bool:
    """True of a list of samples: at least one of the first items is one, and none is a turn."""
    seen = [opened(item) for item in value[:SEEN_OF_A_LIST]]
    if any(is_turn(item) for item in seen) or providers.is_responses(seen) or conversations.is_alternating(seen):
        return False
    return any(is_list(item) or (is_object(item) and form_of(item) is not None) for item in seen)


def _rows_of_columns(value: dict[str, Any]) -> list[dict[str, Any]] | None:
    """A slice of a data set: each key holds one value a sample. None where the value is one sample."""
    known = [held for key, held in value.items() if key in COLUMN_KEYS]
    if not known or not all(is_list(held) for held in value.values()):
        return None
    if len({len(held) for held in value.values()}) != 1 or not known[0]:
        return None
    if not all(_is_column(key, value[key]) for key in value if key in COLUMN_KEYS):
        return None
    return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]


def _is_column(key: str, held: list[Any]) -> bool:
    texts = key not in ("messages", "conversations", "segments") and all(isinstance(item, str) for item in held)
    return texts or all(is_list(item) and any(is_object(turn) for turn in item) for item in held)


def chats_of_rows(rows: list[tuple[int, dict[str, Any]]], names: list[str]) -> Iterator[Item]:
    """One message a row: one chat, or one for each conversation where a column tells them apart."""
    key = next((name for name in CHAT_IDS if name in names), None)
    groups: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for line, row in rows:
        groups.setdefault(row[key] if key else "", []).append((line, row))
    for group in groups.values():
        line = group[0][0]
        yield Item.holding([row for _, row in group], Said("place.line", n=line), line)


def refuse_collection(value: Any) -> None:
    """What holds samples but cannot be counted or looked into."""
    if is_object(value) and any(rows_of(held) for held in value.values()):
        raise ChatError("splits", keys=tuple(map(str, value)))
    if hasattr(value, "__next__") or (
        hasattr(value, "take") and hasattr(value, "__iter__") and not hasattr(value, "__len__")
    ):
        raise ChatError("iterator", sort=type(value).__name__)
