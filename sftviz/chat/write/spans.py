"""Pieces -> spans: in which part of its turn every stretch of text stands.

A turn is header, fields and what the template writes between and round them, end-of-turn, and what follows it. Fields
are known; the rest is told by where it stands, and the end-of-turn by what the template writes after a reply.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sftviz.chat.messages import Message
from sftviz.chat.spans import THINK_TAGS, Span
from sftviz.chat.write.control import SAYS_END, THINK_BLOCK, THINK_CLOSES, THINK_OPENS
from sftviz.chat.write.pieces import Piece, is_plain_role, own_part

CLOSED = ("reasoning", "tool_call", "tool_result", "tools")


@dataclass(frozen=True)
class Frame:
    """What a template writes round a plain reply, learned from a chat of its own: see `frame.frame_of`."""

    header: str = ""
    ends: tuple[str, ...] = ()  # after a reply in the middle, and at the end of the document, without white space
    bos: str = ""


@dataclass(slots=True)
class _Cut:
    """A stretch of a span to be: which piece, which part of it, and as what."""

    piece: Piece
    start: int
    end: int
    turn: int | None
    part: str


class Parts:
    """The parts of every turn of one text."""

    def __init__(self, text: str, messages: Sequence[Message], control: re.Pattern[str], frame: Frame):
        self.text, self.messages, self.control, self.frame = text, messages, control, frame

    def cuts(self, pieces: Sequence[Piece]) -> list[_Cut]:
        turns: dict[int, list[Piece]] = {}
        for piece in pieces:
            piece.part = own_part(piece, self.messages)
            if piece.turn is not None:
                turns.setdefault(piece.turn, []).append(piece)
        cut: dict[int, list[_Cut]] = {piece.start: [] for piece in pieces}
        for turn, run in turns.items():
            for one in self._turn(run, self.messages[turn]):
                cut[one.piece.start].append(one)
        nobody = (_Cut(p, p.start, p.end, None, p.part or "gap") for p in pieces if p.turn is None)
        for one in nobody:
            cut[one.piece.start].append(one)
        return [one for piece in pieces for one in cut[piece.start]]

    def _turn(self, run: list[Piece], message: Message) -> Iterator[_Cut]:
        anchors = [i for i, piece in enumerate(run) if piece.part]
        first, last = (anchors[0], anchors[-1]) if anchors else (len(run), -1)
        for i, piece in enumerate(run[: last + 1]):
            if piece.part:
                yield from self._field(piece, message)
            elif i < first:
                yield from self._header(piece, run[first], message)
            else:
                before = next(run[k].part for k in reversed(anchors) if k < i)
                after = next(run[k].part for k in anchors if k > i)
                yield from self._between(piece, before, after)
        if anchors:
            yield from self._tail(run[last + 1 :], run[last].part)
        else:
            yield from self._without_words(run, message)

    def _field(self, piece: Piece, message: Message) -> Iterator[_Cut]:
        """A field's text; a message that holds its thought inside its content is cut into thought, tags and reply."""
        if message.inline is None or piece.leaf is None or piece.leaf.field != "content" or not piece.exact:
            yield self._whole(piece, piece.part)
            return
        for start, end, part in inline_parts(message):
            low, high = max(start, piece.place), min(end, piece.place + piece.end - piece.start)
            if low < high:
                at = piece.start - piece.place
                yield _Cut(piece, at + low, at + high, piece.turn, part)

    def _header(self, piece: Piece, anchor: Piece, message: Message) -> Iterator[_Cut]:
        """Before the first field: a default system turn, the header, then what opens the field."""
        text = self.text[piece.start : piece.end]
        start = self._other_turns(piece, text)
        if start:
            yield _Cut(piece, piece.start, piece.start + start, None, "gap")
        if message.role != "assistant":
            yield from self._rest(piece, start, "header")
            return
        opens = self._opening(text, start, anchor.part, piece.generated)
        if start < opens:
            yield from self._thoughts(piece, piece.start + start, piece.start + opens, "header")
        yield from self._rest(piece, opens, anchor.part if anchor.part in ("reasoning", "tool_call") else "header")

    def _rest(self, piece: Piece, start: int, part: str) -> Iterator[_Cut]:
        if piece.start + start < piece.end:
            yield _Cut(piece, piece.start + start, piece.end, piece.turn, part)

    def _other_turns(self, piece: Piece, text: str) -> int:
        """How far the text before the first field belongs to no message: BOS, a system turn that nobody wrote."""
        start = len(self.frame.bos) if piece.start == 0 and self.frame.bos and text.startswith(self.frame.bos) else 0
        ends = [text.rfind(end) + len(end) for end in self.frame.ends if end and end in text]
        at = max(ends, default=0)
        while at and at < len(text) and text[at].isspace():
            at += 1
        return max(start, at if at < len(text) else 0)

    def _opening(self, text: str, start: int, following: str, generated: bool) -> int:
        """Where the header ends and the first field's own opening begins (<think>, <tool_call> …)."""
        if following not in ("reasoning", "tool_call"):
            return len(text)
        header = self.frame.header
        if header and text.startswith(header, start) and not generated:
            return start + len(header)
        if generated:
            return start
        thought = THINK_OPENS.search(text, start) if following == "reasoning" else None
        return thought.start() if thought else len(text)

    def _thoughts(self, piece: Piece, start: int, end: int, part: str) -> Iterator[_Cut]:
        """Text of the template's own, in which an empty think block is a part of its own."""
        at = start
        for block in THINK_BLOCK.finditer(self.text, start, end):
            if at < block.start():
                yield _Cut(piece, at, block.start(), piece.turn, part)
            yield _Cut(piece, block.start(), block.end(), piece.turn, "empty_reasoning")
            at = block.end()
        if at < end:
            yield _Cut(piece, at, end, piece.turn, part)

    def _between(self, piece: Piece, before: str, after: str) -> Iterator[_Cut]:
        if piece.leaf is not None and not is_plain_role(piece.leaf):
            yield self._whole(piece, "header")
        elif before == after:
            yield self._whole(piece, before)
        elif "tools" in (before, after):
            yield self._whole(piece, "tools")
        elif before == "reasoning":
            yield from self._after_thought(piece, after)
        else:
            yield self._whole(piece, "tool_call" if "tool_call" in (before, after) else "header")

    def _after_thought(self, piece: Piece, after: str) -> Iterator[_Cut]:
        text, header = self.text[piece.start : piece.end], self.frame.header
        closing = THINK_CLOSES.match(text)
        at = closing.end() if closing else len(text)
        if not closing and header and text.endswith(header):
            at = len(text) - len(header)
        yield _Cut(piece, piece.start, piece.start + at, piece.turn, "reasoning")
        yield from self._rest(piece, at, "tool_call" if after == "tool_call" else "header")

    def _tail(self, rest: list[Piece], before: str) -> Iterator[_Cut]:
        """What follows the last field: what closes it, the end-of-turn, and what comes after that."""
        tail = "".join(self.text[piece.start : piece.end] for piece in rest)
        start, stop = self._end(tail, before)
        closing = before if before in CLOSED else "gap"
        at = 0
        for piece in rest:
            for low, high, part in ((0, start, closing), (start, stop, "end"), (stop, len(tail), "after_end")):
                low, high = max(low, at), min(high, at + piece.end - piece.start)
                if low < high:
                    shift = piece.start - at
                    yield _Cut(piece, shift + low, shift + high, piece.turn, part)
            at += piece.end - piece.start

    def _end(self, tail: str, before: str) -> tuple[int, int]:
        """Where the end-of-turn begins and ends in a turn's tail; both at its end where there is none."""
        none = len(tail), len(tail)
        if not tail.strip():
            return none
        learned = [(tail.rfind(end), end) for end in self.frame.ends if end and end in tail]
        if learned:
            start, end = max(learned, key=lambda found: (len(found[1]), found[0]))
            return start, start + len(end)
        tokens = [token for token in self.control.finditer(tail) if not self._closes(token.group(), before)]
        if tokens:
            first = tokens[0] if before == "content" else tokens[-1]
            return first.start(), tokens[-1].end()
        if before in CLOSED:
            return none
        return len(tail) - len(tail.lstrip()), len(tail.rstrip())

    @staticmethod
    def _closes(token: str, before: str) -> bool:
        """</tool_call>, [/TOOL_RESULTS]: they close the field, not the turn."""
        return before in CLOSED and re.match(r"</(?!s>)|\[/", token) is not None

    def _without_words(self, run: list[Piece], message: Message) -> Iterator[_Cut]:
        """A turn whose fields are empty: header, then the end-of-turn that the template writes after nothing."""
        text = "".join(self.text[piece.start : piece.end] for piece in run)
        start, stop = self._bare_end(text)
        at = 0
        for piece in run:
            for low, high, part in ((0, start, "header"), (start, stop, "end"), (stop, len(text), "after_end")):
                low, high = max(low, at), min(high, at + piece.end - piece.start)
                if low < high:
                    shift = piece.start - at
                    assistant = message.role == "assistant" and part == "header"
                    whole = _Cut(piece, shift + low, shift + high, piece.turn, part)
                    yield from self._thoughts(piece, whole.start, whole.end, part) if assistant else (whole,)
            at += piece.end - piece.start

    def _bare_end(self, text: str) -> tuple[int, int]:
        learned = [(text.rfind(end), end) for end in self.frame.ends if end and end in text]
        if learned:
            start, end = max(learned, key=lambda found: (len(found[1]), found[0]))
            return start, start + len(end)
        tokens = [token for token in self.control.finditer(text) if token.start()]
        if tokens and SAYS_END.search(tokens[-1].group()):
            return tokens[-1].start(), tokens[-1].end()
        return len(text), len(text)

    def _whole(self, piece: Piece, part: str) -> _Cut:
        return _Cut(piece, piece.start, piece.end, piece.turn, part)


