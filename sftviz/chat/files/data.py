"""A file that is open: its samples in their order, each with its number and its line."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sftviz.chat.messages import Chat, ChatError, Notice
from sftviz.chat.read.pastes import Paste
from sftviz.chat.read.samples import Item, Samples

LONGEST_UPLOAD = 5_000_000  # bytes, unpacked: what the page takes
MOST_UPLOADED = 100_000  # samples


@dataclass(frozen=True)
class FileSample:
    """One sample of a file: its number from 1, the line it begins on, and the chat, or why it cannot be read."""

    number: int
    line: int | None
    read: Chat | ChatError


@dataclass(frozen=True)
class DataFile:
    """Samples that are read as they are asked for. A stream gives them once.

    `items_from(n)` begins with the sample of index n: a file with an index of its own (Parquet) jumps there. `only` is
    the index of the one sample that an address names: `org/name:train[17]`.
    """

    name: str
    items_from: Callable[[int], Iterator[Item]]
    read: Callable[[Any], Chat]
    form: str | None = None
    notices: tuple[Notice, ...] = ()
    only: int | None = None

    def samples(self) -> Iterator[FileSample]:
        """Every sample. A bad one carries its error, and hides no other."""
        first = self.only or 0
        for number, item in enumerate(self._items(), first + 1):
            try:
                yield FileSample(number, item.line, item.chat(self.read, self.form))
            except ChatError as error:
                yield FileSample(number, item.line, error)

    def sample(self, number: int = 1) -> Chat:
        """The sample of this number, from 1, with what was noticed of the file.

        Raises ChatError where it cannot be read, or the file holds fewer.
        """
        if self.only is not None and number > 1:
            raise ChatError("no_such_sample", number=number, count=1)
        items = self._items() if number == 1 else self.items_from(number - 1)
        chat = _first(items).chat(self.read, self.form)
        return replace(chat, notices=(*self.notices, *chat.notices)) if self.notices else chat

    def paste(self, at_most: int | None = None) -> Paste:
        """All of it at once, as a page needs it. Raises ChatError for more samples than `at_most`."""
        kept = tuple(islice(self._items(), None if at_most is None else at_most + 1))
        if not kept:
            raise ChatError("no_rows")
        if at_most is not None and len(kept) > at_most:
            raise ChatError("too_many_samples", most=at_most)
        return Paste(Samples(kept, self.read, self.form), list(self.notices))

    def _items(self) -> Iterator[Item]:
        return self.items_from(0) if self.only is None else islice(self.items_from(self.only), 1)


def _first(items: Iterator[Item]) -> Item:
    found = next(items, None)
    if found is None:
        raise ChatError("no_rows")
    return found


def skipping(items: Iterator[Item], n: int) -> Iterator[Item]:
    """All but the first n. Raises ChatError, with their number, where there are no more."""
    seen = 0
    for item in items:
        if seen >= n:
            yield item
        seen += 1
    if seen <= n and n:
        raise ChatError("no_such_sample", number=n + 1, count=seen)
