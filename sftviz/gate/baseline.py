"""What a gate has let pass before: how large a share of the samples has each finding, under which choices."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sftviz.gate.report import Group, Report
from sftviz.words import SaidError

FORM = 1
SLACK = 1e-9  # of a rate: two ways of the same division


class BaselineError(SaidError):
    """A baseline that cannot be used: sentences error.<code>, remedy.<code>."""


@dataclass(frozen=True)
class Baseline:
    """severity -> code -> the share of the samples that have it; `choices` are what it was measured with."""

    rates: Mapping[str, Mapping[str, float]]
    choices: Mapping[str, Any]

    @classmethod
    def of(cls, report: Report, choices: Mapping[str, Any]) -> "Baseline":
        rates: dict[str, dict[str, float]] = {}
        for group in report.ordered():
            rates.setdefault(group.severity, {})[group.code] = report.rate(group)
        return cls(rates, choices)

    @classmethod
    def read(cls, path: Path, choices: Mapping[str, Any]) -> "Baseline":
        """Raises BaselineError where the file is none, or was measured with other choices."""
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            rates = {level: {code: float(rate) for code, rate in of.items()} for level, of in held["rates"].items()}
            found = cls(rates, dict(held["choices"]))
        except FileNotFoundError as error:
            raise BaselineError("baseline_missing", name=str(path)) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BaselineError("baseline_broken", name=str(path), what=f"{type(error).__name__}: {error}") from error
        odd = sorted(key for key in {*choices, *found.choices} if choices.get(key) != found.choices.get(key))
        if odd:
            then, now = found.choices.get(odd[0]), choices.get(odd[0])
            raise BaselineError("baseline_differs", key=odd[0], then=repr(then), now=repr(now))
        return found

    def write(self, path: Path) -> None:
        """Whole or not at all."""
        held = {"sftviz_baseline": FORM, "choices": dict(self.choices), "rates": self.rates}
        waiting = path.with_name(f".{path.name}.{os.getpid()}")
        waiting.write_text(json.dumps(held, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        waiting.replace(path)

    def allows(self, group: Group, rate: float) -> bool:
        """A finding that was there, at the same or a higher rate."""
        return rate <= self.rate(group) + SLACK

    def rate(self, group: Group) -> float:
        return self.rates.get(group.severity, {}).get(group.code, 0.0)


def failing(report: Report, level: str, baseline: Baseline | None) -> list[Group]:
    """What does not pass: findings of this severity and graver that the baseline does not allow."""
    return [
        group for group in report.at_least(level) if baseline is None or not baseline.allows(group, report.rate(group))
    ]
