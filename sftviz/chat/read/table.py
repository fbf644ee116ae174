"""CSV and TSV: a header that names columns of a known form, one sample a row; or one message a row."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from sftviz.chat.messages import ChatError
from sftviz.chat.read.samples import Item
from sftviz.words import Said

DELIMITERS = ",\t;|"
LONGEST_HEADER = 1000
LONGEST_CELL = 25_000_000
ROLE_COLUMNS = ({"role", "content"}, {"from", "value"}, {"role", "text"})


def header_of(text: str) -> tuple[str, list[str]] | None:
    """(delimiter, names) of a text whose first line may be a header of two or more columns, and that has more lines."""
    line, newline, rest = text.lstrip().partition("\n")
    if not newline or not rest.strip() or len(line) > LONGEST_HEADER:
        return None
    for delimiter in DELIMITERS:
        names = [name.strip().strip('"').strip() for name in line.rstrip("\r").split(delimiter)]
        if len(names) > 1 and all(name.replace("_", "").replace(" ", "").replace("-", "").isalnum() for name in names):
            return delimiter, names
    return None


def is_chat_of_rows(names: list[str]) -> bool:
    """True where each row is one message."""
    return any(wanted <= set(names) for wanted in ROLE_COLUMNS)


def read_rows(text: str, delimiter: str, names: list[str]) -> list[tuple[int, dict[str, Any]]]:
    """(line, row) for each row. Raises ChatError for a row with more or fewer cells than the header."""
    rows: list[tuple[int, dict[str, Any]]] = []
    for line, row in rows_of(io.StringIO(text, newline=""), delimiter, names):
        if isinstance(row, ChatError):
            raise row
        rows.append((line, row))
    return rows


def rows_of(lines: Iterable[str], delimiter: str, names: list[str]) -> Iterator[tuple[int, dict[str, Any] | ChatError]]:
    """The same of lines that are read one by one: a row of another length is its error; broken quotes end it."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line, in_header = 1, True
    try:
        for cells in reader:
            if cells and not in_header:
                yield line, _row(cells, names, line)
            in_header = in_header and not cells
            line = reader.line_num + 1
    except csv.Error as error:
        yield line, ChatError("csv", line_place(line), what=str(error))


def _row(cells: list[str], names: list[str], line: int) -> dict[str, Any] | ChatError:
    if len(cells) != len(names):
        return ChatError("csv_cells", line_place(line), cells=len(cells), columns=len(names))
    return dict(zip(names, cells, strict=True))


def line_place(line: int) -> Said:
    return Said("place.line", n=line)


def row_item(line: int, row: dict[str, Any]) -> Item:
    return Item.holding(row, line_place(line), line)
