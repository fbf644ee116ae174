"""Bytes as they come -> lines of text: unpacked, bounded, decoded; the encoding and its mark are told."""

import gzip
import io
from collections.abc import Iterator
from typing import BinaryIO

from sftviz.chat.messages import ChatError, Notice
from sftviz.chat.read.encodings import encoding_notice, encoding_of, name_of, refuse_binary, undecodable
from sftviz.chat.read.places import within
from sftviz.words import Said

PIECE = 2**16  # characters
HEAD = 2**20  # bytes that are looked at to tell what a file is
LONGEST_LINE = 25_000_000  # bytes
GZIP = b"\x1f\x8b"
MARK = "\ufeff"


class Stream(io.RawIOBase):
    """A stream whose first bytes were looked at. Raises ChatError where more than `most` bytes are read."""

    def __init__(self, stream: BinaryIO, most: int | None = None):
        self.head = stream.read(HEAD)
        self._rest, self._at, self._most = stream, 0, most
        if most is not None and len(self.head) > most:
            raise too_large(most)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self._at < len(self.head):
            piece = self.head[self._at : self._at + len(buffer)]
        else:
            piece = _unpacked(self._rest, len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        if self._most is not None and self._at > self._most:
            raise too_large(self._most)
        return len(piece)


def _unpacked(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        if isinstance(stream, gzip.GzipFile):
            raise ChatError("gzip", what=str(error)) from error
        raise


def too_large(most: int) -> ChatError:
    return ChatError("file_too_large", most=most / 1e6)


def unpacked(stream: BinaryIO, most: int | None) -> Stream:
    """The stream, or what a gzip stream holds; `most` counts bytes after unpacking."""
    opened = Stream(stream, most)
    if not opened.head.startswith(GZIP):
        return opened
    try:
        return Stream(gzip.GzipFile(fileobj=io.BufferedReader(opened)), most)  # pyright: ignore[reportArgumentType]
    except (EOFError, OSError) as error:
        raise ChatError("gzip", what=str(error)) from error


class Lines:
    """The lines of a text file, numbered from 1. `head` is its beginning, as text."""

    def __init__(self, stream: Stream):
        refuse_binary(stream.head)
        self.encoding = encoding_of(stream.head)
        self.head = stream.head.decode(self.encoding, errors="ignore")
        self.is_whole = len(stream.head) < HEAD  # the head is all there is
        self._stream = io.BufferedReader(stream)
        self.notices = [] if self.encoding == "utf-8" else [encoding_notice(self.encoding)]
        if self.head.startswith(MARK):
            self.head = self.head.removeprefix(MARK)
            self.notices.append(Notice("byte_order_mark", None, {}, "note"))

    def read(self, most: int) -> bytes:
        """All of it. Raises ChatError where it is longer than `most` bytes."""
        data = self._stream.read(most + 1)
        if len(data) > most:
            raise too_large(most)
        return data

    def numbered(self) -> Iterator[tuple[int, str | ChatError]]:
        """Each line with its number; in the place of one that cannot be decoded, its error."""
        lines = self._bytes() if self.encoding == "utf-8" else self._decoded()
        for number, line in lines:
            yield number, line.removeprefix(MARK) if number == 1 and isinstance(line, str) else line

    def texts(self) -> Iterator[str]:
        """The lines alone. Raises ChatError at the first that cannot be decoded."""
        for _, line in self.numbered():
            if isinstance(line, ChatError):
                raise line
            yield line

    def pieces(self) -> Iterator[str]:
        """The text a piece at a time, whatever its lines are. Raises ChatError where it cannot be decoded."""
        text = io.TextIOWrapper(self._stream, self.encoding, newline="")
        try:
            if piece := text.read(PIECE).removeprefix(MARK):
                yield piece
            while piece := text.read(PIECE):
                yield piece
        except UnicodeDecodeError as error:
            raise ChatError("encoding", name=name_of(self.encoding)) from error

    def _bytes(self) -> Iterator[tuple[int, str | ChatError]]:
        number = 0
        while line := self._stream.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                yield number, ChatError("line_too_long", _line(number), most=LONGEST_LINE / 1e6)
                while line and not line.endswith(b"\n"):
                    line = self._stream.readline(LONGEST_LINE)
                continue
            try:
                yield number, line.decode("utf-8")
            except UnicodeDecodeError as error:
                told = undecodable(line, error, "utf-8")
                values = dict(told.what.values)
                yield number, ChatError(told.code, within(_line(number), told.where), **values)

    def _decoded(self) -> Iterator[tuple[int, str | ChatError]]:
        number = 0
        text = io.TextIOWrapper(self._stream, self.encoding, newline="\n")
        while True:
            try:
                line = text.readline(LONGEST_LINE)
            except UnicodeDecodeError:
                yield number + 1, ChatError("encoding", _line(number + 1), name=name_of(self.encoding))
                return
            if not line:
                return
            number += 1
            yield number, line


def _line(number: int) -> Said:
    return Said("place.line", n=number)
