"""What can be wrong with a row: each check says what it needs, what it found, why it matters and what to do."""

from sftviz.supervision.checks import batch, labels, template, turns
from sftviz.supervision.checks.evidence import SEVERITIES, Check, Evidence, Finding, Report
from sftviz.supervision.checks.evidence import run as run_checks

__all__ = ["CHECKS", "SEVERITIES", "Check", "Evidence", "Finding", "Report", "run"]

CHECKS: dict[str, Check] = {check.code: check for room in (labels, turns, template, batch) for check in room.CHECKS}


def run(evidence: Evidence) -> Report:
    """Every finding, the gravest first, and the checks that could not look because something was not known."""
    return run_checks(evidence, CHECKS.values())
