"""Many samples in one paste: JSON Lines, lists, tables. Each is read when it is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from sftviz.chat.messages import Chat, ChatError, Notice
from sftviz.chat.read.places import placed
from sftviz.words import Said

MOST_LOOKED_AT = 200  # further samples that `parse` tries, so that a bad one is told before it is asked for
MOST_NOTICES = 20  # … and how many of them are told one by one


@dataclass(frozen=True)
class Item:
    """A sample that is not read yet: where it stands, and how to get its value."""

    place: Said | None  # None: the paste is one sample
    get: Callable[[], Any]
    line: int | None = None  # of the file, where it has lines

    @classmethod
    def holding(cls, value: Any, place: Said | None = None, line: int | None = None) -> "Item":
        """A value that is there already."""
        return cls(place, lambda: value, line)

    def chat(self, read: Callable[[Any], Chat], form: str | None = None) -> Chat:
        """Read it. A bad one raises ChatError with its place."""
        try:
            chat = read(self.get())
        except ChatError as error:
            raise _at(error, self.place) from error
        return replace(chat, form=form) if form else chat


@dataclass(frozen=True)
class Samples(Sequence[Chat]):
    """Every sample of a paste, read when it is asked for. A bad one raises ChatError, with its place, and only then."""

    items: Sequence[Item]
    read: Callable[[Any], Chat]
    form: str | None = None  # of the file; None: each sample's own

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, i: int) -> Chat: ...
    @overload
    def __getitem__(self, i: slice) -> "Samples": ...
    def __getitem__(self, i: int | slice) -> "Chat | Samples":
        if isinstance(i, slice):
            return replace(self, items=self.items[i])
        return self.items[i].chat(self.read, self.form)


def _at(error: ChatError, place: Said | None) -> ChatError:
    """The error with its sample's place, unless it names a line of the whole file already."""
    names_line = error.where is not None and error.where.code in ("place.line", "place.line_and_column")
    return error if names_line and place and place.code == "place.line" else placed(error, place)


@dataclass(frozen=True)
class Lazily(Sequence[Item]):
    """Items made from a number."""

    size: int
    make: Callable[[int], Item]
    start: int = 0

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, i: int) -> Item: ...
    @overload
    def __getitem__(self, i: slice) -> "Sequence[Item]": ...
    def __getitem__(self, i: int | slice) -> "Item | Sequence[Item]":
        if isinstance(i, slice):
            start, stop, step = i.indices(self.size)
            if step != 1:
                return [self[j] for j in range(start, stop, step)]
            return Lazily(max(0, stop - start), self.make, self.start + start)
        if not -self.size <= i < self.size:
            raise IndexError(i)
        return self.make(self.start + i % self.size)


def bad_item(error: ChatError, line: int | None = None) -> Item:
    """In the place of a sample that could not even be cut out of its file; the error says where."""

    def refused() -> Any:
        raise error

    return Item(None, refused, line)


def first_of(samples: Samples) -> Chat:
    """The first sample, the others beside it; what is bad among the next ones is noted."""
    chat = samples[0]
    if len(samples) == 1:
        return chat
    others = samples[1:]
    notices = [*chat.notices, Notice("further_samples", None, {"count": len(others)}, "note"), *_bad(others)]
    return replace(chat, others=others, notices=tuple(notices))


def _bad(others: Samples) -> list[Notice]:
    told: list[Notice] = []
    for i in range(min(len(others), MOST_LOOKED_AT)):
        if len(told) == MOST_NOTICES:
            told.append(Notice("more_bad_samples", None, {"count": len(others) - i}))
            break
        try:
            others[i]
        except ChatError as error:
            told.append(Notice("bad_sample", error.where, {"what": error.what}))
    return told
