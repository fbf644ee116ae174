"""Who wrote each character of a rendered chat: the template or a message, which turn, and which part of it.

Text is never searched for. Every field of every message is wrapped in a pair of private characters that occur nowhere
in the chat, the template runs, and where the pairs come out is where the fields are. See `engine` for the marks
round turns, tool calls and generation blocks, and for the proof that the marks changed nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sftviz.chat.messages import Chat, Message
from sftviz.chat.read.json_text import is_list, is_object
from sftviz.chat.spans import Span

PRIVATE = (range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE), range(0xE000, 0xF900))
CONTROL_LIKE = re.compile(r"<\|[^|<>\s]+\|>|<｜[^｜<>\s]+｜>|</s>|<(?:eos|end_of_turn|turn\|)>|\[/INST\]")

FIELDS = ("content", "reasoning", "tool_call")


@dataclass(frozen=True)
class Mark:
    kind: str  # "turn", "call", "tools", "generation", or one of FIELDS
    message: int | None
    opens: bool


@dataclass(frozen=True)
class _Piece:
    start: int
    end: int
    turn: int | None
    field: Mark | None
    in_call: bool
    in_tools: bool
    generated: bool


class Marks:
    """A pair of private characters for everything that is told apart, none of which occurs in `texts`."""

    def __init__(self, texts: Iterable[str]):
        used = {character for text in texts for character in text if ord(character) >= 0xE000}
        self._free = (chr(code) for block in PRIVATE for code in block if chr(code) not in used)
        self.meaning: dict[str, Mark] = {}

    def pair(self, kind: str, message: int | None = None) -> list[str]:
        opening, closing = next(self._free, ""), next(self._free, "")
        if not closing:
            raise ValueError("the chat uses every private-use character, so none is left to tell its parts apart")
        self.meaning[opening] = Mark(kind, message, opens=True)
        self.meaning[closing] = Mark(kind, message, opens=False)
        return [opening, closing]

    @property
    def characters(self) -> str:
        return "".join(self.meaning)


def job(chat: Chat, template: str, variables: dict[str, Any]) -> tuple[dict[str, Any], Marks]:
    """What `jinja_engine.render` needs for this chat, and the marks to read its answer with."""
    messages = chat.to_dicts()
    marks = Marks([template, repr(messages), *_strings([messages, list(chat.tools)])])
    fields = [{name: marks.pair(name, i) for name in FIELDS} for i in range(len(messages))]
    tight = [_marked(message, pairs, _wrap) for message, pairs in zip(messages, fields, strict=True)]
    trimmed = [_marked(message, pairs, _wrap_core) for message, pairs in zip(messages, fields, strict=True)]
    pairs = {
        "turns": [marks.pair("turn", i) for i in range(len(messages))],
        "calls": [[marks.pair("call", i) for _ in message.tool_calls] for i, message in enumerate(chat.messages)],
        "tools": [marks.pair("tools") for _ in chat.tools],
        "generation": marks.pair("generation"),
        "characters": marks.characters,
    }
    request = {
        "template": template,
        "messages": messages,
        "candidates": [tight, trimmed, messages],
        "tools": list(chat.tools),
        "variables": variables,
        "marks": pairs,
    }
    return request, marks


def spans(marked: str, marks: Marks, chat: Chat, has_generation: bool) -> tuple[Span, ...]:
    """The spans of a marked rendering, tiling the text it has without its marks."""
    pieces = _owned(list(_pieces(marked, marks)), chat)
    text = marked.translate(dict.fromkeys(map(ord, marks.characters)))
    found: list[Span] = []
    for turn, group in groupby(pieces, key=lambda piece: piece.turn):
        found += _turn_spans(list(group), turn, chat.messages, text)
    if not has_generation:
        found = [replace(span, generated=None) for span in found]
    return tuple(_merged(found))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_object(value):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)
    elif is_list(value):
        for item in value:
            yield from _strings(item)


Wrap = Callable[[str, list[str]], str]


def _wrap(text: str, pair: list[str]) -> str:
    return f"{pair[0]}{text}{pair[1]}" if text else text


def _wrap_core(text: str, pair: list[str]) -> str:
    # Inside the white space, so that a template that trims finds the same ends
    core = text.strip()
    return text.replace(core, _wrap(core, pair), 1) if core else text


def _marked(message: dict[str, Any], pairs: dict[str, list[str]], wrap: Wrap) -> dict[str, Any]:
    marked = {**message, "content": wrap(message["content"], pairs["content"])}
    if "reasoning_content" in message:
        marked["reasoning_content"] = wrap(message["reasoning_content"], pairs["reasoning"])
    if "tool_calls" in message:
        marked["tool_calls"] = [_marked_call(call, pairs["tool_call"], wrap) for call in message["tool_calls"]]
    return marked


def _marked_call(call: dict[str, Any], pair: list[str], wrap: Wrap) -> dict[str, Any]:
    def leaves(value: Any) -> Any:
        if isinstance(value, str):
            return wrap(value, pair)
        if is_object(value):
            return {key: leaves(item) for key, item in value.items()}
        return [leaves(item) for item in value] if is_list(value) else value

    return {**call, "function": leaves(call["function"])}


def _pieces(marked: str, marks: Marks) -> Iterator[_Piece]:
    """The text between marks, each with what is open round it."""
    here = _Piece(0, 0, None, None, in_call=False, in_tools=False, generated=False)
    for chunk in re.split(f"([{re.escape(marks.characters)}])", marked):
        mark = marks.meaning.get(chunk)
        if mark:
            here = _after(here, mark)
        elif chunk:
            here = replace(here, start=here.end, end=here.end + len(chunk))
            yield here


def _after(here: _Piece, mark: Mark) -> _Piece:
    if mark.kind == "turn":
        return replace(here, turn=mark.message if mark.opens else None)
    if mark.kind == "generation":
        return replace(here, generated=mark.opens)
    if mark.kind == "call":
        return replace(here, in_call=mark.opens)
    if mark.kind == "tools":
        return replace(here, in_tools=mark.opens)
    return replace(here, field=mark if mark.opens else None)


def _owned(pieces: list[_Piece], chat: Chat) -> list[_Piece]:
    """Give text outside the template's loop an owner: the message whose field it wraps, or the last reply."""
    owned: list[_Piece] = []
    replies = [i for i, message in enumerate(chat.messages) if message.role == "assistant"]
    for turn, group in groupby(pieces, key=lambda piece: piece.turn):
        run = list(group)
        if turn is None:
            turn = next((piece.field.message for piece in run if piece.field), None)
            if turn is None and run[0].generated and replies:
                turn = replies[-1]
        owned += [replace(piece, turn=turn) for piece in run]
    return owned


