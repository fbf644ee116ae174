"""Mixing weights against numpy and by hand, draws against a chi-square test, a curriculum by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from sftviz.training.sampling import curriculum, draw, mixing_weights, repetitions, stage_at

LANGUAGES = {"en": 300_000, "fr": 60_000, "sw": 600}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=8), st.floats(0.3, 50))
def test_weights_are_the_power_of_the_sizes_over_their_sum(sizes: list[int], temperature: float) -> None:
    """XLM's q = p^a / sum p^a with a = 1/temperature. Conneau and Lample 2019, equation 1."""
    p = np.array(sizes) / sum(sizes)
    raised = p ** (1 / temperature)
    found = mixing_weights({str(i): size for i, size in enumerate(sizes)}, temperature)
    assert list(found.values()) == pytest.approx(list(raised / raised.sum()), rel=1e-9)


def test_temperature_goes_from_by_size_to_even() -> None:
    assert mixing_weights(LANGUAGES) == pytest.approx({k: n / 360_600 for k, n in LANGUAGES.items()})
    assert mixing_weights(LANGUAGES, math.inf) == pytest.approx(dict.fromkeys(LANGUAGES, 1 / 3))
    small = [mixing_weights(LANGUAGES, temperature)["sw"] for temperature in (0.5, 1, 2, 5, 100)]
    assert small == sorted(small)


def test_the_cap_is_t5s_examples_proportional_mixing() -> None:
    """Raffel et al. 2020: min(e, K) / sum of min(e, K), with K = 30,000 here: 30,000, 30,000 and 600."""
    weights = mixing_weights(LANGUAGES, cap=30_000)
    assert list(weights.values()) == pytest.approx([30_000 / 60_600, 30_000 / 60_600, 600 / 60_600])


def test_a_cold_mix_of_huge_sources_does_not_overflow() -> None:
    weights = mixing_weights({"web": 10**15, "code": 10**14}, temperature=0.01)
    assert list(weights.values()) == pytest.approx([1.0, 1e-100], rel=1e-12, abs=0)


def test_an_empty_source_is_never_drawn() -> None:
    weights = mixing_weights({"web": 5, "none": 0}, temperature=math.inf)
    assert weights == {"web": 1.0, "none": 0.0}
    assert repetitions(weights, {"web": 5, "none": 0}, draws=10) == {"web": 2.0, "none": 0.0}


def test_mixed_by_size_every_sample_is_seen_equally_often() -> None:
    seen = repetitions(mixing_weights(LANGUAGES), LANGUAGES, draws=721_200)
    assert list(seen.values()) == pytest.approx([2.0, 2.0, 2.0])


def test_draws_follow_the_weights_and_the_seed() -> None:
    weights = {"web": 0.6, "code": 0.3, "maths": 0.1}
    drawn = draw(weights, 20_000, seed=3)
    counts = [drawn.count(name) for name in weights]
    assert chisquare(counts, [12_000, 6_000, 2_000]).pvalue > 0.001
    assert drawn == draw(weights, 20_000, seed=3)
    assert drawn != draw(weights, 20_000, seed=4)


def test_a_curriculum_grows_from_the_easiest_to_everything() -> None:
    assert curriculum([0.5, 0.1, 0.9, 0.3, 0.7], stages=3) == [[1, 3], [1, 3, 0, 4], [1, 3, 0, 4, 2]]


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=30), st.data())
def test_every_stage_holds_the_one_before_and_nothing_easier_is_left_out(difficulties: list[float], data) -> None:
    stages = curriculum(difficulties, data.draw(st.integers(1, len(difficulties))))
    assert sorted(stages[-1]) == list(range(len(difficulties)))
    for smaller, larger in zip([[], *stages], stages, strict=False):
        assert set(smaller) < set(larger)
        left_out = set(range(len(difficulties))) - set(larger)
        assert all(difficulties[i] <= difficulties[j] for i in larger for j in left_out)


def test_stages_are_equally_long_and_the_last_one_stays() -> None:
    assert [stage_at(step, 10, 3) for step in range(12)] == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2]


REFUSED = {
    "no heat": (lambda: mixing_weights({"a": 1}, 0.0), "temperature 0.0 is not positive"),
    "a temperature that is no number": (lambda: mixing_weights({"a": 1}, math.nan), "temperature nan is not positive"),
    "a cap of nothing": (lambda: mixing_weights({"a": 1}, cap=0), "a cap of 0 leaves every source empty"),
    "less than nothing": (lambda: mixing_weights({"a": -1}), "source 'a' has -1 samples"),
    "nothing at all": (lambda: mixing_weights({"a": 0, "b": 0}), "none of 2 sources holds a sample"),
    "more stages than samples": (lambda: curriculum([1.0], 2), "2 stages for 1 samples"),
    "an unknown difficulty": (lambda: curriculum([1.0, math.nan], 1), "difficulty 1 is NaN"),
    "stages without a step": (lambda: stage_at(0, 2, 3), "2 steps cannot hold 3 stages"),
    "a step before the run": (lambda: stage_at(-1, 2, 1), "step -1 is before the run"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_words(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()
