"""A row out of pieces: frameworks tokenize messages one by one, cut rows in their middle, and join texts that no
template wrote at once. A piece knows who wrote each of its characters, so the row does too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from sftviz.chat.messages import Chat
from sftviz.chat.rendering import Rendering
from sftviz.chat.spans import Kind, Span, Spans, Tokens
from sftviz.chat.tokenizers.protocol import Encoded, Tokenizer
from sftviz.chat.write.templates import Template

NOBODY = Kind(None, None, "gap")
PADDING = Kind(None, None, "padding")


@dataclass(frozen=True)
class Piece:
    """Text, and where in it each kind of span begins."""

    text: str
    kinds: tuple[tuple[int, Kind], ...]

    def __add__(self, other: "Piece") -> "Piece":
        moved = tuple((at + len(self.text), kind) for at, kind in other.kinds)
        return Piece(self.text + other.text, self.kinds + moved)

    def cut(self, start: int, end: int | None = None) -> "Piece":
        """Characters [start, end)."""
        until = len(self.text) if end is None else min(end, len(self.text))
        found: list[tuple[int, Kind]] = []
        edges = [*(at for at, _ in self.kinds), len(self.text)]
        for (a, b), (_, kind) in zip(pairwise(edges), self.kinds, strict=True):
            if max(a, start) < min(b, until):
                found.append((max(a, start) - start, kind))
        return Piece(self.text[start:until], tuple(found))

    def kind_at(self, at: int) -> Kind:
        return next((kind for start, kind in reversed(self.kinds) if start <= at), NOBODY)


EMPTY = Piece("", ())


def piece(text: str, kind: Kind) -> Piece:
    return Piece(text, ((0, kind),) if text else ())


def piece_of(rendering: Rendering) -> Piece:
    return Piece(rendering.text, tuple((span.start, span.kind) for span in rendering.spans if span.end > span.start))


def encoded_of(rendering: Rendering) -> Encoded:
    return Encoded(rendering.tokens.ids, rendering.tokens.starts, rendering.tokens.ends)


def sum_of(pieces: Iterable[Piece]) -> Piece:
    whole = EMPTY
    for one in pieces:
        whole = whole + one
    return whole


@dataclass
class Building:
    """Tokens as they are put one after the other, each stretch with the piece it was cut from."""

    tokenizer: Tokenizer
    parts: list[tuple[Piece, Encoded]] = field(default_factory=list[tuple[Piece, Encoded]])

    def add(self, one: Piece, keep: slice = slice(None), encoded: Encoded | None = None) -> list[int]:
        """Tokenize a piece by itself, and keep some of its tokens. Gives the ids kept."""
        made = self.tokenizer.encode(one.text) if encoded is None else encoded
        kept = Encoded(made.ids[keep], made.starts[keep], made.ends[keep])
        if len(kept):
            start, end = int(kept.starts[0]), int(kept.ends.max())
            moved = Encoded(kept.ids, kept.starts - start, kept.ends - start)
            self.parts.append((one.cut(start, end), moved))
        return kept.ids.tolist()

    def add_token(self, token_id: int, kind: Kind) -> None:
        """One token that no text was cut into."""
        text = self.tokenizer.decode([token_id])
        self.parts.append((piece(text, kind), Encoded.of([(token_id, 0, len(text))])))

    def drop(self, keep: slice) -> None:
        """Keep some of all tokens: what a framework does that cuts whole rows."""
        parts, self.parts = self.parts, []
        sizes = [len(encoded) for _, encoded in parts]
        kept = set(range(sum(sizes))[keep])
        at = 0
        for (one, encoded), size in zip(parts, sizes, strict=True):
            mine = [t for t in range(size) if at + t in kept]
            if mine:
                self.add(one, slice(mine[0], mine[-1] + 1), encoded)
            at += size

    def rendering(self, chat: Chat, template: str, variables: dict[str, Any] | None = None) -> Rendering:
        text, spans, ids, starts, ends = "", list[Span](), list[int](), list[int](), list[int]()
        for one, encoded in self.parts:
            spans += _spans(one, len(text))
            ids += encoded.ids.tolist()
            starts += (encoded.starts + len(text)).tolist()
            ends += (encoded.ends + len(text)).tolist()
            text += one.text
        columns = (np.array(column, dtype=np.int64) for column in (ids, starts, ends))
        return _rendering(chat, text, Spans.of(_merged(spans)), Encoded(*columns), self.tokenizer, template, variables)


def cut_rendering(rendering: Rendering, keep: slice) -> Rendering:
    """Some of a row's tokens, as a row."""
    building = Building(rendering.tokenizer)
    building.add(piece_of(rendering), keep, encoded_of(rendering))
    return building.rendering(rendering.chat, rendering.template.name, dict(rendering.variables))


def padded(rendering: Rendering, count: int, pad_id: int, *, left: bool = False) -> Rendering:
    """Padding before or behind."""
    building = Building(rendering.tokenizer)
    for _ in range(count if left else 0):
        building.add_token(pad_id, PADDING)
    building.add(piece_of(rendering), encoded=encoded_of(rendering))
    for _ in range(0 if left else count):
        building.add_token(pad_id, PADDING)
    return building.rendering(rendering.chat, rendering.template.name, dict(rendering.variables))


def one_after_another(renderings: Sequence[Rendering]) -> Rendering:
    """Rows packed into one. The turns of a later chat count on."""
    building = Building(renderings[0].tokenizer)
    messages: list[Any] = []
    for one in renderings:
        moved = Piece(one.text, tuple((at, counted_on(kind, len(messages))) for at, kind in piece_of(one).kinds))
        building.add(moved, encoded=encoded_of(one))
        messages += one.chat.messages
    return building.rendering(replace(renderings[0].chat, messages=tuple(messages)), renderings[0].template.name)


def counted_on(kind: Kind, count: int) -> Kind:
    def later(number: int | None) -> int | None:
        return None if number is None else number + count

    return kind._replace(turn=later(kind.turn), source=later(kind.source))


def _spans(one: Piece, at: int) -> list[Span]:
    edges = [*(start for start, _ in one.kinds), len(one.text)]
    return [Span(at + a, at + b, *kind) for (a, b), (_, kind) in zip(pairwise(edges), one.kinds, strict=True) if a < b]


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        if merged and merged[-1].kind == span.kind:
            merged[-1] = replace(merged[-1], end=span.end)
        else:
            merged.append(span)
    return merged


def _rendering(
    chat: Chat, text: str, spans: Spans, encoded: Encoded, tokenizer: Tokenizer, template: str, variables: Any
) -> Rendering:
    unknown_id = tokenizer.unknown_id
    unknown = None if unknown_id is None else (unknown_id, tokenizer.decode([unknown_id]))
    tokens = Tokens.of(text, encoded, spans, tokenizer.control_ids, unknown)
    named = Template(template, "", trusted=True)
    return Rendering(chat, text, spans, tokens, tokenizer, named, variables or {})
