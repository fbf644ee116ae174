"""Samples -> one report: findings grouped by severity and code, with how many samples have them, and where first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sftviz.overview import Overview
from sftviz.supervision.checks import CHECKS, SEVERITIES
from sftviz.words import Said

LEVELS = ("error", "warning")  # from which severity on a gate may fail
KEPT = 1000  # occurrences of a group that are kept with their place: more are only counted
UNUSABLE = "unusable"  # begins the code of a sample that cannot be read or written


@dataclass(frozen=True)
class Occurrence:
    """One finding: the file, the sample from 1, the line where the file has lines, and what was said."""

    file: str
    sample: int
    line: int | None
    what: Said
    where: Said | None = None

    @property
    def place(self) -> Said:
        return Said("place.sample", n=self.sample) if self.line is None else Said("place.line", n=self.line)


@dataclass
class Group:
    """Every finding of one code and severity."""

    code: str
    severity: str
    remedy: Said | None
    findings: int = 0
    samples: int = 0
    first: list[Occurrence] = field(default_factory=list[Occurrence])

    @property
    def title(self) -> str:
        return CHECKS[self.code].title if self.code in CHECKS else self.code.replace("_", " ").replace("/", ": ")


@dataclass
class Report:
    """What was found in every sample of every file."""

    samples: int = 0
    unusable: int = 0  # samples that cannot be read, or that the template refuses
    tokens: int = 0
    trained: int = 0
    unread: list[str] = field(default_factory=list[str])  # files that could not be opened, or not to their end
    groups: dict[tuple[str, str], Group] = field(default_factory=dict[tuple[str, str], Group])
    unseen: Counter[str] = field(default_factory=Counter[str])  # check that could not look -> in how many samples

    def add(self, file: str, one: Overview) -> None:
        self.samples += 1
        if one.error is not None:
            self.unusable += 1
            there = Occurrence(file, one.sample, one.line, one.error.what, one.error.where)
            self._put(f"{UNUSABLE}/{one.error.code}", "error", one.error.remedy, [there])
            return
        self.tokens += one.tokens or 0
        self.trained += one.supervised or 0
        self.unseen.update(one.unseen.keys())
        found: dict[tuple[str, str], list[Occurrence]] = {}
        remedies: dict[tuple[str, str], Said | None] = {}
        for finding in one.findings:
            key = (finding.severity, finding.code)
            remedies.setdefault(key, finding.remedy)
            found.setdefault(key, []).append(Occurrence(file, one.sample, one.line, finding.what, finding.where))
        for (severity, code), occurrences in found.items():
            self._put(code, severity, remedies[severity, code], occurrences)

    def _put(self, code: str, severity: str, remedy: Said | None, occurrences: list[Occurrence]) -> None:
        group = self.groups.setdefault((severity, code), Group(code, severity, remedy))
        group.samples += 1
        group.findings += len(occurrences)
        group.first += occurrences[: KEPT - len(group.first)]

    def ordered(self) -> list[Group]:
        """The gravest first, then the commonest."""
        return sorted(
            self.groups.values(),
            key=lambda group: (SEVERITIES.index(group.severity), -group.samples, group.code),  # pyright: ignore[reportArgumentType]
        )

    def at_least(self, level: str) -> list[Group]:
        """Groups of this severity and graver ones."""
        grave = SEVERITIES[: SEVERITIES.index(level) + 1]  # pyright: ignore[reportArgumentType]
        return [group for group in self.ordered() if group.severity in grave]

    def rate(self, group: Group) -> float:
        """The share of the samples that have it."""
        return group.samples / max(1, self.samples)

    def to_dict(self, failing: Iterable[Group] = ()) -> dict[str, Any]:
        """As JSON holds it, in the language spoken."""
        fails = {(group.severity, group.code) for group in failing}
        return {
            "samples": self.samples,
            "unusable": self.unusable,
            "tokens": self.tokens,
            "trained": self.trained,
            "unread": self.unread,
            "fails": bool(fails or self.unread),
            "findings": [self._told(group, fails) for group in self.ordered()],
            "not_checked": dict(self.unseen),
        }

    def _told(self, group: Group, fails: set[tuple[str, str]]) -> dict[str, Any]:
        return {
            "code": group.code,
            "severity": group.severity,
            "samples": group.samples,
            "rate": self.rate(group),
            "findings": group.findings,
            "fails": (group.severity, group.code) in fails,
            "message": str(group.first[0].what),
            "remedy": str(group.remedy or ""),
            "first": [{"file": o.file, "sample": o.sample, "line": o.line} for o in group.first[:10]],
        }


def gather(files: Iterable[tuple[str, Iterable[Overview]]]) -> Report:
    """The report of every line of every file."""
    report = Report()
    for name, lines in files:
        for line in lines:
            report.add(name, line)
    return report
