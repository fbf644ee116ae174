"""What checks look at, what they give, and the runner that names what it could not look at."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from sftviz.chat.messages import Notice, Severity
from sftviz.chat.rendering import Rendering
from sftviz.chat.spans import Span, Tokens
from sftviz.chat.tokenizers import Tokenizer
from sftviz.chat.tokenizers.protocol import Ints
from sftviz.supervision import IGNORE
from sftviz.supervision.row import Row
from sftviz.supervision.verdicts import Verdicts
from sftviz.words import Said, known
from sftviz.words.visible import INVISIBLE

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """Something a check found. `tokens` are the positions it speaks of, `where` the place in the pasted chat.

    Its sentences are finding.<code> and cure.<code>.
    """

    code: str
    severity: Severity
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tokens: tuple[int, ...] = ()
    where: Said | None = None

    @property
    def what(self) -> Said:
        return Said(f"finding.{self.code}", **self.values)

    @property
    def message(self) -> str:
        return str(self.what)

    @property
    def remedy(self) -> Said | None:
        return Said(f"cure.{self.code}", **self.values) if known(f"cure.{self.code}") else None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it, in the language spoken."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "remedy": str(self.remedy or ""),
            "where": str(self.where or ""),
            "tokens": list(self.tokens),
        }


@dataclass(frozen=True)
class Found:
    """One find of a check: the holes of its sentence, the tokens, the place."""

    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tokens: Iterable[int] = ()
    where: Said | None = None
    severity: Severity | None = None  # where it differs from the check's own


@dataclass(frozen=True)
class Evidence:
    """A row and what a policy made of it. Every view of it is made once."""

    row: Row
    verdicts: Verdicts | None = None

    @property
    def rendering(self) -> Rendering:
        """Only for checks that need turns."""
        if self.row.rendering is None:
            raise ValueError("this row has no rendering: a check that reads turns must say that it needs them")
        return self.row.rendering

    @property
    def tokenizer(self) -> Tokenizer:
        if self.row.tokenizer is None:
            raise ValueError("this row has no tokenizer: a check that reads one must say that it needs it")
        return self.row.tokenizer

    @cached_property
    def labels(self) -> Ints:
        """[T] unshifted, -100 where nothing counts."""
        if self.row.labels is not None:
            return self.row.labels
        return self.verdicts.label_ids if self.verdicts else np.full(len(self.row.ids), IGNORE)

    @cached_property
    def supervised(self) -> Any:
        return self.labels != IGNORE

    @cached_property
    def spans_of_turn(self) -> dict[int | None, list[int]]:
        found: dict[int | None, list[int]] = {}
        for i, span in enumerate(self.rendering.spans):
            found.setdefault(span.turn, []).append(i)
        return found

    @cached_property
    def spans_of_field(self) -> dict[tuple[int | None, str], list[Span]]:
        """(source, field) -> the spans that quote it."""
        found: dict[tuple[int | None, str], list[Span]] = {}
        for span in self.rendering.spans:
            if span.is_quoted:
                found.setdefault((span.source, span.field), []).append(span)
        return found

    def tokens_between(self, start: int, end: int) -> range:
        """Positions that begin within characters [start, end)."""
        starts = self.rendering.tokens.starts
        return range(int(starts.searchsorted(start)), int(starts.searchsorted(end)))

    def tokens_of_span(self, index: int) -> range:
        """Positions that touch a span: spans and tokens stand in the same order, so they are neighbours."""
        tokens = self.rendering.tokens
        first = int(np.searchsorted(tokens.last_span, index, side="left"))
        return range(first, int(np.searchsorted(tokens.first_span, index, side="right")))

    def tokens_of(self, turn: int, *parts: str) -> list[int]:
        """Positions that touch a span of this turn and of one of these parts (any part where none is named)."""
        spans = self.rendering.spans
        mine = [i for i in self.spans_of_turn.get(turn, ()) if not parts or spans[i].part in parts]
        return sorted({t for i in mine for t in self.tokens_of_span(i)})

    @cached_property
    def replies(self) -> list[int]:
        """Turns of the assistant that stand in the text."""
        messages = self.rendering.chat.messages
        return [i for i, m in enumerate(messages) if m.role == "assistant" and i in self.spans_of_turn]


@dataclass(frozen=True)
class Check:
    """A row of CHECKS: what it finds, how grave that is, and what it has to know."""

    code: str
    severity: Severity
    title: str
    needs: frozenset[str]  # of Row.knows
    find: Callable[[Evidence], Iterator[Found]]


@dataclass(frozen=True)
class Report:
    """What was found, the gravest first, and which checks could not look: code -> what they lacked."""

    findings: tuple[Finding, ...]
    unseen: Mapping[str, tuple[str, ...]]


def run(evidence: Evidence, checks: Iterable[Check]) -> Report:
    """Every check whose needs are met; what reading noticed is among the findings."""
    knows = evidence.row.knows | ({"labels", "policy"} if evidence.verdicts else set[str]())
    found: list[Finding] = []
    unseen: dict[str, tuple[str, ...]] = {}
    for check in checks:
        lacking = tuple(sorted(check.needs - knows))
        if lacking:
            unseen[check.code] = lacking
            continue
        found += [
            Finding(check.code, one.severity or check.severity, one.values, tuple(one.tokens), one.where)
            for one in check.find(evidence)
        ]
    notices = evidence.row.rendering.chat.notices if evidence.row.rendering else ()
    told = any(one.code == "no_end_of_turn" for one in found)
    notices = [notice for notice in notices if not (told and _is_told_by_the_check(notice))]
    found += [Finding(n.code, n.severity, n.values, where=n.where) for n in _folded(notices)]
    return Report(tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))), unseen)


def _is_told_by_the_check(notice: Notice) -> bool:
    """What a reader says of a reply without an end, the check no_end_of_turn says too, with its tokens."""
    return notice.code in ("cut_short", "unclosed_turn") and notice.values.get("role", "assistant") == "assistant"


def _folded(notices: Iterable[Notice]) -> Iterator[Notice]:
    seen: set[tuple[str, str, str]] = set()
    for notice in notices:
        key = (notice.code, str(notice.where), str(notice.what))
        if key not in seen:
            seen.add(key)
            yield replace(notice)


def message(turn: int) -> Said:
    return Said("place.message", n=turn + 1)


def more(count: int) -> Said | str:
    """What a sentence adds where more was found than it quotes."""
    return Said("list.more", n=count) if count > 0 else ""


HIDDEN = re.compile(f"[{INVISIBLE}]")


def positions_where(tokens: Tokens, pattern: re.Pattern[str]) -> Iterator[int]:
    """Positions whose text holds the pattern."""
    return (t for t, text in enumerate(tokens.texts) if pattern.search(text))
