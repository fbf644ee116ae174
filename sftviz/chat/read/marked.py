"""Texts whose turns stand between marks, a header before and mostly a token behind: one row of `Marks` each."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from sftviz.chat.messages import Message
from sftviz.chat.read.bodies import Body, read_body
from sftviz.chat.read.written import BEGINS, FINISHES, Piece, Reading, Turn

SPACE = re.compile(r"\s*")
NAMED = re.compile(r"(\w+) name=(\S+)")
ROLES = {
    "model": "assistant", "bot": "assistant", "chatbot": "assistant", "gpt": "assistant", "ai": "assistant",
    "human": "user", "ipython": "tool", "function": "tool", "observation": "tool", "tool_response": "tool",
    "tool_result": "tool",
}  # fmt: skip


class Block(NamedTuple):
    """One turn as it stands: header [start, body), body [body, end), end tokens [end, stop), white space [stop, next).

    `end == stop` where no end token stands.
    """

    role: str
    start: int
    body: int
    end: int
    stop: int
    next: int


@dataclass(frozen=True)
class Marks:
    """How the turns of one family are told apart. `head` has a group `role`; `end` are the tokens that end a turn.

    `finish` are tokens that end a document: they end a turn where nothing but a header or the text's end follows.
    `spacers` is white space the template writes before the next header where a turn has no end token.
    """

    head: str
    end: str = r"(?!)"
    finish: str = FINISHES
    begin: str = BEGINS
    roles: Mapping[str, str] | None = None
    spacers: tuple[str, ...] = ()
    ended: tuple[str, ...] = ("system", "user", "assistant", "tool")  # roles whose turns have an end token
    next_ends: bool = False  # the next header's token is what the assistant writes to stop: GLM
    system_first: bool = False  # what stands before the first header is the system message
    preamble: re.Pattern[str] | None = None  # … unless it is the template's own

    def role(self, written: str) -> str:
        """The role that a header's word stands for; an unknown word stays as it is."""
        return (self.roles or {}).get(written) or ROLES.get(written, written)

    @cached_property
    def around(self) -> re.Pattern[str]:
        return re.compile(f"{self.begin}|{self.finish}|{BEGINS}|{FINISHES}")

    @cached_property
    def scanner(self) -> re.Pattern[str]:
        bare = re.sub(r"\(\?P<\w+>", "(?:", self.head)
        follows = rf"(?=\s*(?:{bare}|{self.end}|{self.finish}|{self.begin}|\Z))"
        return re.compile(
            f"(?P<head>{self.head})|(?P<end>{self.end})|(?P<finish>(?:{self.finish}){follows})"
            f"|(?P<begin>(?:{self.begin}){follows})",
            re.MULTILINE,
        )


def read_marked(marks: Marks, accepts: Callable[[str | None, str], bool] | None = None) -> Callable[[str], Reading]:
    """A reader for a family. `accepts(open role, header's word)`: False where such a header is only quoted there."""

    def read(text: str) -> Reading:
        found = blocks(text, marks, accepts)
        reading = Reading(around=marks.around)
        if marks.system_first:
            _read_preamble(text, found[0].start if found else len(text), marks, reading)
        for block in found:
            role = marks.role(block.role)
            _tell_end(text, block, role, marks, reading)
            for turn in turns_of(text, block, role, reading):
                reading.add(turn)
        return reading

    return read


def blocks(text: str, marks: Marks, accepts: Callable[[str | None, str], bool] | None = None) -> list[Block]:
    """The turns of a text in one pass, O(text)."""
    found: list[Block] = []
    opened: Block | None = None
    for match in marks.scanner.finditer(text):
        start, end = match.span()
        if match.lastgroup == "head":
            role = match["role"] or ""
            if accepts and not accepts(opened and marks.role(opened.role), role):
                continue
            if opened and _stops(marks, opened.role, role):
                body = match.end("mark")
                found.append(opened._replace(end=start, stop=body, next=body))
                opened = None if end == len(text) else Block(role, body, end, end, end, end)
                continue
            if opened:
                found.append(_closed(text, opened, start, start, marks))
            opened = Block(role, start, end, end, end, end)
        elif opened:
            stop = end if match.lastgroup != "begin" else start
            found.append(_closed(text, opened, start, stop, marks))
            opened = None
        elif match.lastgroup == "end" and found and found[-1].stop == start > found[-1].end:
            found[-1] = found[-1]._replace(stop=end)  # an end token written twice
    if opened:
        found.append(opened._replace(end=len(text), stop=len(text), next=len(text)))
    return list(_with_space(text, found))


def _stops(marks: Marks, opened: str, following: str) -> bool:
    """True where the following header's token is the last that the assistant writes."""
    return marks.next_ends and marks.role(opened) == "assistant" != marks.role(following)


def _closed(text: str, opened: Block, end: int, stop: int, marks: Marks) -> Block:
    spacer = next((s for s in marks.spacers if text.endswith(s, opened.body, end)), "") if end == stop else ""
    return opened._replace(end=end - len(spacer), stop=stop - len(spacer))


def _with_space(text: str, found: list[Block]) -> Iterator[Block]:
    """Each block with the white space behind it, up to the next header."""
    following = [block.start for block in found[1:]] + [len(text)] * bool(found)
    for block, limit in zip(found, following, strict=True):
        space = SPACE.match(text, block.stop, max(limit, block.stop))
        yield block._replace(next=space.end() if space else block.stop)


def turns_of(text: str, block: Block, role: str, reading: Reading) -> list[Turn]:
    """The messages that stand in a block: mostly one; several tool results may share a user's turn."""
    named = NAMED.fullmatch(role)
    role, name = (named[1], named[2]) if named else (role, None)
    inner = read_body(Body(text, block.body, block.end, role, cut=block.end == block.stop), reading)
    if name and inner[0].message:
        inner[0] = Turn(replace(inner[0].message, name=name), inner[0].pieces)
    inner[0] = inner[0].around(before=(Piece(block.start, block.body, "header"),))
    after = (Piece(block.end, block.stop, "end"), Piece(block.stop, block.next, "after_end"))
    inner[-1] = inner[-1].around(after=after)
    return inner


def _read_preamble(text: str, end: int, marks: Marks, reading: Reading) -> None:
    """Text before the first header: the system message, or what the template always writes."""
    tokens = re.match(rf"(?:\s*(?:{marks.begin}))*", text)
    start = tokens.end() if tokens and tokens.end() <= end else 0
    stop = start + len(text[start:end].rstrip())
    start += len(text[start:stop]) - len(text[start:stop].lstrip())
    if start >= stop:
        return
    if marks.preamble and marks.preamble.fullmatch(text, start, stop):
        reading.add(Turn(None, (Piece(start, end, "header"),)))
        return
    pieces = (Piece(start, stop, "content", "content"), Piece(stop, end, "after_end"))
    reading.add(Turn(Message("system", text[start:stop]), pieces))


def _goes_on(text: str, block: Block) -> bool:
    return text.endswith(("<tool_response|>", "<|tool_response>"), block.body, block.end)


def _tell_end(text: str, block: Block, role: str, marks: Marks, reading: Reading) -> None:
    """A notice where a turn misses the end token which others of its kind have.

    A turn that a call's result ends (Gemma 4) goes on behind the next header.
    """
    if block.stop > block.end or role not in marks.ended or block.body == block.end or _goes_on(text, block):
        return
    if block.next < len(text):
        reading.tell("unclosed_turn", placed=True, role=role)
    elif role == "assistant":
        reading.tell("cut_short", "note", placed=True)
