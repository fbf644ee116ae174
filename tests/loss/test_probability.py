"""Softmax and its logarithm: the naive form breaks where the precision ends, the stable one does not."""

import math

import pytest
import scipy.special
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.loss.probability import (
    largest_exponent,
    log_softmax,
    log_softmax_naive,
    log_sum_exp,
    naive_steps,
    softmax,
    softmax_naive,
    stable_steps,
)

TYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-700, 700), min_size=1, max_size=20))
def test_the_stable_forms_are_scipys(values: list[float]) -> None:
    z = torch.tensor(values, dtype=torch.float64)
    assert softmax(z).numpy() == pytest.approx(scipy.special.softmax(z.numpy()), rel=1e-12, abs=1e-300)
    assert float(log_sum_exp(z)) == pytest.approx(float(scipy.special.logsumexp(z.numpy())), rel=1e-12)
    assert log_softmax(z).numpy() == pytest.approx(scipy.special.log_softmax(z.numpy()), rel=1e-12, abs=1e-10)


@pytest.mark.parametrize("dtype", TYPES)
def test_both_forms_agree_while_nothing_overflows(dtype: torch.dtype) -> None:
    z = torch.tensor([-1.0, 0.5, 2.0], dtype=dtype)
    tolerance = 4 * torch.finfo(dtype).eps
    torch.testing.assert_close(softmax_naive(z), softmax(z), rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(log_softmax_naive(z), log_softmax(z), rtol=4 * tolerance, atol=4 * tolerance)
    torch.testing.assert_close(softmax(z), torch.softmax(z.double(), -1).to(dtype), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", TYPES)
def test_the_naive_form_breaks_just_above_the_largest_exponent(dtype: torch.dtype) -> None:
    limit = largest_exponent(dtype)
    assert limit == pytest.approx(math.log(torch.finfo(dtype).max))
    below, above = (torch.tensor([0.0, limit * factor], dtype=dtype) for factor in (0.98, 1.02))
    assert torch.isfinite(softmax_naive(below)).all()
    assert torch.isnan(softmax_naive(above)).any()
    assert torch.isfinite(softmax(above)).all()
    assert softmax(above)[1] == 1


@pytest.mark.parametrize("dtype", TYPES)
def test_far_below_zero_the_naive_form_divides_nothing_by_nothing(dtype: torch.dtype) -> None:
    z = torch.tensor([-2000.0, -2000.0], dtype=dtype)
    assert torch.isnan(softmax_naive(z)).all()
    assert softmax(z).tolist() == [0.5, 0.5]


def test_a_small_probability_has_a_log_only_in_the_stable_form() -> None:
    z = torch.tensor([0.0, 80.0, -80.0])
    assert log_softmax_naive(z)[2] == -math.inf
    assert float(log_softmax(z)[2]) == pytest.approx(-160)


@pytest.mark.parametrize("dtype", TYPES)
def test_the_steps_end_in_the_cost_until_one_breaks(dtype: torch.dtype) -> None:
    z = torch.tensor([1.0, 2.0, 0.5], dtype=dtype)
    exact = float(-torch.log_softmax(z.double(), -1)[1])
    for steps in (naive_steps(z, 1), stable_steps(z, 1)):
        assert float(steps[-1].values) == pytest.approx(exact, rel=0.03)
        assert not any(step.is_broken for step in steps)


def test_the_first_broken_step_is_named() -> None:
    z = torch.tensor([1.0, 90.0], dtype=torch.float32)
    broken = [step.name for step in naive_steps(z, 1) if step.is_broken]
    assert broken == ["exp", "sum", "divide", "minus_log"]
    assert not any(step.is_broken for step in stable_steps(z, 1))


def test_a_vocabulary_of_one_is_certain() -> None:
    z = torch.tensor([7.0])
    assert softmax(z).tolist() == [1.0]
    assert log_softmax(z).tolist() == [0.0]
