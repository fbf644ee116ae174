"""Spikes found, also after a spike; the naive monitor as an exhibit of what goes wrong."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation

from sftviz.training.spikes import MONITORS, SpikeMonitor, find_spikes, median_distance


def quiet(count: int, seed: int = 0, level: float = 2.0) -> list[float]:
    draws = random.Random(seed)
    return [draws.gauss(level, 0.05) for _ in range(count)]


def spikes(losses: list[float], monitor: str = "robust", **knobs: float) -> list[int]:
    return [seen.step for seen in find_spikes(losses, monitor, **knobs) if seen.is_spike]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=60))
def test_the_spread_is_scipys_normal_mad(values: list[float]) -> None:
    # scipy divides by 0.67449, where 1.4826 is the usual four digits
    expected = float(median_abs_deviation(np.array(values), scale="normal"))
    assert median_distance(values) == pytest.approx(expected, rel=1e-4, abs=1e-12)


@pytest.mark.parametrize("threshold", [2.0, 3.0, 5.0])
def test_the_naive_monitor_misses_the_second_spike_and_ours_finds_it(threshold: float) -> None:
    """A spike of 10 nats, and ten steps later one of 3: the first has lifted mean and deviation."""
    losses = quiet(80)
    losses[60], losses[70] = 12.0, 5.0
    naive = spikes(losses, "naive", threshold=threshold)
    assert 60 in naive
    assert 70 not in naive or threshold < 2
    robust = spikes(losses, threshold=threshold)
    assert {60, 70} <= set(robust)


def test_the_naive_limit_after_a_spike_by_hand() -> None:
    """Nine losses of 1 and 2 in turn with one of 11: mean and deviation over these ten."""
    history = [1.0, 2.0] * 5 + [11.0]
    limit = find_spikes([*history, 5.0], "naive", threshold=2.0, least=2, window=50)[-1].limit
    assert limit == pytest.approx(np.mean(history) + 2 * np.std(history))
    limit = find_spikes([*history, 5.0], threshold=2.0, least=10, window=50)[-1].limit
    assert limit == pytest.approx(1.5 + 2 * 1.4826 * 0.5)  # the 11 was a spike and is not remembered


@pytest.mark.parametrize("monitor", MONITORS)
@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_is_a_spike_and_is_not_remembered(monitor: str, loss: float) -> None:
    losses = quiet(30)
    seen = find_spikes([*losses, loss, *losses], monitor, threshold=8)
    assert [s.step for s in seen if s.is_spike] == [30]
    assert seen[30].reason.startswith(f"the loss is {loss}: the weights may be broken")
    assert math.isfinite(seen[-1].limit)


def test_the_very_first_loss_can_be_nan() -> None:
    assert [seen.is_spike for seen in find_spikes([math.nan, 2.0])] == [True, False]


def test_a_spike_names_its_loss_and_its_limit() -> None:
    seen = find_spikes([2.0] * 20 + [3.0])[-1]
    assert seen.limit == pytest.approx(2 * (1 + 5 * 0.01))  # no spread at all: 1 % of the centre stands in
    assert seen.reason == "3 nats is above the limit of 2.1: look at this batch before it is learned from"


def test_falling_losses_are_no_spikes() -> None:
    assert spikes([8 * math.exp(-step / 30) + 1 for step in range(300)]) == []
    assert spikes([*quiet(40), 0.01]) == []


def test_ten_spikes_in_a_row_are_a_new_level() -> None:
    losses = quiet(40) + quiet(40, seed=1, level=4.0)
    assert spikes(losses, patience=10) == list(range(40, 50))
    back = [*losses, 6.0]
    assert spikes(back, patience=10)[-1] == 80


def test_after_a_new_level_it_takes_ten_spikes_again() -> None:
    losses = quiet(40) + quiet(40, seed=1, level=4.0) + quiet(9, seed=2, level=8.0) + quiet(3, seed=3, level=4.0)
    assert spikes(losses, patience=10)[-9:] == list(range(80, 89))


def test_spikes_that_are_not_in_a_row_never_become_usual() -> None:
    losses = quiet(200)
    for step in range(50, 200, 3):
        losses[step] = 6.0
    assert spikes(losses) == list(range(50, 200, 3))


def test_nothing_is_judged_before_enough_is_known() -> None:
    seen = find_spikes([2.0] * 3 + [9.0] + [2.0] * 20, least=10)
    assert not seen[3].is_spike
    assert [math.isnan(s.limit) for s in seen].index(False) == 10


def test_only_the_window_is_remembered() -> None:
    first = find_spikes(quiet(20, level=3.0) + quiet(20), window=20)[-1].limit
    assert first == pytest.approx(find_spikes([3.0, *quiet(20)], window=20)[-1].limit, rel=0.05)
    assert first < 2.7


def test_quiet_noise_raises_hardly_any_alarm() -> None:
    """5 deviations of a normal are 3 in ten million; a MAD of 50 values is rough, so a few in ten thousand."""
    assert len(spikes(quiet(20_000, seed=3))) <= 6


def test_one_by_one_is_the_whole_curve() -> None:
    losses = [*quiet(30), 9.0, math.nan, *quiet(10), 5.0]
    monitor = SpikeMonitor()
    assert [monitor.see(loss).reason for loss in losses] == [seen.reason for seen in find_spikes(losses)]


REFUSED = {
    "an unknown monitor": ({"monitor": "mean"}, "'mean' is unknown; use one of robust, naive"),
    "a window that never fills": ({"window": 5, "least": 10}, "least = 10 and window = 5 never judge"),
    "one loss as history": ({"least": 1}, "least = 1"),
    "no threshold": ({"threshold": 0.0}, "threshold 0.0 is not a positive number"),
    "no patience": ({"patience": 0}, "patience 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_monitor_that_could_not_work_is_refused(case: str) -> None:
    knobs, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        SpikeMonitor(**knobs)
