"""Pieces -> spans: in which part of its turn every stretch of text stands.

A turn is header, fields and what the template writes between and round them, end-of-turn, and what follows it. Fields
are known; the rest is told by where it stands, and the end-of-turn by what the template writes after a reply.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from os.path import commonprefix

from sftviz.chat.messages import Message
from sftviz.chat.spans import THINK_TAGS, Span
from sftviz.chat.write.control import SAYS_END, THINK_BLOCK, THINK_CLOSES, THINK_OPENS
from sftviz.chat.write.pieces import Piece, is_plain_role, own_part

CLOSED = ("reasoning", "tool_call", "tool_result", "tools")


@dataclass(frozen=True)
class Frame:
    """What a template writes round a plain reply, learned from a chat of its own: see `frame.frame_of`."""

    header: str = ""
    ends: tuple[str, ...] = ()  # the control tokens after a reply, in the middle and at the end of the document
    plain_end: str = ""  # … or the words, where the template writes the same words after every reply
    opening: str = ""  # before the first turn of a chat without system message and tools
    bos: str = ""
    eos: str = ""


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
        pieces = [one for piece in pieces for one in self._fields(piece)]
        for piece in pieces:
            if piece.turn is not None:
                turns.setdefault(piece.turn, []).append(piece)
        cut: dict[int, list[_Cut]] = defaultdict(list)
        for turn, run in turns.items():
            for one in self._turn(self._outside_calls(run), self.messages[turn]):
                cut[one.piece.start].append(one)
        for piece, part in self._outside(pieces):
            cut[piece.start].append(_Cut(piece, piece.start, piece.end, None, part))
        return sorted((one for run in cut.values() for one in run), key=lambda one: one.start)

    def _fields(self, piece: Piece) -> Iterator[Piece]:
        """A piece with its own part; content that holds its thought is cut into thought, tags and reply."""
        piece.part = own_part(piece, self.messages)
        owner = piece.leaf.message if piece.leaf is not None and piece.leaf.field == "content" else None
        if owner is None or self.messages[owner].inline is None or not piece.exact:
            yield piece
            return
        for start, end, field in inline_parts(self.messages[owner]):
            low, high = max(start, piece.place), min(end, piece.place + piece.end - piece.start)
            if low < high:
                at, part = piece.start - piece.place, "content" if field == "content" else "reasoning"
                yield replace(piece, start=at + low, end=at + high, place=low, field=field, part=part)

    @staticmethod
    def _outside(pieces: Sequence[Piece]) -> Iterator[tuple[Piece, str]]:
        """What no turn holds: the list of tools with the words round it, and gaps."""
        for outside, group in groupby(pieces, key=lambda piece: piece.turn is None):
            if outside:
                run = list(group)
                part = "tools" if any(piece.part == "tools" for piece in run) else "gap"
                yield from ((piece, part) for piece in run)

    def _outside_calls(self, run: list[Piece]) -> list[Piece]:
        """A loop over calls may write the turn's header and its end as well: they are not the calls'."""
        first, last = run[0], run[-1]
        if last.part == "tool_call" and last.leaf is None:
            text = self.text[last.start : last.end].rstrip()
            end = next((end for end in self.frame.ends if text.endswith(end)), "")
            at = last.start + len(text) - len(end)
            if end and last.start < at:
                run = [*run[:-1], replace(last, end=at), replace(last, start=at, part="")]
        if first.part == "tool_call" and first.leaf is None:
            common = commonprefix([self.frame.header, self.text[first.start : first.end]])
            if self.control.match(common) and len(common) < first.end - first.start:
                at = first.start + len(common)
                run = [replace(first, end=at, part=""), replace(first, start=at), *run[1:]]
        return run

    def _turn(self, run: list[Piece], message: Message) -> Iterator[_Cut]:
        anchors = [i for i, piece in enumerate(run) if piece.part]
        first, last = (anchors[0], anchors[-1]) if anchors else (len(run), -1)
        for i, piece in enumerate(run[: last + 1]):
            if piece.part:
                yield self._whole(piece, piece.part)
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
        ends = [text.rfind(end) + len(end) for end in self.frame.ends if end in text]
        at = max(ends, default=0)
        while at and at < len(text) and text[at].isspace():
            at += 1
        return max(start, at if at < len(text) else 0)

    def _opening(self, text: str, start: int, following: str, generated: bool) -> int:
        """Where the header ends and the first field's own opening begins (<think>, <tool_call> …)."""
        if following not in ("reasoning", "tool_call"):
            return len(text)
        header = self.frame.header
        if header and text.startswith(header, start):
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
        in_loop = sum(piece.end - piece.start for piece in rest if piece.open is not None)
        start, stop = self._end(tail, before, in_loop)
        closing = before if before in CLOSED else "gap"
        yield from _laid_on(rest, ((0, start, closing), (start, stop, "end"), (stop, len(tail), "after_end")))

    def _end(self, tail: str, before: str, in_loop: int) -> tuple[int, int]:
        """Where the end-of-turn begins and ends in a turn's tail; both at its end where there is none.

        in_loop: so many characters are written while the template is at this message. What it writes there is its end,
        whatever it is called; what follows at the end of the document may be an open header, so it must say "end".
        """
        tokens = [token for token in self.control.finditer(tail) if not self._closes(token.group(), before)]
        tokens = [token for token in tokens if token.end() <= in_loop or self._says_end(token.group())]
        if tokens:
            first = self._first(tokens, tail, before)
            return tokens[first].start(), self._last(tokens[first:], tail)
        plain = tail.strip()
        if before in CLOSED or not plain or plain != self.frame.plain_end:
            return len(tail), len(tail)
        return tail.index(plain), len(tail.rstrip())

    def _first(self, tokens: list[re.Match[str]], tail: str, before: str) -> int:
        """Which token begins the end-of-turn: after a reply the first, after a call the one that ends plain replies."""
        if before not in CLOSED:
            return 0
        known = [i for i, token in enumerate(tokens) if token.group() in self.frame.ends]
        says = [i for i, token in enumerate(tokens) if self._says_end(token.group())]
        return (known or says[-1:] or [len(tokens) - 1])[0]

    def _last(self, tokens: list[re.Match[str]], tail: str) -> int:
        """An end may be several tokens in a row: <|end|> and <|endoftext|>."""
        end = tokens[0].end()
        for token in tokens[1:]:
            if tail[end : token.start()].strip() or not self._says_end(token.group()):
                break
            end = token.end()
        return end

    def _says_end(self, token: str) -> bool:
        return token in self.frame.ends or token == self.frame.eos or SAYS_END.search(token) is not None

    @staticmethod
    def _closes(token: str, before: str) -> bool:
        """</tool_call>, [/TOOL_RESULTS]: they close the field, not the turn."""
        return before in CLOSED and re.match(r"</(?!s>)|\[/", token) is not None

    def _without_words(self, run: list[Piece], message: Message) -> Iterator[_Cut]:
        """A turn whose fields are empty: header, then the end-of-turn that the template writes after nothing."""
        text = "".join(self.text[piece.start : piece.end] for piece in run)
        start, stop = self._bare_end(text)
        for cut in _laid_on(run, ((0, start, "header"), (start, stop, "end"), (stop, len(text), "after_end"))):
            if message.role == "assistant" and cut.part == "header":
                yield from self._thoughts(cut.piece, cut.start, cut.end, "header")
            else:
                yield cut

    def _bare_end(self, text: str) -> tuple[int, int]:
        header = len(self.frame.header) if text.startswith(self.frame.header) else 0
        tokens = [token for token in self.control.finditer(text) if token.start() >= max(header, 1)]
        ends = [token for token in tokens if token.group() in self.frame.ends or token.group() == self.frame.eos]
        ends = ends or [token for token in tokens[-1:] if SAYS_END.search(token.group())]
        return (ends[0].start(), self._last(ends, text)) if ends else (len(text), len(text))

    def _whole(self, piece: Piece, part: str) -> _Cut:
        return _Cut(piece, piece.start, piece.end, piece.turn, part)


def _laid_on(run: list[Piece], ranges: tuple[tuple[int, int, str], ...]) -> Iterator[_Cut]:
    """Ranges of the text that some pieces make together, cut at the pieces' borders."""
    at = 0
    for piece in run:
        length = piece.end - piece.start
        for start, end, part in ranges:
            low, high = max(start, at), min(end, at + length)
            if low < high:
                yield _Cut(piece, piece.start + low - at, piece.start + high - at, piece.turn, part)
        at += length


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
    leaf, source, field = cut.piece.leaf, None, ""
    if leaf is not None and leaf.is_quoted and not is_plain_role(leaf):
        source, field = leaf.message, cut.piece.field or leaf.field
    role = messages[cut.turn].role if cut.turn is not None else None
    generated = cut.piece.generated if has_generation else None
    return Span(cut.start, cut.end, cut.turn, role, cut.part, source, field, generated)


def _kind(span: Span) -> tuple[int | None, str | None, str, int | None, str, bool | None]:
    return span.turn, span.role, span.part, span.source, span.field, span.generated
