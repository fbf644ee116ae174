"""Many samples at a glance: how long each is, how much of it is supervised, what was found; one in a sentence."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sftviz.chat.files import FileSample
from sftviz.chat.messages import DOCUMENT, Chat, ChatError
from sftviz.chat.rendering import render_all
from sftviz.inspection import Inspection, inspection_of, tokenizer_for
from sftviz.supervision.checks import Finding
from sftviz.supervision.policies import Policy
from sftviz.words import Said, SaidError

FIRST_WORDS = 60


@dataclass(frozen=True)
class Overview:
    """One sample's line. Where it cannot be read or written, `error` says why and the numbers are None."""

    sample: int  # from 1
    begins: str
    line: int | None = None  # of its file
    tokens: int | None = None
    supervised: int | None = None
    findings: tuple[Finding, ...] = ()
    unseen: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    error: SaidError | None = None

    @property
    def share(self) -> float | None:
        """Supervised tokens of all."""
        return self.supervised / self.tokens if self.tokens and self.supervised is not None else None

    @property
    def errors(self) -> int | None:
        return self._count("error")

    @property
    def warnings(self) -> int | None:
        return self._count("warning")

    def _count(self, severity: str) -> int | None:
        return None if self.error else sum(finding.severity == severity for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        names = ("sample", "line", "begins", "tokens", "supervised", "share", "errors", "warnings")
        told = {name: getattr(self, name) for name in names}
        return told | {"codes": [one.code for one in self.findings], "error": str(self.error) if self.error else None}


def overviews(
    samples: Iterable[FileSample],
    tokenizer: Any = None,
    template: str | None = None,
    policy: str | Policy = "assistant_only",
    model: Any = None,
    *,
    online: bool = False,
    **knobs: Any,
) -> Iterator[Overview]:
    """A line a sample, made as it is asked for, some hundred at a time; choices as for `inspect`.

    No model is run: a model's name says which tokenizer is meant where none is chosen.
    """
    waiting: deque[FileSample] = deque()
    rendered = render_all(_chats(samples, waiting), tokenizer_for(model, tokenizer), template, online=online)
    for found in rendered:
        one = waiting.popleft()
        try:
            if isinstance(found, SaidError):
                raise found
            yield _line(one, inspection_of(found, policy, **knobs))
        except SaidError as error:
            yield Overview(one.number, "", one.line, error=error)


def _chats(samples: Iterable[FileSample], waiting: deque[FileSample]) -> Iterator[Chat | SaidError]:
    for one in samples:
        waiting.append(one)
        yield one.read


def overview(samples: Sequence[Chat], which: Iterable[int] | None = None, **choices: Any) -> Iterator[Overview]:
    """The same of samples that are counted; which: indices of them, None for all."""
    return overviews(_numbered(samples, range(len(samples)) if which is None else which), **choices)


def _numbered(samples: Sequence[Chat], which: Iterable[int]) -> Iterator[FileSample]:
    for i in which:
        try:
            yield FileSample(i + 1, None, samples[i])
        except ChatError as error:
            yield FileSample(i + 1, None, error)


def _line(sample: FileSample, seen: Inspection) -> Overview:
    said = (message.content for message in seen.rendering.chat.messages)
    first = next((content for content in said if content.strip()), "")
    return Overview(
        sample.number,
        first.strip()[:FIRST_WORDS],
        sample.line,
        len(seen.rendering.tokens),
        int(seen.supervision.is_target.sum()),
        seen.findings,
        seen.unseen,
    )


def summary(seen: Inspection) -> Said:
    """One sample in a sentence: how much is trained, whether each reply's end is, what it costs, what was found."""
    trained, total = int(seen.supervision.is_target.sum()), len(seen.rendering.tokens)
    code = "summary.own_labels" if seen.has_own_labels else "summary.trained"
    ends = trained_ends(seen)
    loss = "" if seen.losses is None or not trained else Said("summary.loss", loss=seen.loss())
    return Said(
        "summary.all",
        trained=Said(code, trained=trained, total=total, share=f"{trained / max(total, 1):.0%}".replace("%", " %")),
        ends=Said("summary.ends", trained=ends[0], count=ends[1]) if ends[1] else "",
        loss=loss,
        findings=_findings(seen),
    )


def trained_ends(seen: Inspection) -> tuple[int, int]:
    """(turns whose end-of-turn is trained, turns of which anything is)."""
    said = (row for row in seen.rows() if row.message is not None and row.role != DOCUMENT)
    turns = [list(turn) for _, turn in groupby(said, key=lambda row: row.message)]
    trained = [rows for rows in turns if any(row.supervised for row in rows)]
    return sum(any(row.supervised and row.part == "end" for row in rows) for rows in trained), len(trained)


def _findings(seen: Inspection) -> Said:
    count = len(seen.findings)
    errors = sum(finding.severity == "error" for finding in seen.findings)
    code = "summary.no_findings" if not count else "summary.one_finding" if count == 1 else "summary.findings"
    return Said(code, count=count, errors=Said("summary.errors", count=errors) if errors else "")
