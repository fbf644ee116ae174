"""Spans and tokens as columns: who wrote each character of a row's text, and which characters each token covers."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sftviz.chat.tokenizers.protocol import Encoded, Ints

PARTS = (
    "header", "content", "reasoning", "empty_reasoning", "tool_call", "tool_result", "tools", "media", "end",
    "after_end", "gap", "padding",
)  # fmt: skip
THINK_TAGS = "think_tags"  # the field of the tags round a thought that stands inside a message's content


class Kind(NamedTuple):
    """What a span is, without where it stands: see Span."""

    turn: int | None
    role: str | None
    part: str
    source: int | None = None
    field: str = ""
    generated: bool | None = None

    @property
    def is_typed(self) -> bool:
        """True: a control token here was typed into the chat. Tags that enclose a message's own thought are meant."""
        return bool(self.field) and self.field != THINK_TAGS


@dataclass(frozen=True)
class Span:
    """Characters [start, end) of the text that share one origin. Spans tile the text.

    `turn`: the message in whose turn the characters stand, None outside every turn. `source`: the message whose field
    they quote; None where the template wrote them. The two differ where a template quotes one message inside another's
    turn (a call's name in the header of its result). What is trained is decided by the turn; whether a control token is
    forged, by the source. Tools are quoted too: `field` says "tools" and `source` stays None.
    """

    start: int
    end: int
    turn: int | None
    role: str | None  # of the turn
    part: str  # one of PARTS
    source: int | None = None
    field: str = ""  # which leaf is quoted: "content", "reasoning", "tool_calls.0.arguments.city", "tools.0.name", …
    generated: bool | None = None  # inside {% generation %}; None where the template marks nothing

    @property
    def is_quoted(self) -> bool:
        """True: the characters stand in the chat. False: the template wrote them."""
        return bool(self.field)

    @property
    def kind(self) -> Kind:
        return Kind(self.turn, self.role, self.part, self.source, self.field, self.generated)


class Outline:
    """The kinds of a row's spans, in order. Chats that a template writes alike share one, and what follows from it."""

    def __init__(self, kinds: tuple[Kind, ...]):
        self.kinds = kinds
        self.derived: dict[Any, Any] = {}  # what others have found out from the kinds alone

    @cached_property
    def not_typed_before(self) -> Ints:
        """How many of the spans before each are not typed, [S + 1]."""
        return np.cumsum([0, *(not kind.is_typed for kind in self.kinds)])


