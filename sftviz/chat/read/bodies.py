"""What stands between a turn's header and its end: content, thoughts, calls, results, lists of tools."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sftviz.chat.messages import Message, ToolCall
from sftviz.chat.read.calls import bare_call, next_call
from sftviz.chat.read.listed_tools import listed_tools
from sftviz.chat.read.own_words import given_words
from sftviz.chat.read.written import Piece, Reading, Turn

THOUGHTS = (
    ("<think>", "</think>"),
    ("<|channel>thought", "<channel|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"),
)
RESPONSE_MARKS = ("<|START_RESPONSE|>", "<|END_RESPONSE|>")  # Cohere's, round the words of a reply
RESULTS = (
    (re.compile(r"\s*<tool_response>\n?"), re.compile(r"\n?</tool_response>\s*")),
    (re.compile(r"\s*<\|tool_response_start\|>"), re.compile(r"<\|tool_response_end\|>\s*")),
    (
        re.compile(r'<\|tool_response>response:[^{<]*\{(?:value:)?(?:<\|"\|>)?'),
        re.compile(r'(?:<\|"\|>)?\}?<tool_response\|>'),
    ),
    (re.compile(r"<\|START_TOOL_RESULT\|>"), re.compile(r"<\|END_TOOL_RESULT\|>")),
    (re.compile(r"<tool_output name=\"[^\"\n]*\">\n?"), re.compile(r"\n?</tool_output>\s*")),
)  # fmt: skip
RESULT_IN_REPLY = "<|tool_response>"
IDENTITY = {"<think>"}  # tags that any template takes inside a content


@dataclass(frozen=True)
class Body:
    """A turn's body [start, end) of the text. cut: no end token follows."""

    text: str
    start: int
    end: int
    role: str
    cut: bool = False


def read_body(body: Body, reading: Reading) -> list[Turn]:
    """The messages of one body, in order: at least one; tools and doubts go to the reading."""
    if body.role == "assistant":
        return list(_reply_and_results(body, reading))
    if body.role in ("user", "tool", "system"):
        results = _results(body)
        if results:
            return results
    if body.role == "system":
        return [_system(body, reading)]
    if body.role in ("developer", "user"):
        return [_with_tools(body, reading)]
    part = "tool_result" if body.role == "tool" else "content"
    return [_plain(body, part)]


def _plain(body: Body, part: str = "content") -> Turn:
    content = body.text[body.start : body.end]
    return Turn(Message(body.role, content), (Piece(body.start, body.end, part, "content"),))


def _system(body: Body, reading: Reading) -> Turn:
    """A system turn without what its template writes there on its own; nothing else in it: no message."""
    start, end = given_words(body.text, body.start, body.end)
    own = (Piece(body.start, start, "header"),), (Piece(end, body.end, "header"),)
    if start == end and body.start < body.end:
        return Turn(None, own[0] + own[1])
    return _with_tools(replace(body, start=start, end=end), reading).around(*own)


def _with_tools(body: Body, reading: Reading) -> Turn:
    """A message beside which the template has listed the tools, or only that list."""
    listed = listed_tools(body.text, body.start, body.end, body.role)
    if not listed:
        return _plain(body)
    first = len(reading.tools)
    reading.tools += listed.tools
    if listed.unread:
        reading.tell("tools_not_read", "note")
    pieces = [
        Piece(p.start, p.end, p.part, f"tools.{int(p.field[6:]) + first}" if p.field.startswith("tools.") else p.field)
        for p in listed.pieces
    ]
    quoted = [piece for piece in pieces if piece.field == "content"]
    if not quoted and body.role != "user":
        return Turn(None, tuple(pieces))
    content = "".join(body.text[piece.start : piece.end] for piece in quoted)
    return Turn(Message(body.role, content), tuple(pieces))


def _results(body: Body) -> list[Turn]:
    """The tool results that a body holds and nothing else, each a message of its own."""
    turns: list[Turn] = []
    at = body.start
    while at < body.end:
        turn, stop = _result(body, at)
        if not turn:
            return []
        turns.append(turn)
        at = stop
    return turns


def _result(body: Body, at: int) -> tuple[Turn | None, int]:
    for opening, closing in RESULTS:
        opened = opening.match(body.text, at, body.end)
        closed = closing.search(body.text, opened.end(), body.end) if opened else None
        if opened and closed:
            a, b = opened.end(), closed.start()
            pieces = (
                Piece(at, a, "tool_result"),
                Piece(a, b, "tool_result", "content"),
                Piece(b, closed.end(), "tool_result"),
            )
            return Turn(Message("tool", body.text[a:b]), pieces), closed.end()
    return None, at