def inline_parts(message: Message) -> list[tuple[int, int, str]]:
    """(start, end, part) of the content as it was written: the thought, its tags, the reply."""
    whole = message.inline or ""
    reply = len(whole) - len(message.content) if whole.endswith(message.content) else whole.rfind(message.content)
    thought = whole.find(message.reasoning, 0, max(reply, 0))
    if reply < 0 or thought < 0 or not message.reasoning:
        return [(0, len(whole), "content")] if reply <= 0 else [(0, reply, THINK_TAGS), (reply, len(whole), "content")]
    end, stop = thought + len(message.reasoning), reply + len(message.content)
    cut = [(0, thought, THINK_TAGS), (thought, end, "reasoning"), (end, reply, THINK_TAGS), (reply, stop, "content")]
    return [*cut, (stop, len(whole), "content")]


def spans(cuts: Sequence[_Cut], messages: Sequence[Message], *, has_generation: bool) -> tuple[Span, ...]:
    """Tile the text: neighbours of the same kind are one span."""
    found: list[Span] = []
    for cut in cuts:
        span = _span(cut, messages, has_generation)
        last = found[-1] if found else None
        if last and _kind(last) == _kind(span) and last.end == span.start:
            found[-1] = Span(last.start, span.end, *_kind(last))
        else:
            found.append(span)
    return tuple(found)


def _span(cut: _Cut, messages: Sequence[Message], has_generation: bool) -> Span:
    leaf, part, source, field = cut.piece.leaf, cut.part, None, ""
    if leaf is not None and leaf.is_quoted and not is_plain_role(leaf):
        source, field = leaf.message, leaf.field
        if part == THINK_TAGS:
            part, field = "reasoning", THINK_TAGS
        elif part == "reasoning":
            field = "reasoning"
    role = messages[cut.turn].role if cut.turn is not None else None
    generated = cut.piece.generated if has_generation else None
    return Span(cut.start, cut.end, cut.turn, role, part, source, field, generated)


def _kind(span: Span) -> tuple[int | None, str | None, str, int | None, str, bool | None]:
    return span.turn, span.role, span.part, span.source, span.field, span.generated