class Spans(Sequence[Span]):
    """Spans that tile a text, as columns: where each starts [S], and its kind. An item is made when asked for."""

    def __init__(self, starts: Ints, end: int, outline: Outline):
        self.starts, self.end, self.outline = starts, end, outline

    @classmethod
    def of(cls, spans: Sequence[Span]) -> "Spans":
        starts = np.array([span.start for span in spans], dtype=np.int64)
        return cls(starts, spans[-1].end if spans else 0, Outline(tuple(span.kind for span in spans)))

    @cached_property
    def _spans(self) -> tuple[Span, ...]:
        pairs = zip(pairwise(self.edges), self.outline.kinds, strict=True)
        return tuple(Span(a, b, *kind) for (a, b), kind in pairs)

    @cached_property
    def edges(self) -> list[int]:
        """Where each span starts, and where the last one ends."""
        return [*self.starts.tolist(), self.end]

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, i: int) -> Span:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._spans[i]

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spans) and self._spans == other._spans

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    @property
    def typed(self) -> list[tuple[int, int]]:
        """Characters [start, end) in which a control token would be forged."""
        return [(self.edges[i], self.edges[i + 1]) for i, kind in enumerate(self.outline.kinds) if kind.is_typed]

    def touched(self, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        """First and last span that stretches of characters touch, [T] each; an empty one touches where it stands."""
        first = np.maximum(self.starts.searchsorted(starts, side="right") - 1, 0)
        return first, np.maximum(first, self.starts.searchsorted(np.maximum(ends, starts + 1), side="left") - 1)

    def within(self, start: int, end: int) -> range:
        """The same of one stretch."""
        first = max(0, bisect_left(self.starts, start + 1) - 1)
        return range(first, max(first, bisect_left(self.starts, max(end, start + 1)) - 1) + 1)


@dataclass(frozen=True)
class Token:
    """One token of a rendering, made when asked for.

    `text` tiles the rendering: a character that several tokens share is in the first one's text, and those tokens share
    a `box`. `spans` are the indices of every span the token touches; most touch one.
    """

    id: int
    start: int
    end: int
    text: str
    box: int
    spans: range
    is_control: bool  # its id stands for a control token
    is_forged: bool  # … and the characters came from the chat, not from the template


@dataclass(frozen=True)
class Tokens(Sequence[Token]):
    """The tokens of a text as columns [T]; an item is a Token."""

    rendered: str
    ids: Ints
    starts: Ints
    ends: Ints
    first_span: Ints
    last_span: Ints
    is_control: NDArray[np.bool_]
    is_forged: NDArray[np.bool_]

    @classmethod
    def of(
        cls, text: str, encoded: Encoded, spans: Spans, control_ids: frozenset[int], unknown: tuple[int, str] | None
    ) -> "Tokens":
        """Line tokens up with the spans they touch: O(T + spans). unknown: id and piece of the unknown token."""
        first, last = spans.touched(encoded.starts, encoded.ends)
        table = _is_control(control_ids)
        control = table[np.minimum(encoded.ids, len(table) - 1)]
        if unknown is not None:
            control &= ~_stands_for_a_text(text, encoded, *unknown)
        written = spans.outline.not_typed_before
        forged = control & (written[last + 1] == written[first]) if len(spans) else control & False
        return cls(text, encoded.ids, encoded.starts, encoded.ends, first, last, control, forged)

    @cached_property
    def shown_from(self) -> Ints:
        """Where each token's own text begins: after the characters that tokens before it have covered, [T]."""
        covered = np.maximum.accumulate(np.concatenate([[0], self.ends[:-1]])) if len(self.ids) else self.ends
        return np.maximum(self.starts, covered)

    @cached_property
    def boxes(self) -> Ints:
        """Tokens that share a character share a box, [T]."""
        opens = (self.ends > self.shown_from) | (self.starts == self.ends)
        return np.maximum(np.cumsum(opens) - 1, 0)

    @cached_property
    def texts(self) -> list[str]:
        """Each token's own text; together they tile the rendering."""
        return [self.rendered[a:b] for a, b in zip(self.shown_from.tolist(), self.ends.tolist(), strict=True)]

    @cached_property
    def box_texts(self) -> list[str]:
        """What to show for a token that shares a character with the one before it: that character."""
        shown: dict[int, str] = {}
        boxes = self.boxes.tolist()
        for box, text in zip(boxes, self.texts, strict=True):
            shown[box] = shown.get(box, "") + text
        return [text or shown[box] for box, text in zip(boxes, self.texts, strict=True)]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, i: int) -> Token:  # pyright: ignore[reportIncompatibleMethodOverride]
        if not -len(self) <= i < len(self):
            raise IndexError(f"token {i} of {len(self)}")
        spans = range(int(self.first_span[i]), int(self.last_span[i]) + 1)
        return Token(
            int(self.ids[i]), int(self.starts[i]), int(self.ends[i]), self.texts[i], int(self.boxes[i]), spans,
            bool(self.is_control[i]), bool(self.is_forged[i]),
        )  # fmt: skip

    def __iter__(self) -> Iterator[Token]:
        return (self[i] for i in range(len(self)))


def _stands_for_a_text(text: str, encoded: Encoded, unknown_id: int, piece: str) -> NDArray[np.bool_]:
    """True where the unknown token is no control token that somebody wrote, but a word the tokenizer does not know."""
    unknown = encoded.ids == unknown_id
    for t in np.flatnonzero(unknown):
        unknown[t] = piece not in text[encoded.starts[t] : encoded.ends[t]]
    return unknown


@lru_cache(64)
def _is_control(control_ids: frozenset[int]) -> NDArray[np.bool_]:
    """True at every id of a control token; the last entry stands for all ids beyond."""
    table = np.zeros(max(control_ids, default=0) + 2, dtype=bool)
    table[list(control_ids)] = True
    return table
