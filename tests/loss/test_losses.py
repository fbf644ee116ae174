"""Every row of LOSSES: its hand gradient is autograd's, its value torch's; SymPy proves the two that matter most."""

import math

import pytest
import sympy
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.loss import IGNORE, LOSSES, descend, logit_gradient, nll
from sftviz.loss.gradients import (
    squared_error_gradient,
    squared_error_shortcut,
    temperature_slope,
    tempered_nll,
)
from sftviz.loss.squared_error import squared_error


def rows(v: int, n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, v, generator=generator, dtype=torch.float64) * 4
    targets = torch.randint(0, v, (n,), generator=generator)
    targets[0] = IGNORE
    return logits, targets


TORCH = {
    "cross_entropy": lambda z, y: F.cross_entropy(z, y, reduction="none"),
    "squared_error": lambda z, y: F.mse_loss(z.softmax(-1), F.one_hot(y, z.shape[-1]).double(), reduction="none").sum(
        -1
    ),
    "mean_squared_error": lambda z, y: F.mse_loss(
        z.softmax(-1), F.one_hot(y, z.shape[-1]).double(), reduction="none"
    ).mean(-1),
    "smoothed": lambda z, y: F.cross_entropy(z, y, reduction="none", label_smoothing=0.1),
    "smoothed_others": lambda z, y: F.cross_entropy(
        z,
        (0.9 - 0.1 / (z.shape[-1] - 1)) * F.one_hot(y, z.shape[-1]).double() + 0.1 / (z.shape[-1] - 1),
        reduction="none",
    ),
    "tempered": lambda z, y: F.cross_entropy(z / 2, y, reduction="none"),
}


