"""Clipping against torch's own, and what it does to the direction, by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from sftviz.training.clipping import CLIPPINGS, clip_by_norm, clip_by_value, clipped, cosine, total_norm

SHAPES = ((3, 4), (5,), (1,), (2, 1, 3))


def random_gradients(seed: int, scale: float, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [(torch.randn(shape, generator=generator, dtype=torch.float64) * scale).to(dtype) for shape in SHAPES]


def as_parameters(gradients: list[Tensor]) -> list[Tensor]:
    parameters = [torch.zeros_like(gradient, requires_grad=True) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    return parameters


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1e-4, 0.1, 1.0, 30.0]), st.sampled_from([0.01, 1.0, 5.0]))
def test_by_norm_is_torchs(seed: int, scale: float, limit: float) -> None:
    gradients = random_gradients(seed, scale)
    parameters = as_parameters(gradients)
    norm = clip_grad_norm_(parameters, limit)
    assert float(total_norm(gradients)) == pytest.approx(float(norm), rel=1e-12)
    for found, parameter in zip(clip_by_norm(gradients, limit), parameters, strict=True):
        torch.testing.assert_close(found, parameter.grad, rtol=1e-12, atol=0)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.01, 1.0, 5.0]))
def test_by_value_is_torchs(seed: int, limit: float) -> None:
    gradients = random_gradients(seed, 3.0)
    parameters = as_parameters(gradients)
    clip_grad_value_(parameters, limit)
    for found, parameter in zip(clip_by_value(gradients, limit), parameters, strict=True):
        assert found.equal(parameter.grad)


def test_bfloat16_gradients_stay_bfloat16_and_are_measured_in_float32() -> None:
    gradients = [torch.full((10_000,), 0.01, dtype=torch.bfloat16)] * 2
    assert total_norm(gradients).dtype == torch.float32
    assert float(total_norm(gradients)) == pytest.approx(float(gradients[0][0]) * math.sqrt(20_000), rel=1e-5)
    assert all(gradient.dtype == torch.bfloat16 for gradient in clip_by_norm(gradients, 0.1))


def test_three_and_four_make_five_over_all_tensors_together() -> None:
    gradients = [torch.tensor([3.0]), torch.tensor([[4.0]])]
    assert float(total_norm(gradients)) == 5
    assert torch.cat([g.flatten() for g in clip_by_norm(gradients, 2.5)]).tolist() == pytest.approx([1.5, 2.0])


def test_by_norm_keeps_the_direction_and_by_value_turns_it() -> None:
    """(10, 1) cut at 1 is (1, 1): 45 degrees against 5.7, cosine 11 / sqrt(202)."""
    gradients = [torch.tensor([10.0, 1.0])]
    by_norm, by_value = clipped(gradients, "norm", 1.0), clipped(gradients, "value", 1.0)
    assert (by_norm.norm_before, by_norm.norm_after) == pytest.approx((math.sqrt(101), 1.0), rel=1e-5)
    assert by_norm.direction == pytest.approx(1, abs=1e-9)
    assert by_value.norm_after == pytest.approx(math.sqrt(2))
    assert by_value.direction == pytest.approx(11 / math.sqrt(202))
    assert (by_norm.changed, by_value.changed) == (1.0, 0.5)


@pytest.mark.parametrize("clipping", CLIPPINGS)
def test_a_gradient_within_the_limit_is_left_alone_and_the_given_is_never_changed(clipping: str) -> None:
    small, large = [torch.tensor([0.3, -0.4])], [torch.tensor([3.0, -4.0])]
    assert CLIPPINGS[clipping].clip(small, 1.0)[0].equal(small[0])
    CLIPPINGS[clipping].clip(large, 1.0)
    assert large[0].tolist() == [3.0, -4.0]


@pytest.mark.parametrize("clipping", CLIPPINGS)
def test_a_gradient_of_zeros_has_no_direction_and_stays_zero(clipping: str) -> None:
    report = clipped([torch.zeros(3)], clipping, 1.0)
    assert (report.norm_before, report.norm_after) == (0, 0)
    assert math.isnan(report.direction)


def test_cosine_of_opposites_is_minus_one() -> None:
    assert cosine([torch.tensor([1.0, 2.0])], [torch.tensor([-2.0, -4.0])]) == pytest.approx(-1)


@pytest.mark.parametrize("clipping", ["norm", "value"])
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_what_is_not_finite_is_named_and_not_spread(clipping: str, number: float) -> None:
    gradients = [torch.ones(2), torch.tensor([[1.0, number]])]
    with pytest.raises(ValueError, match=rf"gradient 1 is {number} at \[0, 1\]: .* skip this step"):
        CLIPPINGS[clipping].clip(gradients, 1.0)


@pytest.mark.parametrize("limit", [0.0, -1.0, math.inf, math.nan])
def test_a_limit_must_be_positive(limit: float) -> None:
    for clip in (clip_by_norm, clip_by_value):
        with pytest.raises(ValueError, match="is not a positive number"):
            clip([torch.ones(2)], limit)


def test_an_unknown_clipping_lists_the_known_and_nothing_has_no_norm() -> None:
    with pytest.raises(ValueError, match="'global' is unknown; use one of none, norm, value"):
        clipped([torch.ones(1)], "global", 1.0)
    with pytest.raises(ValueError, match="no gradient to measure"):
        total_norm([])
