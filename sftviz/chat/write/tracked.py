"""Strings that remember, character by character, which leaf of the chat they quote.

A template may join, cut, strip, split and replace text; `Tracked` does all that as `str` does and keeps the origin. It
is equal to the plain string, so a template writes what it would write without it. What goes through an operation that
is not followed here (`title`, a padded format) comes out as a plain string: its origin is then lost, never wrong.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from operator import index
from typing import Any, SupportsIndex

# (characters, leaf, first character's place in the leaf, 1 where places go on by one a character, else 0)
Run = tuple[int, int, int, int]

TEMPLATE = -1  # no leaf: the template wrote it
EVENT = -2  # no characters: (0, EVENT, frame, item) where a loop comes to an item, item NOTHING where it leaves it
DATE = -3  # the clock's words
GENERATION = -4  # no characters: (0, GENERATION, 0, 1) where a generation block opens, (0, GENERATION, 0, 0) closes
NOTHING = -1
LONGEST_REPEAT = 1 << 20


class Tracked(str):
    """A string with the origin of its characters, kept as the parts it was joined from until somebody asks."""

    __slots__ = ("known_runs", "parts")

    known_runs: list[Run] | None
    parts: tuple[str, ...]

    def __new__(cls, text: str = "", parts: tuple[str, ...] = (), known: list[Run] | None = None) -> "Tracked":
        made = super().__new__(cls, text)
        made.parts = parts
        made.known_runs = known if known is not None or parts else [(len(text), TEMPLATE, 0, 0)] if text else []
        return made

    @classmethod
    def leaf(cls, text: str, leaf: int) -> "Tracked":
        return cls(text, known=[(len(text), leaf, 0, 1)] if text else [])

    def __str__(self) -> str:
        return self

    def __add__(self, other: Any) -> str:
        return joined((self, other)) if isinstance(other, str) else NotImplemented

    def __radd__(self, other: Any) -> str:
        return joined((other, self)) if isinstance(other, str) else NotImplemented

    def __mul__(self, times: SupportsIndex) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        if len(self) * index(times) > LONGEST_REPEAT:
            return str.__mul__(self, times)
        return joined((self,) * index(times))

    __rmul__ = __mul__  # pyright: ignore[reportAssignmentType]

    def __getitem__(self, at: Any) -> str:
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            return self._cut(start, stop) if step == 1 else joined([self[i] for i in range(start, stop, step)])
        i = index(at)
        if not -len(self) <= i < len(self):
            raise IndexError("string index out of range")
        return self._cut(i % len(self), i % len(self) + 1)

    def __iter__(self) -> Iterator[str]:
        at = 0
        for length, leaf, offset, step in [run for run in runs(self) if run[0]]:
            for k in range(length):
                yield Tracked(str.__getitem__(self, at + k), known=[(1, leaf, offset + k * step, step)])
            at += length

    def strip(self, chars: str | None = None, /) -> str:
        start = len(self) - len(str.lstrip(self, chars))
        return self._cut(start, start + len(str.strip(self, chars)))

    def lstrip(self, chars: str | None = None, /) -> str:
        return self._cut(len(self) - len(str.lstrip(self, chars)), len(self))

    def rstrip(self, chars: str | None = None, /) -> str:
        return self._cut(0, len(str.rstrip(self, chars)))

    def removeprefix(self, prefix: str, /) -> str:
        return self._cut(len(self) - len(str.removeprefix(self, prefix)), len(self))

    def removesuffix(self, suffix: str, /) -> str:
        return self._cut(0, len(str.removesuffix(self, suffix)))

    def split(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[str]:
        return self._found(str.split(self, sep, maxsplit), sep)

    def rsplit(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[str]:
        return self._found(str.rsplit(self, sep, maxsplit), sep)

    def splitlines(self, keepends: bool = False) -> list[str]:
        lines, at = list[str](), 0
        for whole, shown in zip(str.splitlines(self, True), str.splitlines(self, keepends), strict=True):
            lines.append(self._cut(at, at + len(shown)))
            at += len(whole)
        return lines

    def partition(self, sep: str, /) -> tuple[str, str, str]:
        return self._three(str.partition(self, sep))

    def rpartition(self, sep: str, /) -> tuple[str, str, str]:
        return self._three(str.rpartition(self, sep))

    def replace(self, old: str, new: str, count: SupportsIndex = -1, /) -> str:
        """What is put in counts as what it replaces, unless it has an origin of its own: an escape is the text's."""
        if not old:
            return str.replace(self, old, new, count)
        pieces, at = list[str](), 0
        for found in re.finditer(re.escape(old), self):
            if 0 <= index(count) <= len(pieces) // 2:
                break
            pieces += [self._cut(at, found.start()), self._as(new, found.start())]
            at = found.end()
        return joined([*pieces, self._cut(at, len(self))])

    def join(self, parts: Iterable[str], /) -> str:
        pieces = list[str]()
        for part in parts:
            pieces += [self, part] if pieces else [part]
        return joined(pieces)

    def lower(self) -> str:
        return self._mapped(str.lower)

    def upper(self) -> str:
        return self._mapped(str.upper)

    def capitalize(self) -> str:
        return self._mapped(str.capitalize)

    def title(self) -> str:
        return self._mapped(str.title)

    def _mapped(self, change: Callable[[str], str]) -> str:
        text = change(self)
        return Tracked(text, known=runs(self)) if len(text) == len(self) else text

    def _cut(self, start: int, stop: int) -> "Tracked":
        if start == 0 and stop >= len(self):
            return self
        return Tracked(str.__getitem__(self, slice(start, stop)), known=_cut_runs(runs(self), start, stop))

    def _found(self, pieces: list[str], sep: str | None) -> list[str]:
        cut, at = list[str](), 0
        for piece in pieces:
            at = self.find(piece, at) if sep is None else at
            cut.append(self._cut(at, at + len(piece)))
            at += len(piece) + len(sep or "")
        return cut

    def _three(self, pieces: tuple[str, str, str]) -> tuple[str, str, str]:
        before, sep, _ = map(len, pieces)
        end = before + sep
        return self._cut(0, before), self._cut(before, end), self._cut(end, len(self))

    def _as(self, new: str, at: int) -> str:
        if type(new) is Tracked or not new:
            return new
        leaf, offset = next((run[1], run[2]) for run in _cut_runs(runs(self), at, at + 1) if run[0])
        return Tracked(new, known=[(len(new), leaf, offset, 0)])