@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=60, deadline=None)
@given(v=st.integers(2, 12), n=st.integers(2, 6), seed=st.integers(0, 10_000))
def test_value_is_torchs_and_the_hand_gradient_autograds(name: str, v: int, n: int, seed: int) -> None:
    logits, targets = rows(v, n, seed)
    theirs = logits[1:].clone().requires_grad_(True)
    expected = TORCH[name](theirs, targets[1:])
    expected.sum().backward()
    assert theirs.grad is not None
    value, gradient = LOSSES[name].value(logits, targets), LOSSES[name].gradient(logits, targets)
    assert (value[1:] - expected).abs().max() < 1e-10
    assert (gradient[1:] - theirs.grad).abs().max() < 1e-10
    assert value[0] == 0
    assert (gradient[0] == 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_finite_differences_agree(name: str) -> None:
    logits, targets = rows(5, 3, seed=1)
    assert torch.autograd.gradcheck(lambda z: LOSSES[name].value(z, targets), (logits.requires_grad_(True),))


@pytest.mark.parametrize("name", LOSSES)
def test_a_constant_added_to_every_logit_changes_nothing_so_gradients_add_up_to_zero(name: str) -> None:
    logits, targets = rows(7, 4, seed=3)
    assert LOSSES[name].gradient(logits, targets).sum(-1).abs().max() < 1e-12
    torch.testing.assert_close(LOSSES[name].value(logits + 3, targets), LOSSES[name].value(logits, targets))


def test_sympy_proves_p_minus_y_and_the_exact_squared_error() -> None:
    z = sympy.symbols("z0:4", real=True)
    total = sum(sympy.exp(zk) for zk in z)
    p = [sympy.exp(zk) / total for zk in z]
    y = [0, 1, 0, 0]
    cross_entropy = -sympy.log(p[1])
    brier = sum((pk - yk) ** 2 for pk, yk in zip(p, y, strict=True))
    mean_error = sum(pj * (pj - yj) for pj, yj in zip(p, y, strict=True))
    for k in range(4):
        assert sympy.simplify(sympy.diff(cross_entropy, z[k]) - (p[k] - y[k])) == 0
        assert sympy.simplify(sympy.diff(brier, z[k]) - 2 * p[k] * ((p[k] - y[k]) - mean_error)) == 0


def test_the_diagonal_shortcut_is_not_the_gradient() -> None:
    """2 (p - y) p (1 - p) leaves out how one logit moves the other probabilities; autograd does not."""
    logits, targets = torch.tensor([[0.3, -1.2, 2.0, 0.7]], dtype=torch.float64), torch.tensor([1])
    z = logits.clone().requires_grad_(True)
    (z.softmax(-1) - F.one_hot(targets, 4)).square().sum().backward()
    assert z.grad is not None
    assert (squared_error_gradient(logits, targets) - z.grad).abs().max() < 1e-12
    shortcut = squared_error_shortcut(logits, targets)
    assert (shortcut - z.grad).abs().max() > 0.05
    assert abs(float(shortcut.sum())) > 0.05  # and it would move the loss by adding a constant, which cannot matter
    assert float(squared_error_shortcut(logits, targets, "mean")[0, 0]) == pytest.approx(float(shortcut[0, 0]) / 4)


def test_two_classes_make_the_shortcut_exactly_half() -> None:
    logits, targets = rows(2, 5, seed=4)
    torch.testing.assert_close(2 * squared_error_shortcut(logits, targets), squared_error_gradient(logits, targets))


@pytest.mark.parametrize("wrong_by", [5.0, 10.0, 20.0])
def test_confidently_wrong_squared_error_stalls_and_cross_entropy_does_not(wrong_by: float) -> None:
    logits, targets = torch.tensor([[0.0, wrong_by]], dtype=torch.float64), torch.tensor([0])
    p = 1 / (1 + math.exp(wrong_by))  # by hand
    assert float(logit_gradient(logits, targets)[0, 0]) == pytest.approx(p - 1)
    assert float(squared_error_gradient(logits, targets)[0, 0]) == pytest.approx(-4 * p * (1 - p) ** 2)
    assert float(squared_error(logits, targets)) < 2 < float(nll(logits, targets))


def test_released_from_the_same_wrong_start_only_cross_entropy_comes_down() -> None:
    start = torch.tensor([-8.0, 8.0, 0.0, 0.0], dtype=torch.float64)
    ends = {name: descend(LOSSES[name].gradient, start, 0, 40, 1.0)[-1].softmax(-1)[0] for name in LOSSES}
    assert ends["cross_entropy"] > 0.9
    assert ends["squared_error"] < 1e-4


def test_descent_is_torchs_sgd() -> None:
    start = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    z = torch.nn.Parameter(start.clone())
    optimizer = torch.optim.SGD([z], lr=0.7)
    for _ in range(5):
        optimizer.zero_grad()
        F.cross_entropy(z[None], torch.tensor([2])).backward()
        optimizer.step()
    path = descend(logit_gradient, start, 2, 5, 0.7)
    assert path.shape == (6, 3)
    torch.testing.assert_close(path[-1], z.detach())


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_slope_along_temperature_is_autograds(temperature: float) -> None:
    logits, targets = rows(6, 4, seed=5)
    tau = torch.tensor(temperature, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(F.cross_entropy(logits[1:] / tau, targets[1:], reduction="sum"), tau)
    assert float(temperature_slope(logits, targets, temperature).sum()) == pytest.approx(float(slope), abs=1e-10)


def test_a_ruled_out_token_has_no_part_in_the_slope() -> None:
    logits = torch.tensor([[1.0, 2.0, -math.inf]], dtype=torch.float64)
    without = temperature_slope(logits[:, :2], torch.tensor([0]), 2.0)
    assert temperature_slope(logits, torch.tensor([0]), 2.0).equal(without)


REFUSED = {
    "temperature 0": (lambda: tempered_nll(torch.zeros(1, 2), torch.tensor([0]), 0.0), "temperature 0.0"),
    "temperature NaN": (lambda: temperature_slope(torch.zeros(1, 2), torch.tensor([0]), math.nan), "temperature nan"),
    "label = V": (lambda: squared_error(torch.zeros(1, 2), torch.tensor([2])), r"label 2 at \[0\]"),
    "over_classes": (lambda: squared_error(torch.zeros(1, 2), torch.tensor([1]), "max"), "'max' is unknown"),
    "a NaN row": (lambda: squared_error_gradient(torch.full((1, 2), math.nan), torch.tensor([IGNORE])), "nan at"),
    "empty vocabulary": (lambda: nll(torch.zeros(1, 0), torch.tensor([IGNORE])), "V = 0"),
    "rate": (lambda: descend(logit_gradient, torch.zeros(2), 0, 3, -1.0), "rate -1.0"),
    "target beyond V": (lambda: descend(logit_gradient, torch.zeros(2), 2, 3, 1.0), "label 2"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_number_is_refused(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("name", LOSSES)
def test_float16_is_computed_in_float32(name: str) -> None:
    logits = torch.tensor([[20.0, -20.0, 3.0]]).half()
    exact = LOSSES[name].value(logits.double(), torch.tensor([1]))
    assert float(LOSSES[name].value(logits, torch.tensor([1]))) == pytest.approx(float(exact), rel=1e-5)


def test_the_mean_over_classes_is_the_sum_over_v() -> None:
    logits, targets = rows(9, 3, seed=6)
    torch.testing.assert_close(squared_error(logits, targets, "mean") * 9, squared_error(logits, targets))
