"""One run of the gate: files and choices -> report, what fails, and the files that could not be opened."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sftviz.chat.files import DataFile
from sftviz.chat.write.templates import resolve
from sftviz.gate.baseline import Baseline, failing
from sftviz.gate.processes import lines_of
from sftviz.gate.report import Group, Report, gather
from sftviz.overview import Overview
from sftviz.supervision.policies import KNOBS, chosen
from sftviz.words import SaidError

Opens = Callable[[], DataFile]


@dataclass
class Outcome:
    report: Report
    failing: list[Group]
    unread: list[tuple[str, Exception]] = field(default_factory=list[tuple[str, Exception]])

    @property
    def code(self) -> int:
        """The exit code: 0 passes, 1 findings, 2 something could not be read, or nothing of it be used."""
        if self.unread or self.report.unusable == self.report.samples:
            return 2
        return 1 if self.failing else 0


def run(
    files: Sequence[tuple[str, Opens]],
    choices: Mapping[str, Any],
    *,
    online: bool = False,
    level: str = "error",
    baseline: Path | None = None,
    writes: bool = False,
    jobs: int = 1,
) -> Outcome:
    """Check every sample of the files under these choices (`sftviz.inspect`'s own).

    jobs: processes; few samples need one only. Raises SaidError for a choice that cannot be used. A file that cannot
    be read is told beside the others' report.
    """
    _refuse_impossible(choices)
    told = _told(choices)
    known = Baseline.read(baseline, told) if baseline and not writes else None
    unread: list[tuple[str, Exception]] = []
    report = gather((name, _lines(name, opens, {**choices, "online": online}, unread, jobs)) for name, opens in files)
    report.unread = [name for name, _ in unread]
    if writes and baseline and not unread:
        made = Baseline.of(report, told)
        made.write(baseline)
        known = made
    return Outcome(report, failing(report, level, known), unread)


def _lines(
    name: str, opens: Opens, choices: dict[str, Any], unread: list[tuple[str, Exception]], jobs: int
) -> Iterator[Overview]:
    try:
        file = opens()
        yield from lines_of(file.samples(), choices, jobs)
    except (SaidError, OSError) as error:
        unread.append((name, error))


def _refuse_impossible(choices: Mapping[str, Any]) -> None:
    """What would be wrong of every sample is said once, before any is read."""
    turned = {name: value for name, value in choices.items() if name in KNOBS}
    chosen(choices["policy"], turned, set(turned.get("roles", ())))
    if choices.get("template") not in (None, "tokenizer"):
        resolve(choices["template"], None, None)


def _told(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The choices as a baseline keeps them: of a typed template its fingerprint."""
    kept = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in choices.items()}
    template = choices.get("template")
    if template and "{" in template:
        kept["template"] = f"sha256:{hashlib.sha256(template.encode()).hexdigest()[:16]}"
    return {name: value for name, value in kept.items() if value is not None}
