"""Spans and tokens as columns: who wrote each character of a row's text, and which characters each token covers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sftviz.chat.tokenizers.protocol import Encoded, Ints

PARTS = (
    "header", "content", "reasoning", "empty_reasoning", "tool_call", "tool_result", "tools", "media", "end",
    "after_end", "gap", "padding",
)  # fmt: skip
THINK_TAGS = "think_tags"  # the field of the tags round a thought that stands inside a message's content


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
    def is_typed(self) -> bool:
        """True: a control token here was typed into the chat. Tags that enclose a message's own thought are meant."""
        return self.is_quoted and self.field != THINK_TAGS


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
    def of(cls, text: str, encoded: Encoded, spans: Sequence[Span], control_ids: frozenset[int]) -> "Tokens":
        """Line tokens up with the spans they touch: O(T + spans)."""
        span_starts = np.array([span.start for span in spans], dtype=np.int64)
        ends = np.maximum(encoded.ends, encoded.starts + 1)  # a token that covers no character touches where it stands
        first = np.clip(np.searchsorted(span_starts, encoded.starts, side="right") - 1, 0, None)
        last = np.maximum(first, np.searchsorted(span_starts, ends, side="left") - 1)
        control = np.isin(encoded.ids, np.fromiter(control_ids, dtype=np.int64, count=len(control_ids)))
        written = np.cumsum([0, *(not span.is_typed for span in spans)])
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
