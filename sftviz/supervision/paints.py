"""Paint -> labels: what a learner marked on a row, and the slips that paint it otherwise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sftviz.chat.rendering import Rendering
from sftviz.supervision import IGNORE
from sftviz.supervision.verdicts import apply


@dataclass(frozen=True)
class Paint:
    """One way to paint a chat. policy "": nothing. masked: the label of what is not painted."""

    name: str
    title: str
    meaning: str
    policy: str = "assistant_only"
    knobs: dict[str, Any] = field(default_factory=dict[str, Any])
    masked: int = IGNORE
    normalization: str = "token"

    def painted(self, rendering: Rendering) -> list[bool]:
        """One bool a token."""
        if not self.policy:
            return [False] * len(rendering.ids)
        return list(apply(self.policy, rendering, **self.knobs).supervised)


def painted_labels(
    ids: Sequence[int], painted: Sequence[bool], moved: int = 0, masked: int = IGNORE
) -> tuple[int, ...]:
    """Unshifted labels [T] of the painted tokens, with the mask slid against the targets.

    moved = −1: whether a token is asked for is read one place too early, from the position that predicts it; +1: one
    too late. The ids are never moved, so what is lost and won are the ends.

    >>> painted_labels([5, 6, 7, 8], [False, True, True, False], moved=-1)
    (-100, -100, 7, 8)
    """
    asked = [0 <= at + moved < len(ids) and painted[at + moved] for at in range(len(ids))]
    return tuple(token if yes else masked for token, yes in zip(ids, asked, strict=True))


def to_ranges(painted: Sequence[bool]) -> str:
    """Places as an address holds them.

    >>> to_ranges([False, True, True, False, True])
    '1-2,4'
    """
    runs: list[list[int]] = []
    for place, yes in enumerate(painted):
        if yes and runs and runs[-1][1] == place - 1:
            runs[-1][1] = place
        elif yes:
            runs.append([place, place])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def from_ranges(text: str, length: int) -> list[bool]:
    """The other way; places outside the row are left out. Raises ValueError where the text is no list of ranges.

    >>> from_ranges("1-2,4", 4)
    [False, True, True, False]
    """
    painted = [False] * length
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        for place in range(int(first), min(length - 1, int(last or first)) + 1):
            painted[place] = True
    return painted


def _rows(rows: Iterable[Paint]) -> dict[str, Paint]:
    return {row.name: row for row in rows}


PAINTS = _rows(
    (
        Paint("nothing", "nothing", "no token is a target: the loss is 0/0", policy=""),
        Paint("right", "the answer and its end", "what the model has to write, and the mark by which it stops"),
        Paint(
            "everything",
            "everything",
            "the model learns to ask the questions too; the default of more than one trainer",
            policy="pretrain",
        ),
        Paint("no_end", "without the end", "nothing teaches the model to stop", knobs={"end": "none"}),
        Paint(
            "header",
            "the header too",
            "the program writes it before the model begins: it is asked for what it will never have to write",
            knobs={"header": True},
        ),
        Paint(
            "last_turn",
            "the last answer only",
            "in a chat of several turns the earlier answers teach nothing",
            policy="last_assistant",
        ),
        Paint(
            "zeros",
            "0 in place of −100",
            "0 is a token: at every masked place the model is taught to write it",
            masked=0,
        ),
        Paint(
            "divided",
            "divided by every token",
            "the masked tokens are counted: the loss looks low, and an answer to a long question weighs less",
            normalization="sample",
        ),
    )
)
