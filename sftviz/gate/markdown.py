"""The report as Markdown, for the summary of a pipeline's run. What people wrote goes in as code or escaped."""

import re
from collections.abc import Sequence

from sftviz.gate.report import Group, Report
from sftviz.gate.verdict import places, share, verdict
from sftviz.words import tell

SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$@])")
SIGNS = {"error": "❌", "warning": "⚠️", "note": "ℹ️"}


def to_markdown(report: Report, failing: Sequence[Group]) -> str:
    lines = [f"## {tell('gate.title')}", "", escaped(str(verdict(report, failing))), ""]
    groups = report.ordered()
    if groups:
        head = [tell(f"gate.{name}") for name in ("finding", "samples", "first", "meaning")]
        lines += [f"| | {' | '.join(head)} |", "|---|---|---|---|---|"]
        lines += [_row(report, group, group in failing) for group in groups]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Text as Markdown shows it literally, in one line."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _row(report: Report, group: Group, fails: bool) -> str:
    name = f"**`{group.code}`**" if fails else f"`{group.code}`"
    said = str(group.first[0].what) + (f" → {group.remedy}" if group.remedy else "")
    counted = f"{group.samples:,} ({share(report.rate(group))})"
    return f"| {SIGNS[group.severity]} | {name} | {counted} | {escaped(places(group))} | {escaped(said)} |"
