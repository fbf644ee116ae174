"""What a reader of training text gives, and the Chat made of it: spans that tile the text as it was pasted.

A reader names the pieces it knows, turn by turn. Whatever it leaves out becomes a gap, so no character is lost.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

from sftviz.chat.messages import Chat, ChatError, Message, Notice, Severity, Written
from sftviz.chat.spans import Span
from sftviz.words import Said

# Tokens that begin, end or fill a document: outside a turn they are no lost text
BEGINS = (
    r"<s>|<bos>|\[gMASK\](?: ?sop(?![a-z]))?|<sop>|<BOS_TOKEN>|<\|(?:begin_of_text|startoftext|beginoftext)\|>"
    r"|<[｜|]begin[▁_ ]of[▁_ ]sentence[｜|]>"
)
FINISHES = (
    r"</s>|<eos>|<pad>|<unk>|<EOS_TOKEN>|<PAD>|<\|(?:end_of_text|endoftext|endofprompt|eot|EOT|pad|finetune_right_pad_id)\|>"
    r"|<[｜|](?:end[▁_ ]of[▁_ ]sentence|▁pad▁)[｜|]>"
)
AROUND = re.compile(f"{BEGINS}|{FINISHES}")


class Piece(NamedTuple):
    """Characters [start, end) of the text. `field` names what they quote; "" where the template wrote them."""

    start: int
    end: int
    part: str
    field: str = ""


class Turn(NamedTuple):
    """The pieces that belong to one message, in order. No message: the template's own text, outside every turn."""

    message: Message | None
    pieces: tuple[Piece, ...]

    def around(self, before: tuple[Piece, ...] = (), after: tuple[Piece, ...] = ()) -> "Turn":
        return Turn(self.message, (*before, *self.pieces, *after))


@dataclass
class Reading:
    """What a reader found in a text."""

    turns: list[Turn] = field(default_factory=list[Turn])
    tools: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _told: dict[str, Notice] = field(default_factory=dict[str, Notice])
    _counts: dict[str, int] = field(default_factory=dict[str, int])
    around: re.Pattern[str] = AROUND  # tokens that may stand outside every turn
    messages: int = 0

    def add(self, turn: Turn) -> None:
        self.turns.append(turn)
        self.messages += turn.message is not None

    def tell(self, code: str, severity: Severity = "warning", *, placed: bool = False, **values: Any) -> None:
        """Note a doubt. Many of one kind are one notice: the first one's values, and their count.

        placed: it is about the message that is added next.
        """
        where = Said("place.message", n=self.messages + 1) if placed else None
        self._told.setdefault(code, Notice(code, where, values, severity))
        self._counts[code] = self._counts.get(code, 0) + 1

    @property
    def notices(self) -> list[Notice]:
        return [replace(n, values={**n.values, "count": self._counts[n.code]}) for n in self._told.values()]


def chat_of(text: str, reading: Reading, form: str, template: str | None) -> Chat:
    """The Chat of a reading. Raises ChatError where no turn was found.

    >>> hi = Turn(Message("user", "Hi"), (Piece(3, 5, "content", "content"),))
    >>> [(s.start, s.end, s.turn, s.part) for s in chat_of("<s>Hi", Reading([hi]), "x", None).written.spans]
    [(0, 3, None, 'gap'), (3, 5, 0, 'content')]
    """
    messages = tuple(turn.message for turn in reading.turns if turn.message)
    if not messages:
        raise ChatError("no_turns_in_text")
    spans = tuple(_merged(_tiled(text, reading.turns)))
    notices = (*reading.notices, *_outside(text, spans, reading.around))
    chat = Chat(messages, form, tuple(reading.tools), template, notices=notices)
    return replace(chat, written=Written(text, spans))


def _tiled(text: str, turns: list[Turn]) -> Iterator[Span]:
    """Every piece as a span with its turn's number, and a span without role for each hole."""
    at, number = 0, -1
    for turn in turns:
        number += turn.message is not None
        for piece in turn.pieces:
            start = max(piece.start, at)
            if start >= piece.end:
                continue
            if at < start:
                yield Span(at, start, None, None, "gap")
            yield _span(piece, start, number, turn.message)
            at = piece.end
    if at < len(text):
        yield Span(at, len(text), None, None, "gap")


def _span(piece: Piece, start: int, number: int, message: Message | None) -> Span:
    turn, role = (number, message.role) if message else (None, None)
    source = turn if piece.field and not piece.field.startswith("tools.") else None
    return Span(start, piece.end, turn, role, piece.part, source, piece.field)


def _merged(spans: Iterator[Span]) -> Iterator[Span]:
    for _, group in groupby(spans, key=lambda span: (span.turn, span.part, span.field)):
        run = list(group)
        yield run[0] if len(run) == 1 else replace(run[0], end=run[-1].end)


def _outside(text: str, spans: tuple[Span, ...], around: re.Pattern[str]) -> list[Notice]:
    """A notice where words stand outside every turn: nobody's, so nothing of them is ever supervised."""
    loose = [around.sub("", text[span.start : span.end]).strip() for span in spans if span.part == "gap"]
    left = [piece for piece in loose if piece]
    if not left:
        return []
    return [Notice("text_outside_turns", None, {"count": sum(map(len, left)), "start": left[0][:40]})]
