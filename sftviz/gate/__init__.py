"""A gate for data: what the checks find in every sample, by code; what of it is new; and whether that passes."""

from sftviz.gate.baseline import Baseline
from sftviz.gate.report import LEVELS, Group, Report, gather

__all__ = ["LEVELS", "Baseline", "Group", "Report", "gather"]
