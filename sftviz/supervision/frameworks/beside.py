"""What several frameworks train of one chat, on one axis of tokens: where they differ, why, and what follows.

Rows with the same ids share the axis. Others are found again by who wrote their characters (`chat.alignment`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sftviz.chat.alignment import aligned
from sftviz.chat.messages import Chat
from sftviz.chat.rendering import Rendering, render
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.supervision.frameworks.made import FrameworkRow, Made, Preset
from sftviz.supervision.frameworks.parts import PARTS, Cell, cells, consequences
from sftviz.supervision.frameworks.registry import FRAMEWORKS, PRESETS, FrameworkError, chosen, make
from sftviz.supervision.frameworks.said import of_token
from sftviz.supervision.policies import POLICIES
from sftviz.supervision.verdicts import apply
from sftviz.words import Said


@dataclass(frozen=True)
class Column:
    """One row of one preset, on the axis. found [T]: its token for each of the axis; None where it has none."""

    name: str
    preset: Preset
    row: FrameworkRow
    found: tuple[int | None, ...]
    same_ids: bool  # False: the framework wrote or cut another text, and tokens were found by their characters

    @cached_property
    def trained(self) -> tuple[bool | None, ...]:
        """[T] of the axis; None where the row has no such token."""
        supervised = self.row.verdicts.supervised
        return tuple(None if t is None else supervised[t] for t in self.found)

    @cached_property
    def only_here(self) -> tuple[int, ...]:
        """Its own trained tokens that are not on the axis."""
        met = {t for t in self.found if t is not None}
        return tuple(t for t in np.flatnonzero(self.row.verdicts.is_target).tolist() if t not in met)

    def reason(self, position: int) -> Said | None:
        """Why the token of the axis is, or is not, trained here."""
        t = self.found[position]
        return None if t is None else self.row.verdicts.reason(t)

    @property
    def cells(self) -> dict[str, Cell]:
        return cells(self.row)

    @property
    def consequences(self) -> tuple[Said, ...]:
        return consequences(self.row)


@dataclass(frozen=True)
class Difference:
    """Tokens of one kind that the same columns train. "newline after the end: trained by 5 of 12"."""

    what: Said
    positions: tuple[int, ...]  # of the axis
    trained_by: tuple[str, ...]
    known_to: tuple[str, ...]  # columns that have the token at all

    @property
    def said(self) -> Said:
        count, of = len(self.trained_by), len(self.known_to)
        return Said("side.difference", what=self.what, tokens=len(self.positions), count=count, of=of)


@dataclass(frozen=True)
class SideBySide:
    """axis: the tokens that most of the columns have. without: presets that give no row of this chat."""

    axis: Rendering
    columns: tuple[Column, ...]
    without: tuple[Made, ...]

    @property
    def matrix(self) -> dict[str, dict[str, Cell]]:
        """Column -> part -> how much of it is trained; of PARTS those that some row has."""
        made = {column.name: column.cells for column in self.columns}
        there = [part.name for part in PARTS if any(row[part.name].tokens for row in made.values())]
        return {name: {part: row[part] for part in there} for name, row in made.items()}

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """Tokens on which the columns part, grouped by what they are and by who trains them; the most first."""
        groups: dict[Any, list[int]] = defaultdict(list)
        for position in range(len(self.axis.tokens)):
            known = tuple(column.name for column in self.columns if column.trained[position] is not None)
            trained = tuple(column.name for column in self.columns if column.trained[position])
            if trained and len(trained) < len(known):
                groups[of_token(self.axis, position), trained, known].append(position)
        made = [Difference(what, tuple(which), by, of) for (what, by, of), which in groups.items()]
        return tuple(sorted(made, key=lambda one: -len(one.positions)))

    @property
    def consequences(self) -> dict[Said, tuple[str, ...]]:
        """What models trained so would do -> the columns of which that is true."""
        found: dict[Said, list[str]] = defaultdict(list)
        for column in self.columns:
            for said in column.consequences:
                found[said].append(column.name)
        return {said: tuple(names) for said, names in found.items()}

    @property
    def alike(self) -> tuple[tuple[str, ...], ...]:
        """Columns with the same ids and labels, together; the largest group first."""
        groups: dict[Any, list[str]] = defaultdict(list)
        for column in self.columns:
            groups[tuple(column.row.rendering.ids), column.row.verdicts.labels].append(column.name)
        return tuple(sorted(map(tuple, groups.values()), key=lambda names: -len(names)))

    def to_dict(self) -> dict[str, Any]:
        """As JSON: the axis, the columns, the matrix, the differences, and who gives no row."""
        return {
            "tokens": [{"id": i, "text": text} for i, text in zip(self.axis.ids, self.axis.tokens.texts, strict=True)],
            "columns": [_column(column) for column in self.columns],
            "differences": [
                {
                    "what": str(one.what), "positions": list(one.positions), "trained_by": list(one.trained_by),
                    "of": list(one.known_to), "sentence": str(one.said),
                }
                for one in self.differences
            ],
            "alike": [list(names) for names in self.alike],
            "without": [
                {"preset": made.preset.name, "drops": made.drops, "why": str(made.no_row)} for made in self.without
            ],
        }  # fmt: skip


def side_by_side(
    chat: Chat, names: Sequence[str], tokenizer: object = "sftviz/tiny", template: str | None = None, **options: object
) -> SideBySide:
    """Presets, frameworks (their first preset) and policies beside each other, on one chat.

    options go to every framework that knows them: max_length. Raises FrameworkError for a name that is none,
    and where none of them gives a row.

    >>> from sftviz.chat.formats import parse
    >>> both = side_by_side(parse("User: Hi\\nAssistant: Hello"), ["trl/assistant_only", "trl/completion"])
    >>> [str(one.said) for one in both.differences]
    ['assistant text after the end-of-turn: trained by 1 of 2 (tokens: 1)']
    """
    loaded = load_tokenizer(tokenizer)
    made = [_made(name, chat, loaded, template, options) for name in dict.fromkeys(names)]
    rows = [row for one in made for row in one.rows]
    if not rows:
        told = next((one.no_row for one in made if one.no_row), None)
        raise FrameworkError("no_framework_row", names=tuple(names), told=told or Said("no_row.no_messages"))
    most = Counter(tuple(row.rendering.ids) for row in rows).most_common(1)[0][0]
    axis = next(row.rendering for row in rows if tuple(row.rendering.ids) == most)
    columns = tuple(column for one in made for column in _columns(one, axis))
    return SideBySide(axis, columns, tuple(one for one in made if not one.rows))


def _made(name: str, chat: Chat, tokenizer: Any, template: str | None, options: Any) -> Made:
    """A policy of our own is a column like any other."""
    if name not in POLICIES or name in FRAMEWORKS or name in PRESETS:
        return make(chosen(name), chat, tokenizer, template, **options)
    policy = POLICIES[name]
    rendering = render(chat, tokenizer, template)
    return Made(Preset(name, policy.title, policy.meaning), (FrameworkRow(rendering, apply(policy, rendering)),))


def _columns(made: Made, axis: Rendering) -> Iterator[Column]:
    for number, row in enumerate(made.rows, 1):
        name = made.preset.name if len(made.rows) == 1 else f"{made.preset.name} #{number}"
        same = row.rendering.ids == axis.ids
        found = range(len(axis.ids)) if same else aligned(axis, row.rendering)
        yield Column(name, made.preset, row, tuple(found), same)


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "same_ids": column.same_ids,
        "ids": column.row.rendering.ids,
        "labels": list(column.row.verdicts.labels),
        "reasons": list(column.row.verdicts.reasons),
        "found": list(column.found),
        "only_here": list(column.only_here),
        "parts": {name: {"trained": cell.trained, "tokens": cell.tokens} for name, cell in column.cells.items()},
        "would": [{"code": one.code.partition(".")[2], "sentence": str(one)} for one in column.consequences],
    }
