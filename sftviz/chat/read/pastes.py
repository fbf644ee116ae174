"""A paste -> its samples, each read when it is asked for: text, the bytes of a file, values of Python."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sftviz.chat.messages import DOCUMENT, Chat, ChatError, Message, Notice
from sftviz.chat.read import lists, table
from sftviz.chat.read.encodings import decoded, unfenced
from sftviz.chat.read.json_messages import finished, with_roles_checked
from sftviz.chat.read.json_text import looks_like_json, read_json
from sftviz.chat.read.python_values import opened, plain_value
from sftviz.chat.read.reading import Media, Reading, Side
from sftviz.chat.read.samples import Item, Samples
from sftviz.chat.read.texts import TEXT_FORMATS
from sftviz.chat.read.turns import finished_message
from sftviz.chat.read.values import LONGEST_CHAT, form_of, read_value

LONGEST_FILE = 25_000_000  # characters of all samples together


@dataclass(frozen=True)
class Choices:
    media: Media
    side: Side | None

    def reading(self) -> Reading:
        return Reading(_read_text, self.media, self.side)

    def read(self, value: Any) -> Chat:
        return read_value(value, self.reading)


@dataclass
class Paste:
    """The samples of a paste, and what was noticed before any was read."""

    samples: Samples
    notices: list[Notice] = field(default_factory=list[Notice])


def open_paste(pasted: Any, choices: Choices) -> Paste:
    if isinstance(pasted, bytes | bytearray):
        text, notices = decoded(bytes(pasted))
        return _of_text(text, notices, choices)
    if isinstance(pasted, str):
        return _of_text(str(pasted), [], choices)
    return _of_python(pasted, choices)


def _of_text(text: str, notices: list[Notice], choices: Choices) -> Paste:
    if text.startswith("\ufeff"):
        text = text.removeprefix("\ufeff")
        notices.append(Notice("byte_order_mark", None, {}, "note"))
    if not text.strip():
        raise ChatError("empty")
    if len(text) > LONGEST_FILE:
        raise ChatError("file_too_long", count=len(text), most=LONGEST_FILE)
    inside, language = unfenced(text)
    if language is not None and looks_like_json(inside):
        text = inside
        notices.append(Notice("fence_removed", None, {}, "note"))
    if "\0" in text:
        notices.append(Notice("nul_characters", None, {"count": text.count("\0")}))
    header = header_of(text)
    if header:
        return _of_csv(text, *header, notices, choices)
    if not looks_like_json(text):
        return Paste(Samples((Item(None, lambda: text),), partial(_read_text_with, side=choices.side)), notices)
    return _of_json(text, notices, choices)


def _of_json(text: str, notices: list[Notice], choices: Choices) -> Paste:
    lines = lists.items_of_lines(text)
    if lines is not None and lists.are_turns(lines):
        turns = [line.get() for line in lines]
        notices.append(Notice("lines_are_turns", None, {"count": len(turns)}, "note"))
        return Paste(_one(turns, choices), notices)
    if lines is not None:
        return Paste(Samples(lines, choices.read, "jsonl"), notices)
    try:
        value = read_json(text)
    except ChatError as error:
        in_a_row = lists.values_in_a_row(text) if error.code == "json" else None
        if in_a_row is None:
            raise
        return Paste(Samples(in_a_row, choices.read, "jsonl"), notices)
    items = lists.items_of_list(value)
    return Paste(_one(value, choices) if items is None else Samples(items, choices.read), notices)


def _one(value: Any, choices: Choices) -> Samples:
    return Samples((Item(None, lambda: value),), choices.read)


def header_of(text: str) -> tuple[str, list[str]] | None:
    """The delimiter and the columns of a CSV whose columns are those of a known form."""
    found = None if looks_like_json(text) else table.header_of(text)
    if found is None:
        return None
    for names in (found[1], [name.lower() for name in found[1]]):
        if table.is_chat_of_rows(names) or form_of(dict.fromkeys(names, "x")) is not None:
            return found[0], names
    return None


def _of_csv(text: str, delimiter: str, names: list[str], notices: list[Notice], choices: Choices) -> Paste:
    notices.append(Notice("table_read", None, {"columns": tuple(names[:20])}, "note"))
    rows = table.read_rows(text, delimiter, names)
    if not rows:
        raise ChatError("csv_empty")
    if table.is_chat_of_rows(names):
        items: Sequence[Item] = tuple(lists.chats_of_rows(rows, names))
    else:
        items = [table.row_item(line, row) for line, row in rows]
    return Paste(Samples(items, choices.read, "csv"), notices)


def _of_python(value: Any, choices: Choices) -> Paste:
    lists.refuse_collection(value)
    items = lists.items_of_table(value)
    if items is None:
        value = opened(value)
        items = lists.items_of_list(value) if isinstance(value, list) else None
    if items is None and isinstance(value, tuple):
        items = lists.items_of_list(list(value))  # pyright: ignore[reportUnknownArgumentType]
    if items is None:
        value = plain_value(value)
        items = lists.items_of_list(value)
    if items is not None and not len(items):
        raise ChatError("no_rows")
    return Paste(_one(value, choices) if items is None else Samples(items, choices.read))


def _read_text(text: str) -> Chat:
    """Training text, a transcript, or a document: whatever is not JSON."""
    if not text.strip():
        raise ChatError("empty")
    if len(text) > LONGEST_CHAT:
        raise ChatError("too_long", count=len(text), most=LONGEST_CHAT)
    form = next((form for form in TEXT_FORMATS.values() if form.reads(text)), None)
    chat = form.read(text) if form else Chat((Message(DOCUMENT, text),), "text", template="plain")
    if chat.written is None:  # a transcript: its thoughts are told from its replies
        chat = replace(chat, messages=tuple(finished_message(message) for message in chat.messages))
    return finished(with_roles_checked(chat))


def _read_text_with(text: str, side: Side | None) -> Chat:
    if side == "rejected":
        raise ChatError("no_sides", form="text")
    return _read_text(text)
