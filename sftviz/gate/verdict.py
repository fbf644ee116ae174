"""The report in words: one sentence, and where each finding stands first."""

from collections import Counter
from collections.abc import Sequence

from sftviz.gate.report import Group, Report
from sftviz.words import Said

NAMED = 3  # places


def verdict(report: Report, failing: Sequence[Group]) -> Said:
    kinds = Counter(group.severity for group in report.ordered())
    return Said(
        "gate.verdict",
        samples=report.samples,
        tokens=report.tokens,
        share=share(report.trained / max(1, report.tokens)),
        errors=kinds["error"],
        warnings=kinds["warning"],
        notes=kinds["note"],
        outcome=_outcome(report, failing),
    )


def _outcome(report: Report, failing: Sequence[Group]) -> Said:
    said = Said("gate.fails", codes=tuple(group.code for group in failing)) if failing else Said("gate.passes")
    if not report.unread:
        return said
    unread = Said("gate.unread", files=tuple(report.unread))
    return Said("gate.both", first=said, then=unread) if failing else unread


def share(rate: float) -> str:
    """A share as people read it; a small one is not none.

    >>> share(0.5), share(0.0004), share(1.0)
    ('50 %', '0.04 %', '100 %')
    """
    return f"{100 * rate:.2g} %" if rate < 0.01 else f"{100 * rate:.0f} %"


def places(group: Group) -> str:
    """Where it stands first: the file once, then lines or samples."""
    first = group.first[0]
    same = [one for one in group.first if one.file == first.file]
    different = list(dict.fromkeys(str(one.place) for one in same))
    named = ", ".join(different[:NAMED])
    return f"{first.file}: {named}" + (" …" if group.samples > len(different[:NAMED]) else "")