def _reply_and_results(body: Body, reading: Reading) -> Iterator[Turn]:
    """A reply; Gemma 4 writes the results of its calls, and what is said then, into the same turn."""
    at = body.start
    while True:
        stop = body.text.find(RESULT_IN_REPLY, at, body.end)
        if stop < 0 or stop + len(RESULT_IN_REPLY) >= body.end:
            break
        result, after = _result(body, stop)
        if not result:
            break
        if at < stop or at == body.start:
            yield reply(Body(body.text, at, stop, body.role), reading)
        yield result
        at = after
    if at < body.end or at == body.start:
        yield reply(Body(body.text, at, body.end, body.role, body.cut), reading)


def reply(body: Body, reading: Reading) -> Turn:
    """An assistant's body: thoughts first, then words and calls."""
    pieces, thoughts, at, inline = _thoughts(body)
    calls: list[ToolCall] = []
    words: list[Piece] = []
    bare = bare_call(body.text, at, body.end)
    if bare:
        calls, found = [bare[0]], bare[1]
        pieces += found
    else:
        words, found = _words_and_calls(body, at, calls, reading)
        pieces += found
    content = "".join(body.text[piece.start : piece.end] for piece in words if piece.field == "content")
    before_calls = next((p.start for p in found if p.part == "tool_call" and p.field != "content"), body.end)
    whole = body.text[body.start : before_calls] if inline and len(words) < 2 else None
    return Turn(Message("assistant", content, "\n\n".join(thoughts), tuple(calls), inline=whole), tuple(pieces))


def _thoughts(body: Body) -> tuple[list[Piece], list[str], int, bool]:
    """(pieces, thoughts, where the reply goes on, whether the tags are ones that stand in a content)."""
    pieces: list[Piece] = []
    thoughts: list[str] = []
    at, inline = body.start, False
    while True:
        lead = _past(body.text, at, body.end, " \t\r\n")
        tags = next((tags for tags in THOUGHTS if body.text.startswith(tags[0], lead)), None)
        if not tags or lead >= body.end:
            break
        start = lead + len(tags[0])
        close = body.text.find(tags[1], start, body.end)
        stop = close if close >= 0 else body.end
        pieces += _thought(body, at, start, stop, tags[1] if close >= 0 else "", thoughts)
        at, inline = pieces[-1].end, inline or tags[0] in IDENTITY
    if not pieces:
        close = body.text.find("</think>", body.start, body.end)
        if close >= body.start and body.text.find("<think>", body.start, close) < 0:
            pieces = _thought(body, at, at, close, "</think>", thoughts)
            at, inline = pieces[-1].end, True
    return pieces, thoughts, at, inline


def _thought(body: Body, lead: int, start: int, stop: int, closing: str, thoughts: list[str]) -> list[Piece]:
    """A thought between its tags, with the newlines next to them."""
    after = _past(body.text, stop + len(closing), body.end, "\r\n")
    a = _past(body.text, start, stop, "\r\n")
    b = a + len(body.text[a:stop].rstrip("\r\n"))
    if not body.text[a:b].strip():
        return [Piece(lead, after, "empty_reasoning")]
    thoughts.append(body.text[a:b])
    return [
        Piece(lead, a, "reasoning"),
        Piece(a, b, "reasoning", "reasoning"),
        Piece(b, after, "reasoning"),
    ] if after > b else [Piece(lead, a, "reasoning"), Piece(a, b, "reasoning", "reasoning")]  # fmt: skip


def _past(text: str, at: int, end: int, characters: str) -> int:
    while at < end and text[at] in characters:
        at += 1
    return at


def _words_and_calls(body: Body, at: int, calls: list[ToolCall], reading: Reading) -> tuple[list[Piece], list[Piece]]:
    """(the pieces of content, all pieces) of what follows the thoughts."""
    words: list[Piece] = []
    pieces: list[Piece] = []
    while True:
        call = next_call(body.text, at, body.end, len(calls))
        said = _said(body.text, at, call.start if call else body.end, beside_call=bool(call or calls))
        words += said
        pieces += said
        if not call:
            return [piece for piece in words if piece.field == "content"], pieces
        calls += call.calls
        pieces += call.pieces
        words += [piece for piece in call.pieces if piece.field == "content"]
        if not call.calls:
            reading.tell("call_not_read", placed=True, start=body.text[call.start : call.start + 40])
        at = call.stop


def _said(text: str, start: int, end: int, *, beside_call: bool) -> list[Piece]:
    """Words of a reply; the newlines between words and a call, and Cohere's marks, are the template's."""
    opening, closing = RESPONSE_MARKS
    if text.startswith(opening, start) and end - start >= len(opening):
        stop = end - len(closing) if text.endswith(closing, start + len(opening), end) else end
        inner = start + len(opening)
        return [
            Piece(start, inner, "content"), Piece(inner, stop, "content", "content"), Piece(stop, end, "content"),
        ]  # fmt: skip
    if not beside_call:
        return [Piece(start, end, "content", "content")]
    if not text[start:end].strip():
        return [Piece(start, end, "tool_call")]
    stop = start + len(text[start:end].rstrip("\n"))
    return [Piece(start, stop, "content", "content"), Piece(stop, end, "tool_call")]
