"""One sample in a sentence: how much is trained, whether each reply's end is, what it costs, what was found."""

from itertools import groupby
from typing import TYPE_CHECKING

from sftviz.chat.messages import DOCUMENT
from sftviz.words import Said

if TYPE_CHECKING:
    from sftviz.inspection import Inspection


def summary(seen: "Inspection") -> Said:
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


def trained_ends(seen: "Inspection") -> tuple[int, int]:
    """(turns whose end-of-turn is trained, turns of which anything is)."""
    said = (row for row in seen.rows() if row.message is not None and row.role != DOCUMENT)
    turns = [list(turn) for _, turn in groupby(said, key=lambda row: row.message)]
    trained = [rows for rows in turns if any(row.supervised for row in rows)]
    return sum(any(row.supervised and row.part == "end" for row in rows) for rows in trained), len(trained)


def _findings(seen: "Inspection") -> Said:
    count = len(seen.findings)
    errors = sum(finding.severity == "error" for finding in seen.findings)
    code = "summary.no_findings" if not count else "summary.one_finding" if count == 1 else "summary.findings"
    return Said(code, count=count, errors=Said("summary.errors", count=errors) if errors else "")
