"""Two texts of one chat: the tokens of the one found again in the other, by who wrote their characters.

A template may write other headers, a tokenizer may cut elsewhere, and what somebody said is still what they said.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import Any

from sftviz.chat.rendering import Rendering
from sftviz.chat.spans import Kind


def aligned(this: Rendering, that: Rendering) -> list[int | None]:
    """For every token of this row the token of that one in which its first character stands again."""
    if this.ids == that.ids and this.text == that.text:
        return list(range(len(this.ids)))
    here, there = _Origins(this), _Origins(that)
    starts = this.tokens.starts.tolist()
    made: list[int | None] = []
    for t, (start, end) in enumerate(zip(starts, this.tokens.ends.tolist(), strict=True)):
        piece = t - bisect_left(starts, start)  # a character of several tokens: which of them
        made.append(there.token_at(*here.origin(start), piece, this.text[start:end]))
    return made


class _Origins:
    """Where each character of a rendering is from: what kind of span, and how many of that kind stand before it."""

    def __init__(self, rendering: Rendering):
        self.rendering = rendering
        self.edges = rendering.spans.edges
        self.starts: list[int] = rendering.tokens.starts.tolist()
        self.before: list[int] = []
        self.spans_of: dict[Any, list[tuple[int, int]]] = defaultdict(list)  # kind -> (characters before, span)
        sizes: dict[Any, int] = defaultdict(int)
        for i, kind in enumerate(rendering.spans.outline.kinds):
            name = _name(kind)
            self.before.append(sizes[name])
            self.spans_of[name].append((sizes[name], i))
            sizes[name] += self.edges[i + 1] - self.edges[i]

    def origin(self, at: int) -> tuple[Any, int]:
        i = min(bisect_right(self.edges, at), len(self.before)) - 1
        return _name(self.rendering.spans.outline.kinds[i]), self.before[i] + at - self.edges[i]

    def token_at(self, name: Any, offset: int, piece: int, text: str) -> int | None:
        """The token that holds this character of this kind; of what a template wrote only the very same text.

        piece: which of the tokens that share the character, counted from 0; the last where there are fewer.
        """
        spans = self.spans_of.get(name)
        if not spans:
            return None
        before, i = spans[bisect_right(spans, (offset, len(self.edges))) - 1]
        at = self.edges[i] + offset - before
        last = bisect_right(self.starts, at) - 1
        if at >= self.edges[i + 1] or last < 0:
            return None
        t = min(last, bisect_left(self.starts, self.starts[last]) + piece)
        is_quoted = bool(name[2])
        own = self.rendering.text[self.starts[t] : int(self.rendering.tokens.ends[t])]
        return t if is_quoted or own == text else None


def _name(kind: Kind) -> tuple[int | None, str, str, int | None]:
    return kind.turn, kind.part, kind.field, kind.source