class TrackedInt(int):
    """A whole number of the chat; written out, it is tracked."""

    leaf: int

    def __str__(self) -> str:
        return Tracked.leaf(int.__repr__(self), self.leaf)


class TrackedFloat(float):
    """A number of the chat; written out, it is tracked."""

    leaf: int

    def __str__(self) -> str:
        return Tracked.leaf(float.__repr__(self), self.leaf)


def joined(parts: Iterable[str]) -> str:
    """`"".join`, with the origin of every part.

    >>> runs(joined(["a", Tracked.leaf("bc", 7)]))
    [(1, -1, 0, 0), (2, 7, 0, 1)]
    """
    pieces = tuple(parts)
    text = "".join(pieces)
    return Tracked(text, pieces) if any(type(piece) is Tracked for piece in pieces) else text


def event(kind: int, frame: int, item: int) -> str:
    """A mark without characters, at the place where it is written."""
    return Tracked("", known=[(0, kind, frame, item)])


def runs(text: str) -> list[Run]:
    """The origin of every character of a text, in order. A rope of parts is unrolled without recursion."""
    if type(text) is not Tracked:
        return [(len(text), TEMPLATE, 0, 0)] if text else []
    if text.known_runs is None:
        found: list[Run] = []
        open_parts: list[str] = [text]
        while open_parts:
            part = open_parts.pop()
            if type(part) is not Tracked:
                found += [(len(part), TEMPLATE, 0, 0)] if part else []
            elif part.known_runs is not None:
                found += part.known_runs
            else:
                open_parts += reversed(part.parts)
        text.known_runs, text.parts = found, ()
    return text.known_runs


def _cut_runs(whole: list[Run], start: int, stop: int) -> list[Run]:
    # Events outside the cut move to its edge: a template that trims a block still closes what it opened
    kept, at = list[Run](), 0
    for run in whole:
        length, leaf, offset, step = run
        if not length:
            kept.append(run)
            continue
        low, high = max(start, at), min(stop, at + length)
        if low < high:
            kept.append((high - low, leaf, offset + (low - at) * step, step))
        at += length
    return kept
