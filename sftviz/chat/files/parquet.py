"""Parquet, read a row group at a time."""

import io
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from sftviz.assets.border import border
from sftviz.chat.files.data import DataFile, skipping
from sftviz.chat.files.streams import too_large
from sftviz.chat.messages import ChatError
from sftviz.chat.read.lists import sample_place
from sftviz.chat.read.pastes import Choices
from sftviz.chat.read.python_values import plain_value
from sftviz.chat.read.samples import Item
from sftviz.extras import Needed

MAGIC = b"PAR1"
AT_ONCE = 256  # rows
AT_ONCE_BOUNDED = 16


def is_parquet(stream: BinaryIO) -> bool:
    """Looked at without reading on: a stream that cannot look ahead or go back holds none."""
    if isinstance(stream, io.BufferedReader):
        return stream.peek(len(MAGIC)).startswith(MAGIC)
    if not stream.seekable():
        return False
    head = stream.read(len(MAGIC))
    stream.seek(-len(head), io.SEEK_CUR)
    return head == MAGIC


def open_parquet(stream: BinaryIO, name: str, choices: Choices, most: int | None) -> DataFile:
    with Needed():
        import pyarrow.parquet as pq  # pyright: ignore[reportMissingTypeStubs]

    if not stream.seekable():
        stream = io.BytesIO(stream.read())
    with border(_broken):
        file: Any = pq.ParquetFile(stream)
        groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
        sizes = [group.num_rows for group in groups]
    if most is not None and _is_large(groups, most):
        raise too_large(most)
    return DataFile(name, partial(_items_from, file, sizes, most), choices.read)


def _is_large(groups: list[Any], most: int) -> bool:
    """Told from the file's own index, before anything is unpacked; as JSON a value takes two bytes at least."""
    columns = [group.column(i) for group in groups for i in range(group.num_columns)]
    values = sum(column.num_values for column in columns)
    return sum(group.total_byte_size for group in groups) > most or 2 * values > most


def _items_from(file: Any, sizes: list[int], most: int | None, n: int) -> Iterator[Item]:
    """Row groups before the one that holds row n are not read."""
    group, before = 0, 0
    while group < len(sizes) and before + sizes[group] <= n:
        before, group = before + sizes[group], group + 1
    if n and group == len(sizes):
        raise ChatError("no_such_sample", number=n + 1, count=before)
    yield from skipping(_rows(file, range(group, len(sizes)), before, most), n - before)


def _rows(file: Any, groups: range, before: int, most: int | None) -> Iterator[Item]:
    """Where there is a limit, what a few rows unpack to is counted: one text may stand in all of them."""
    number, held = before, 0
    size = AT_ONCE if most is None else AT_ONCE_BOUNDED
    with border(_broken):
        for batch in file.iter_batches(batch_size=size, row_groups=list(groups)):
            held += batch.nbytes
            if most is not None and held > most:
                raise too_large(most)
            for i in range(batch.num_rows):
                number += 1
                yield Item(sample_place(number), partial(_row, batch, i))


def _row(batch: Any, i: int) -> Any:
    return plain_value(batch.slice(i, 1).to_pylist()[0])


def _broken(reason: str) -> ChatError:
    return ChatError("parquet", what=reason)
