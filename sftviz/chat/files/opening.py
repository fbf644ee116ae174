"""A path, a stream, the address of a data set -> the open file, by what it is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sftviz.chat.files import hub, parquet
from sftviz.chat.files.array import items_of_array
from sftviz.chat.files.data import DataFile, skipping
from sftviz.chat.files.streams import Lines, unpacked
from sftviz.chat.files.texts import Kind, header_in, items_of_lines, items_of_table, kind_of
from sftviz.chat.messages import ChatError
from sftviz.chat.read.pastes import LONGEST_FILE, Choices, open_paste
from sftviz.chat.read.reading import Media, Side
from sftviz.chat.read.samples import Item

TEMPLATE_SUFFIXES = (".jinja", ".jinja2", ".j2")
FORMS = {"lines": "jsonl", "table": "csv"}
PACKED = re.compile(r"\.gz(?:ip)?\Z", re.I)


def open_data(
    source: str | Path | BinaryIO,
    name: str = "",
    *,
    most: int | None = None,
    media: Media = "refuse",
    side: Side | None = None,
    online: bool = False,
) -> DataFile:
    """Open a file of samples: JSON Lines, JSON, CSV, Parquet or text, packed with gzip or not, by what it holds.

    source: a path, the address of a data set (`org/name:train[17]`, or a folder in that layout), or a stream of bytes
    with the `name` it goes by. most: bytes, unpacked, beyond which it is refused; None reads any size as it comes.
    online: let a data set of the Hub be asked for. Raises ChatError naming what is wrong, OSError for no such file.
    """
    choices = Choices(media, side)
    if not isinstance(source, str | Path):
        return _of_stream(source, name, choices, most)
    if hub.is_address(source):
        return hub.open_address(str(source), choices, online=online)
    path = Path(source)
    if path.is_dir():
        return hub.open_saved(path, choices)
    return _of_stream(path.open("rb"), str(source), choices, most)


def _of_stream(stream: BinaryIO, name: str, choices: Choices, most: int | None) -> DataFile:
    suffix = Path(PACKED.sub("", name)).suffix.lower()
    if suffix in TEMPLATE_SUFFIXES:
        raise ChatError("file_is_template")
    if parquet.is_parquet(stream):
        return parquet.open_parquet(stream, name, choices, most)
    lines = Lines(unpacked(stream, most))
    if not lines.head.strip() and lines.is_whole:
        raise ChatError("file_empty")
    kind = kind_of(lines, suffix)
    if kind == "whole":
        paste = open_paste(lines.read(4 * LONGEST_FILE), choices)
        held = paste.samples
        return DataFile(name, lambda n: skipping(iter(held.items), n), held.read, held.form, tuple(paste.notices))

    def items_from(n: int) -> Iterator[Item]:
        return skipping(_items(kind, lines, suffix), n)

    return DataFile(name, items_from, choices.read, FORMS.get(kind), tuple(lines.notices))


def _items(kind: Kind, lines: Lines, suffix: str) -> Iterator[Item]:
    if kind == "array":
        return items_of_array(lines.pieces())
    header = header_in(lines, suffix) if kind == "table" else None
    return items_of_table(lines, header) if header else items_of_lines(lines)
