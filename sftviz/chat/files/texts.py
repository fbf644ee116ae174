"""What a text file is, told from its beginning and its name; and its samples: lines, a list, a table, or all of it."""

import json
from collections.abc import Iterator
from typing import Any, Literal

from sftviz.chat.files.array import DECODER, past_space
from sftviz.chat.files.streams import Lines
from sftviz.chat.messages import ChatError
from sftviz.chat.read import lists, table
from sftviz.chat.read.json_text import looks_like_json
from sftviz.chat.read.pastes import header_of
from sftviz.chat.read.samples import Item, bad_item
from sftviz.chat.read.values import form_of

Kind = Literal["lines", "array", "table", "whole"]
LINES = (".jsonl", ".ndjson", ".jsonlines")
TABLES = (".csv", ".tsv")


def kind_of(lines: Lines, suffix: str) -> Kind:
    """Raises ChatError for a table whose columns are those of no known form."""
    head = lines.head.lstrip()
    if is_lines(head, suffix):
        return "lines"
    if head.startswith("[") and looks_like_json(head) and lists.are_samples(first_items(head)):
        return "array"
    header = header_in(lines, suffix)
    if header is not None:
        return "whole" if table.is_chat_of_rows(header[1]) else "table"
    if suffix in TABLES and not looks_like_json(head):
        raise ChatError("csv_columns", columns=head.partition("\n")[0].strip()[:200])
    return "whole"


def is_lines(head: str, suffix: str) -> bool:
    """JSON Lines, and not the turns of one chat, one a line."""
    first, newline, rest = head.partition("\n")
    is_many = bool(newline and rest.strip())
    try:
        value: Any = json.loads(first)
    except (ValueError, RecursionError):
        return suffix in LINES
    if not isinstance(value, dict | list) or not is_many:
        return suffix in LINES
    return not lists.are_turns([lists.line_item(first, 1)])


def first_items(head: str) -> list[Any]:
    """The items of a JSON list that stand whole in its beginning; a few tell what it is."""
    found: list[Any] = []
    at = 1
    while len(found) < lists.SEEN_OF_A_LIST:
        at = past_space(head, at)
        try:
            value, at = DECODER.raw_decode(head, at)
        except (ValueError, RecursionError):
            break
        found.append(value)
        at = past_space(head, at)
        if head[at : at + 1] != ",":
            break
        at += 1
    return found


def items_of_lines(lines: Lines) -> Iterator[Item]:
    """One sample a line; blank lines are none."""
    for number, line in lines.numbered():
        if isinstance(line, ChatError):
            yield bad_item(line, number)
        elif line.strip():
            yield lists.line_item(line.rstrip("\r\n"), number)


def header_in(lines: Lines, suffix: str) -> tuple[str, list[str]] | None:
    """(delimiter, columns) of a table of a known form; a single column too, where the name says that it is a table."""
    found = header_of(lines.head)
    only = lines.head.lstrip().partition("\n")[0].strip().strip('"')
    if found is None and suffix in TABLES and form_of({only: "x"}) is not None:
        return ",", [only]
    return found


def items_of_table(lines: Lines, header: tuple[str, list[str]]) -> Iterator[Item]:
    for line, row in table.rows_of(lines.texts(), *header):
        yield bad_item(row, line) if isinstance(row, ChatError) else table.row_item(line, row)