def _turn_spans(run: list[_Piece], turn: int | None, messages: tuple[Message, ...], text: str) -> Iterator[Span]:
    own = [_own_part(piece, messages) for piece in run]
    anchors = [i for i, part in enumerate(own) if part]
    first, last = (anchors[0], anchors[-1]) if anchors else (None, None)
    ended = False
    for i, (piece, part) in enumerate(zip(run, own, strict=True)):
        if part:
            yield _span(piece, piece.start, piece.end, part, messages)
        elif turn is None:
            yield _span(piece, piece.start, piece.end, "gap", messages)
        elif first is not None and last is not None and i < last:
            yield _span(piece, piece.start, piece.end, _between(own, i, piece.generated), messages)
        else:
            before = own[last] if last is not None else None
            for tail in _tail(piece, text, before, ended, first_in_turn=i == 0):
                ended = ended or tail[2] == "end"
                yield _span(piece, *tail, messages)


def _own_part(piece: _Piece, messages: tuple[Message, ...]) -> str | None:
    if piece.field:
        is_result = piece.field.kind == "content" and messages[piece.field.message or 0].role == "tool"
        return "tool_result" if is_result else piece.field.kind
    if piece.in_call:
        return "tool_call"
    return "tools" if piece.in_tools else None


def _between(own: list[str | None], i: int, generated: bool) -> str:
    """The part of template text that stands before the turn's last field."""
    previous = next((part for part in reversed(own[:i]) if part), None)
    following = next(part for part in own[i:] if part)
    if previous is None:
        return following if generated and following in ("reasoning", "tool_call") else "header"
    if "tools" in (previous, following):
        return "tools"
    if following == "tool_call":
        return "tool_call"
    return "reasoning" if previous == "reasoning" else "header"


def _tail(
    piece: _Piece, text: str, before: str | None, ended: bool, first_in_turn: bool
) -> Iterator[tuple[int, int, str]]:
    """Cut what follows the turn's last field into what closes the field, the end of the turn, and the gap after it."""
    if ended and not piece.generated:
        yield piece.start, piece.end, "gap"
        return
    found = list(CONTROL_LIKE.finditer(text, piece.start, piece.end))
    starts_turn = first_in_turn and before is None
    if not found or (starts_turn and len(found) == 1 and found[0].start() == piece.start):
        yield from _unmarked_tail(piece, text, before, starts_turn)
        return
    end = found[-1]
    closing = before if before in ("reasoning", "tool_call", "tool_result", "tools") else "gap" if before else "header"
    if piece.start < end.start():
        yield piece.start, end.start(), closing
    stop = piece.end if piece.generated else end.end()
    yield end.start(), stop, "end"
    if stop < piece.end:
        yield stop, piece.end, "gap"


def _unmarked_tail(piece: _Piece, text: str, before: str | None, starts_turn: bool) -> Iterator[tuple[int, int, str]]:
    if starts_turn:
        part = "header"
    elif piece.generated:
        part = before or "end"
    else:
        part = before if before in ("tool_call", "tool_result") else "gap"
    yield piece.start, piece.end, part


def _span(piece: _Piece, start: int, end: int, part: str, messages: tuple[Message, ...]) -> Span:
    message = piece.field.message if piece.field else piece.turn
    role = messages[message].role if message is not None else None
    field = piece.field.kind if piece.field else ""
    return Span(start, end, message, role, part, message if field else None, field, piece.generated)


def _merged(found: list[Span]) -> Iterator[Span]:
    for _, group in groupby(found, key=lambda span: replace(span, start=0, end=0)):
        run = list(group)
        yield replace(run[0], end=run[-1].end)
