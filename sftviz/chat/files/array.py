"""A JSON list that is read a piece at a time: its items, however long the list is."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from sftviz.chat.files.streams import LONGEST_LINE
from sftviz.chat.messages import ChatError
from sftviz.chat.read.json_text import read_json
from sftviz.chat.read.lists import sample_place
from sftviz.chat.read.samples import Item, bad_item
from sftviz.words import Said

DECODER = json.JSONDecoder()
SPACE = re.compile(r"\s*")
NUMBER_GOES_ON = re.compile(r"\d[.eE\d]")  # 1 and .5 in two pieces


def items_of_array(pieces: Iterator[str]) -> Iterator[Item]:
    """The items of a JSON list that comes in pieces of text.

    What is broken ends the list, and is told as a sample that cannot be read.
    """
    text, number = _Growing(pieces), 0
    text.past("[")
    while not text.past("]"):
        number, begin = number + 1, (text.line, text.column)
        end = text.end_of_value()
        if end is None:
            yield Item(None, partial(_refused, text.rest(), begin), text.line)
            return
        yield Item(sample_place(number), partial(_read, text.cut(end), begin), begin[0])
        if not text.past(",") and text.next != "]":
            yield bad_item(ChatError("json", _line(text.line), what="expecting ',' or ']'"), text.line)
            return
    if text.next:
        yield bad_item(ChatError("json", _line(text.line), what="extra data behind the list"), text.line)


def past_space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def _read(text: str, begin: tuple[int, int]) -> Any:
    """The value of a text that begins at this line and column of the file; a mistake is told with its place there."""
    try:
        return read_json(text, begin[0])
    except ChatError as error:
        where = error.where
        if where is None or where.code != "place.line_and_column" or where["line"] != begin[0]:
            raise
        place = Said("place.line_and_column", line=begin[0], column=where["column"] + begin[1])
        raise ChatError(error.code, place, **dict(error.what.values)) from error


def _refused(text: str, begin: tuple[int, int]) -> Any:
    """What is wrong with a value that does not end: its own mistake, or that the list is not closed."""
    _read(text, begin)
    raise ChatError("json_open_bracket", _line(begin[0] + text.count("\n")))


def _line(number: int) -> Said:
    return Said("place.line", n=number)


class _Growing:
    """A text that is read as far as it is needed; what was cut off is gone.

    `line` is where the next value begins, from 1, `column` how many characters stand before it there.
    """

    def __init__(self, pieces: Iterator[str]):
        self._pieces = pieces
        self._text, self._at = "", 0
        self.line, self.column = 1, 0
        self._past_space()

    @property
    def next(self) -> str:
        """The next character that is no space; "" at the end."""
        return self._text[self._at : self._at + 1]

    def past(self, character: str) -> bool:
        """Step over the character, and the space behind it, where it stands next."""
        if self.next != character:
            return False
        self._move(self._at + 1)
        self._past_space()
        return True

    def end_of_value(self) -> int | None:
        """Where the JSON value that begins here ends; None where it does not."""
        wanted = 1
        while True:
            try:
                end = DECODER.raw_decode(self._text, self._at)[1]
            except (ValueError, RecursionError):
                end = len(self._text)
            if end < len(self._text) and not NUMBER_GOES_ON.match(self._text, end - 1):
                return end
            grown = [self._grow() for _ in range(wanted)]
            if len(self._text) - self._at > LONGEST_LINE or not any(grown):
                return None
            wanted *= 2  # a value that is long, or broken, is not tried after every piece

    def cut(self, end: int) -> str:
        value = self._text[self._at : end]
        self._move(end)
        self._text, self._at = self._text[end:], 0
        self._past_space()
        return value

    def rest(self) -> str:
        return self._text[self._at :]

    def _past_space(self) -> None:
        self._move(past_space(self._text, self._at))
        while self._at == len(self._text) and self._grow():
            self._move(past_space(self._text, self._at))

    def _move(self, at: int) -> None:
        broken = self._text.rfind("\n", self._at, at)
        self.line += self._text.count("\n", self._at, at)
        self.column = at - broken - 1 if broken >= 0 else self.column + at - self._at
        self._at = at

    def _grow(self) -> bool:
        piece = next(self._pieces, "")
        self._text += piece
        return bool(piece)
