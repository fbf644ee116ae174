"""Runs and events -> pieces: stretches of text of one origin, each knowing in whose turn it stands.

A template loops over messages inside a loop over messages: it looks ahead, it writes results into the block of a call.
So what is open is a stack, and the innermost message has the text. What no loop holds belongs to the message whose
words stand there.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sftviz.chat.messages import ROLES, Message
from sftviz.chat.write.control import SAYS_END, SHAPES
from sftviz.chat.write.leaves import Leaf, Leaves
from sftviz.chat.write.tracked import EVENT, GENERATION, NOTHING, Run


@dataclass(slots=True)
class Piece:
    start: int
    end: int
    leaf: Leaf | None  # what is quoted, or whose punctuation it is; None: the template's own words
    place: int = 0  # of the first character in the leaf
    exact: bool = True  # places go on by one a character
    open: int | None = None  # the innermost message that a loop is at
    inside: str = ""  # "call" or "tool": what a loop inside that message is at
    generated: bool = False
    is_date: bool = False
    turn: int | None = None
    part: str = ""
    field: str = ""  # where it is another than the leaf's: a thought that stands in its content

    @property
    def is_quoted(self) -> bool:
        return self.leaf is not None and self.leaf.is_quoted


def pieces(text: str, runs: Sequence[Run], leaves: Leaves) -> list[Piece]:
    """Cut the text at every change of origin, and say whose turn each piece stands in."""
    cut = _cut(runs, leaves)
    for piece in cut:
        piece.turn = _turn(piece)
    return list(_ends_first(list(_give_to_neighbours(cut, text)), text))


def _cut(runs: Sequence[Run], leaves: Leaves) -> list[Piece]:
    found, at, generated = list[Piece](), 0, 0
    frames: list[tuple[int, int]] = []  # (loop, item), outermost first
    open_message, inside = None, ""
    for length, origin, place, step in runs:
        if origin == GENERATION:
            generated = max(0, generated + (1 if step else -1))
        elif origin == EVENT:
            frames = _moved(frames, place, step)
            open_message, inside = _innermost(frames, leaves)
        elif length:
            leaf = leaves.table[origin] if origin >= 0 else None
            piece = Piece(at, at + length, leaf, place, step == 1, open_message, inside, generated > 0, origin == -3)
            at += length
            found.append(piece)
    return found


def _moved(frames: list[tuple[int, int]], loop: int, item: int) -> list[tuple[int, int]]:
    """The stack after a loop comes to an item, or ends: whatever was opened inside it is closed."""
    depth = next((i for i, (number, _) in enumerate(frames) if number == loop), len(frames))
    return frames[:depth] if item == NOTHING else [*frames[:depth], (loop, item)]


def _innermost(frames: list[tuple[int, int]], leaves: Leaves) -> tuple[int | None, str]:
    inside = ""
    for _, k in reversed(frames):
        item = leaves.items[k]
        if item.kind == "turn":
            return item.index, inside
        inside = inside or item.kind
    return None, inside


def _turn(piece: Piece) -> int | None:
    """The message whose own text stands here, else the one whose loop is open.

    A name may be quoted in another's turn (the call's in the header of its result); own text makes the turn its own.
    """
    leaf = piece.leaf
    if leaf is None or leaf.message is None:
        return piece.open
    own = leaf.field in ("content", "reasoning") or (leaf.field.startswith("tool_calls") and ".name" not in leaf.field)
    return leaf.message if own or piece.open is None else piece.open


def _give_to_neighbours(cut: list[Piece], text: str) -> Iterator[Piece]:
    """What the template writes outside every loop: before a message's words its header, after them their end."""
    last: Piece | None = None
    for outside, group in groupby(cut, key=lambda piece: piece.open is None):
        stretch = list(group)
        if not outside:
            last = stretch[-1]
            yield from stretch
        elif any(piece.turn is not None for piece in stretch):
            yield from _spread(stretch, text)
        else:
            at_end = stretch[-1] is cut[-1] and stretch[0] is not cut[0]
            for piece in stretch:  # the end of the document closes the last turn
                piece.turn = last.turn if at_end and last else None
            yield from stretch


def _ends_first(cut: list[Piece], text: str) -> Iterator[Piece]:
    """A template may write the end of a turn when it comes to the next: it belongs to the turn it ends."""
    before: Piece | None = None
    for piece in cut:
        ended = before is not None and before.is_quoted and before.turn not in (None, piece.turn) and piece.leaf is None
        if piece.generated and before is not None and not before.generated:
            ended = False  # what a generation block holds is the reply's, be it nothing but its end
        at = _end_in(text, piece) if ended else piece.start
        if before is not None and piece.start < at:
            yield replace(piece, end=at, turn=before.turn, open=before.open)
        if at < piece.end:
            yield replace(piece, start=at) if at > piece.start else piece
        before = piece


def _spread(stretch: list[Piece], text: str) -> Iterator[Piece]:
    """What no loop holds: text goes with the words before it up to an end-of-turn, else with those after."""
    before: int | None = None
    for i, piece in enumerate(stretch):
        if piece.turn is not None:
            before = piece.turn
            yield piece
            continue
        after = next((later.turn for later in stretch[i:] if later.turn is not None), before)
        at = piece.end if before == after else piece.start if before is None else _end_in(text, piece)
        if piece.start < at:
            yield replace(piece, end=at, turn=after if before is None else before)
        if at < piece.end:
            yield replace(piece, start=at, turn=after)


def _end_in(text: str, piece: Piece) -> int:
    """Behind the end-of-turn, and the white space after it, that a text between two messages' words begins with."""
    for token in re.finditer(SHAPES, text[piece.start : piece.end]):
        if text[piece.start : piece.start + token.start()].strip():
            break
        if SAYS_END.search(token.group()):
            at = piece.start + token.end()
            return at + len(text[at : piece.end]) - len(text[at : piece.end].lstrip())
    return piece.start


def own_part(piece: Piece, messages: Sequence[Message]) -> str:
    """The part that a piece is of itself; "" where the place decides (a header, an end, what stands between)."""
    leaf, turn = piece.leaf, piece.turn
    if leaf is not None and leaf.message is not None:
        if leaf.field == "content":
            return "tool_result" if messages[leaf.message].role == "tool" else "content"
        if leaf.field == "reasoning":
            return "reasoning"
        return "tool_call" if leaf.field.startswith("tool_calls") and leaf.message == turn else ""
    if leaf is not None or piece.inside == "tool":
        return "tools"
    return "tool_call" if piece.inside == "call" else ""


def is_plain_role(leaf: Leaf | None) -> bool:
    """A role everybody knows, written by the template as a part of its header."""
    return leaf is not None and leaf.field == "role" and leaf.text in ROLES
