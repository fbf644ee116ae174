"""Learning rates against transformers' own schedules, step by step."""

import itertools
import math

import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR
from transformers import (
    get_constant_schedule_with_warmup,
    get_cosine_schedule_with_warmup,
    get_cosine_with_min_lr_schedule_with_warmup,
    get_linear_schedule_with_warmup,
)

from sftviz.training.schedule import SCHEDULES, LearningRate

PEAK = 3e-4
RUNS = [(0, 10), (1, 10), (4, 10), (10, 10), (0, 1), (100, 1000)]
THEIRS = {
    "constant": lambda optimizer, warmup, total: get_constant_schedule_with_warmup(optimizer, warmup),
    "linear": get_linear_schedule_with_warmup,
    "cosine": get_cosine_schedule_with_warmup,
}


def an_optimizer() -> torch.optim.SGD:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK)


def rates_of(scheduler: LambdaLR, steps: int) -> list[float]:
    rates = []
    for _ in range(steps):
        rates.append(scheduler.get_last_lr()[0])
        scheduler.optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("warmup", "total"), RUNS)
def test_every_schedule_is_transformers(schedule: str, warmup: int, total: int) -> None:
    theirs = rates_of(THEIRS[schedule](an_optimizer(), warmup, total), total)
    assert LearningRate(schedule, PEAK, warmup, total).curve() == pytest.approx(theirs, rel=1e-12, abs=1e-18)


@pytest.mark.parametrize(("warmup", "total"), RUNS)
@pytest.mark.parametrize("floor", [0.0, 0.1, 1.0])
def test_the_cosines_floor_is_transformers_min_lr_rate(warmup: int, total: int, floor: float) -> None:
    scheduler = get_cosine_with_min_lr_schedule_with_warmup(an_optimizer(), warmup, total, min_lr_rate=floor)
    ours = LearningRate("cosine", PEAK, warmup, total, floor).curve()
    assert ours == pytest.approx(rates_of(scheduler, total), rel=1e-12, abs=1e-18)


def test_a_line_to_a_floor_by_hand() -> None:
    plan = LearningRate("linear", 1.0, 2, 6, floor=0.2)
    assert [plan.at(step) for step in range(8)] == pytest.approx([0, 0.5, 1, 0.8, 0.6, 0.4, 0.2, 0.2])


def test_the_first_step_of_a_warm_up_moves_nothing() -> None:
    """A step with learning rate 0, as in transformers."""
    weight = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=PEAK)
    scheduler = LambdaLR(optimizer, LearningRate("cosine", PEAK, 5, 50).share)
    weight.sum().backward()
    optimizer.step()
    assert float(weight.detach()) == 1.0
    scheduler.step()
    optimizer.step()
    assert float(weight.detach()) == pytest.approx(1 - PEAK / 5)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_after_the_run_the_rate_stays_where_transformers_cosine_climbs_again(schedule: str) -> None:
    plan = LearningRate(schedule, PEAK, 2, 10, floor=0.05)
    assert {plan.at(step) for step in (10, 15, 1000)} == {plan.at(10)}
    assert plan.at(10) == pytest.approx(PEAK if schedule == "constant" else 0.05 * PEAK)
    theirs = rates_of(get_cosine_schedule_with_warmup(an_optimizer(), 2, 10), 18)
    assert theirs[17] > theirs[11]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_schedule_rises_after_warm_up_or_leaves_its_bounds(schedule: str) -> None:
    rates = LearningRate(schedule, PEAK, 20, 200, floor=0.1).curve()
    assert max(rates) == rates[20] == PEAK
    assert all(a >= b for a, b in itertools.pairwise(rates[20:]))
    assert all(a < b for a, b in itertools.pairwise(rates[:21]))
    assert min(rates[20:]) >= 0.1 * PEAK


REFUSED = {
    "an unknown schedule": (("step", 1e-3, 0, 10), "'step' is unknown; use one of constant, linear, cosine"),
    "no learning rate": (("cosine", 0.0, 0, 10), "peak learning rate 0.0 is not a positive number"),
    "a NaN": (("cosine", math.nan, 0, 10), "peak learning rate nan"),
    "no step": (("cosine", 1e-3, 0, 0), "a run of 0 steps"),
    "a warm-up longer than the run": (("cosine", 1e-3, 11, 10), "warm-up of 11 steps does not fit a run of 10"),
    "a negative warm-up": (("cosine", 1e-3, -1, 10), "warm-up of -1 steps"),
    "a floor above the peak": (("cosine", 1e-3, 0, 10, 1.1), r"floor 1.1 .* must be in \[0, 1\]"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_run_is_refused(case: str) -> None:
    arguments, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        LearningRate(*arguments)


def test_a_step_before_the_run_is_refused() -> None:
    with pytest.raises(ValueError, match="step -1 is before the run"):
        LearningRate("linear", 1e-3, 0, 10).at(-1)
