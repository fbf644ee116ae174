"""What a framework makes of a chat: rows with a label and a reason for every token, or why there is none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from sftviz.chat.messages import Chat
from sftviz.chat.rendering import Rendering
from sftviz.chat.tokenizers.protocol import Ints, Tokenizer
from sftviz.supervision import IGNORE
from sftviz.supervision.policies import Policy
from sftviz.supervision.row import Row
from sftviz.supervision.verdicts import Verdicts, of_tokens
from sftviz.words import Said


@dataclass(frozen=True)
class Framework:
    """Who trains, in which version, and how we know. licence: of the package; nothing of its text stands here."""

    name: str
    title: str
    version: str  # package and version, or the commit
    files: tuple[str, ...]  # within the package: where its labels are made
    licence: str
    known_by: Literal["ran", "read"]  # "ran": compared token for token with what the package itself made
    templates: tuple[str, ...] = ()  # names of its own templates; empty: it renders the tokenizer's


@dataclass(frozen=True)
class Preset:
    """A framework with settings. name: "framework/what"."""

    name: str
    title: str
    meaning: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])  # the framework's own words

    @property
    def framework(self) -> str:
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class Asked:
    """A chat as a framework is given it. template: see `render`, or a name of the framework's own templates."""

    chat: Chat
    tokenizer: Tokenizer
    template: str | None
    preset: Preset
    options: Mapping[str, Any]  # beside the preset's: max_length, …

    def option(self, name: str, default: Any = None) -> Any:
        return self.options.get(name, self.preset.settings.get(name, default))


@dataclass(frozen=True)
class Labelled:
    """A row as a framework's module gives it. labels [T] unshifted; a reason for every token."""

    rendering: Rendering
    labels: Sequence[int]
    reasons: Sequence[Said]
    position_ids: Sequence[int] | None = None
    attention_mask: Sequence[int] | None = None


class NoRow(Exception):
    """The framework leaves the chat out (`drops`), or stops with an error."""

    def __init__(self, code: str, *, drops: bool = False, **values: Any):
        super().__init__(code)
        self.said, self.drops = Said(f"no_row.{code}", **values), drops


Encode = Callable[[Asked], Iterable[Labelled]]


@dataclass(frozen=True)
class FrameworkRow:
    """One row of a framework's, joined with who wrote what."""

    rendering: Rendering
    verdicts: Verdicts
    position_ids: Ints | None = None
    attention_mask: Ints | None = None

    @cached_property
    def row(self) -> Row:
        labels, tokenizer = self.verdicts.label_ids, self.rendering.tokenizer
        return Row(
            self.rendering.tokens.ids, labels, rendering=self.rendering, tokenizer=tokenizer,
            attention_mask=self.attention_mask, position_ids=self.position_ids,
        )  # fmt: skip

    @property
    def label_differs(self) -> tuple[int, ...]:
        """Targets whose label is not their token's id."""
        odd = self.verdicts.is_target & (self.verdicts.label_ids != self.rendering.tokens.ids)
        return tuple(np.flatnonzero(odd).tolist())


@dataclass(frozen=True)
class Made:
    """rows: mostly one. no_row: why there is none; drops: the chat is left out without an error."""

    preset: Preset
    rows: tuple[FrameworkRow, ...]
    no_row: Said | None = None
    drops: bool = False


def joined(preset: Preset, labelled: Labelled, source: str) -> FrameworkRow:
    policy = Policy(preset.name, preset.title, preset.meaning, source)
    labels = np.array(labelled.labels, dtype=np.int64)
    verdicts = of_tokens(policy, labelled.rendering, labels, labelled.reasons)
    return FrameworkRow(labelled.rendering, verdicts, _ints(labelled.position_ids), _ints(labelled.attention_mask))


def labels_of(ids: Iterable[int], trained: Iterable[bool]) -> list[int]:
    """ids where trained, else -100.

    >>> labels_of([7, 8], [False, True])
    [-100, 8]
    """
    return [token if yes else IGNORE for token, yes in zip(ids, trained, strict=True)]


def _ints(values: Sequence[int] | None) -> Ints | None:
    return None if values is None else np.array(values, dtype=np.int64)
