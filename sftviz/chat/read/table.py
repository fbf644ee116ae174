"""CSV and TSV: a header that names columns of a known form, one sample a row; or one message a row."""

import csv
import io
from typing import Any

from sftviz.chat.messages import ChatError
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
    csv.field_size_limit(LONGEST_CELL)
    lead = text[: len(text) - len(text.lstrip())].count("\n")
    reader = csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=delimiter, strict=True)
    next(reader)
    rows: list[tuple[int, dict[str, Any]]] = []
    line = reader.line_num + 1
    try:
        for cells in reader:
            if cells:
                rows.append((line + lead, _row(cells, names, line + lead)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ChatError("csv", Said("place.line", n=line + lead), what=str(error)) from error
    return rows


def _row(cells: list[str], names: list[str], line: int) -> dict[str, Any]:
    if len(cells) != len(names):
        raise ChatError("csv_cells", Said("place.line", n=line), cells=len(cells), columns=len(names))
    return dict(zip(names, cells, strict=True))


def line_place(line: int) -> Said:
    return Said("place.line", n=line)


def same(value: Any) -> Any:
    return value
