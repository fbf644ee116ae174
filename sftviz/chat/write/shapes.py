"""Chats of one shape are written alike: what was learned of one is tried on the next, and proven on its text.

A shape is the template with its variables, and of every message its role and which of its texts are empty or blank. Of
a chat whose origins were followed (see `tracked`) the spans are kept as a pattern: the template's own words, and which
text of which message stands between them. Another chat of the shape is written without following anything; where the
pattern's words and the chat's own texts together are what was written, and the generation blocks stand where the
pattern has them, its spans are the pattern's. Where they are not, the origins are followed again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from sftviz.chat.messages import Chat, Message
from sftviz.chat.spans import Outline, Span, Spans
from sftviz.chat.tokenizers.protocol import Tokenizer
from sftviz.chat.write.templates import Template

MOST_MESSAGES = 256  # a longer chat is seldom met twice
MOST_PATTERNS = 3  # of one shape: texts with and without white space round them
MOST_SHAPES = 512
QUOTED = ("content", "reasoning", "role", "name")
CUTS = (str, str.strip, str.lstrip, str.rstrip)

Blocks = Sequence[tuple[int, int]]


class Quote(NamedTuple):
    """A text of a message, whole or without the white space round it."""

    message: int
    field: str
    cut: Any

    def of(self, messages: Sequence[Message]) -> str:
        return self.cut(getattr(messages[self.message], self.field) or "")


@dataclass(frozen=True)
class Pattern:
    """One piece a span: the template's own words, or what is quoted."""

    outline: Outline
    pieces: tuple[str | Quote, ...]

    def laid_on(self, text: str, messages: Sequence[Message], blocks: Blocks | None) -> Spans | None:
        """The spans of a text; None where it is not what the pattern says."""
        words = [piece if isinstance(piece, str) else piece.of(messages) for piece in self.pieces]
        if "" in words or "".join(words) != text:
            return None
        ends = np.cumsum(np.fromiter(map(len, words), dtype=np.int64, count=len(words)))
        spans = Spans(ends - [len(word) for word in words], len(text), self.outline)
        return spans if blocks is None or list(blocks_of(spans)) == joined(blocks) else None


class Shape:
    """The patterns that chats of one shape were seen to have."""

    def __init__(self) -> None:
        self.patterns: tuple[Pattern, ...] = ()
        self.is_open = True  # False: this template's text depends on more than the shape

    def spans(self, text: str, messages: Sequence[Message], blocks: Blocks | None) -> Spans | None:
        found = (pattern.laid_on(text, messages, blocks) for pattern in self.patterns)
        return next((spans for spans in found if spans is not None), None)

    def learn(self, text: str, spans: Spans, messages: Sequence[Message]) -> None:
        pieces = [_piece(span, text, messages) for span in spans]
        if len(self.patterns) == MOST_PATTERNS or None in pieces:
            self.patterns, self.is_open = (), False
        else:
            pattern = Pattern(spans.outline, tuple(piece for piece in pieces if piece is not None))
            self.patterns = (*self.patterns, pattern)


_known = WeakKeyDictionary[Tokenizer, dict[Any, Shape]]()


def shape_of(chat: Chat, template: Template, variables: Mapping[str, Any], tokenizer: Tokenizer) -> Shape | None:
    """The shape of a chat; None where calls, tools or thoughts inside a reply make it one of a kind."""
    messages = chat.messages
    if chat.tools or len(messages) > MOST_MESSAGES or any(m.tool_calls or m.inline is not None for m in messages):
        return None
    given = tuple(variables.items())
    if not all(isinstance(value, str | bool | int | None) for _, value in given):
        return None
    said = tuple([(m.role, _fill(m.content), _fill(m.reasoning), m.name, m.tool_call_id) for m in messages])
    shapes = _known.setdefault(tokenizer, {})
    if len(shapes) >= MOST_SHAPES:
        shapes.clear()
    shape = shapes.setdefault((template, given, said), Shape())
    return shape if shape.is_open else None


def _fill(text: str) -> int:
    """0 of no text, 1 of white space, 2 of words."""
    return 2 if text.strip() else int(bool(text))


def blocks_of(spans: Spans) -> Iterator[tuple[int, int]]:
    """Characters [start, end) that the spans say stand in generation blocks."""
    edges = spans.edges
    for generated, run in groupby(range(len(spans)), key=lambda i: spans.outline.kinds[i].generated):
        if generated:
            members = list(run)
            yield edges[members[0]], edges[members[-1] + 1]


def joined(blocks: Blocks) -> list[tuple[int, int]]:
    """Without empty blocks; those that touch as one.

    >>> joined([(0, 2), (2, 2), (2, 5), (7, 9)])
    [(0, 5), (7, 9)]
    """
    found: list[tuple[int, int]] = []
    for start, end in blocks:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        elif start < end:
            found.append((start, end))
    return found


def _piece(span: Span, text: str, messages: Sequence[Message]) -> str | Quote | None:
    words = text[span.start : span.end]
    if not span.is_quoted:
        return words
    if span.source is None or span.field not in QUOTED:
        return None
    whole = getattr(messages[span.source], span.field) or ""
    cut = next((cut for cut in CUTS if cut(whole) == words), None)
    return None if cut is None else Quote(span.source, span.field, cut)
