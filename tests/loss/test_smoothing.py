"""Label smoothing against torch, by hand for the other convention, and its optimum against SciPy and SymPy."""

import math

import pytest
import scipy.optimize
import sympy
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.loss import IGNORE, SMOOTHINGS, best_gap, smoothed_nll, smoothed_target
from sftviz.loss.gradients import smoothed_gradient
from sftviz.loss.smoothing import loss_at_gap, slope_at_gap


def rows(v: int, n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, v, generator=generator, dtype=torch.float64) * 5
    targets = torch.randint(0, v, (n,), generator=generator)
    targets[0] = IGNORE
    return logits, targets


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 10_000), st.floats(0, 1))
def test_it_is_torchs_row_for_row(v: int, n: int, seed: int, epsilon: float) -> None:
    logits, targets = rows(v, n, seed)
    theirs = F.cross_entropy(logits, targets, reduction="none", label_smoothing=epsilon, ignore_index=IGNORE)
    torch.testing.assert_close(smoothed_nll(logits, targets, epsilon), theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("convention", SMOOTHINGS)
@pytest.mark.parametrize("v", [2, 3, 50])
def test_the_target_is_a_distribution_and_the_loss_is_taken_against_it(convention: str, v: int) -> None:
    logits, targets = rows(v, 5, seed=1)
    q = smoothed_target(targets, v, 0.3, convention)
    torch.testing.assert_close(q[1:].sum(-1), torch.ones(4, dtype=torch.float64))
    assert (q[0] == 0).all()
    theirs = F.cross_entropy(logits[1:], q[1:], reduction="none")  # torch takes probabilities as targets too
    torch.testing.assert_close(smoothed_nll(logits, targets, 0.3, convention)[1:], theirs, rtol=1e-12, atol=1e-12)


def test_the_two_conventions_by_hand() -> None:
    assert smoothed_target(torch.tensor([1]), 5, 0.1, "all")[0].tolist() == pytest.approx(
        [0.02, 0.92, 0.02, 0.02, 0.02]
    )
    assert smoothed_target(torch.tensor([1]), 5, 0.1, "others")[0].tolist() == pytest.approx(
        [0.025, 0.9, 0.025, 0.025, 0.025]
    )


@pytest.mark.parametrize("convention", SMOOTHINGS)
def test_the_gradient_is_autograds_and_zero_at_the_target(convention: str) -> None:
    logits, targets = rows(6, 5, seed=2)
    logits.requires_grad_(True)
    smoothed_nll(logits, targets, 0.2, convention).sum().backward()
    assert logits.grad is not None
    torch.testing.assert_close(
        smoothed_gradient(logits.detach(), targets, 0.2, convention), logits.grad, rtol=0, atol=1e-12
    )
    q = smoothed_target(torch.tensor([3]), 6, 0.2, convention)
    assert smoothed_gradient(q.log(), torch.tensor([3]), 0.2, convention).abs().max() < 1e-12


@pytest.mark.parametrize("convention", SMOOTHINGS)
@pytest.mark.parametrize(("epsilon", "v"), [(0.1, 5), (0.01, 4096), (0.4, 3)])
def test_the_best_gap_is_where_scipy_finds_the_least_loss(convention: str, epsilon: float, v: int) -> None:
    def loss(gap: float) -> float:
        return float(loss_at_gap(torch.tensor([gap], dtype=torch.float64), v, epsilon, convention))

    found = scipy.optimize.minimize_scalar(loss, bounds=(-5, 40), method="bounded", options={"xatol": 1e-10}).x
    assert best_gap(epsilon, v, convention) == pytest.approx(found, abs=1e-5)


@pytest.mark.parametrize("convention", SMOOTHINGS)
@pytest.mark.parametrize("v", [2, 7])
def test_along_the_gap_loss_and_slope_are_those_of_the_whole_row(convention: str, v: int) -> None:
    gaps = torch.linspace(-30, 30, 13, dtype=torch.float64)
    logits = torch.zeros(13, v, dtype=torch.float64)
    logits[:, 0] = gaps
    targets = torch.zeros(13, dtype=torch.long)
    q = smoothed_target(targets, v, 0.3, convention)
    torch.testing.assert_close(loss_at_gap(gaps, v, 0.3, convention), F.cross_entropy(logits, q, reduction="none"))
    torch.testing.assert_close(slope_at_gap(gaps, v, 0.3, convention), logits.softmax(-1)[:, 0] - q[:, 0])
    assert loss_at_gap(gaps, 1, 0.3).abs().max() == 0


def test_sympy_derives_the_best_gap() -> None:
    """One target with gap g over V-1 equal others: dL/dg = 0 at the closed form, and it is a minimum."""
    g, epsilon, v = sympy.symbols("g epsilon V", positive=True)
    total = sympy.exp(g) + v - 1
    on_other = epsilon / v
    loss = -(1 - epsilon + on_other) * sympy.log(sympy.exp(g) / total) + (v - 1) * on_other * sympy.log(total)
    at = sympy.log((1 - epsilon + epsilon / v) / (epsilon / v))
    assert sympy.simplify(sympy.diff(loss, g).subs(g, at)) == 0
    assert sympy.diff(loss, g, 2).subs(g, at).subs({epsilon: sympy.Rational(1, 10), v: 8}) > 0
    assert best_gap(0.1, 8) == pytest.approx(float(at.subs({epsilon: sympy.Rational(1, 10), v: 8})))


def test_without_smoothing_the_gap_wants_to_be_infinite() -> None:
    assert best_gap(0.0, 8) == math.inf
    assert best_gap(1.0, 8) == pytest.approx(0.0)
    assert best_gap(1.0, 8, "others") == -math.inf


def test_scatter_raises_on_the_ignored_label_and_ours_does_not() -> None:
    """The usual hand-written smoothing: full_like(ε/V).scatter_(1, target, …), then mean over every row."""
    logits, targets = rows(5, 4, seed=0)
    with pytest.raises(RuntimeError, match="out of bounds"):
        torch.full_like(logits, 0.02).scatter_(1, targets.unsqueeze(1), 0.92)
    assert smoothed_nll(logits, targets, 0.1)[0] == 0


def test_averaging_over_ignored_rows_too_is_not_the_mean() -> None:
    logits, targets = rows(5, 4, seed=0)
    ours = smoothed_nll(logits, targets, 0.1)
    right = F.cross_entropy(logits, targets, label_smoothing=0.1)
    assert float(ours.sum() / (targets != IGNORE).sum()) == pytest.approx(float(right))
    clamped = F.cross_entropy(logits, targets.clamp(min=0), label_smoothing=0.1)
    assert abs(float(clamped) - float(right)) > 0.1


def test_one_token_leaves_nothing_to_smooth() -> None:
    assert smoothed_nll(torch.tensor([[3.0]]), torch.tensor([0]), 0.1).tolist() == [0.0]


REFUSED = {
    "NaN": (torch.zeros(1, 3), math.nan, "all", r"nan.*\[0, 1\]"),
    "unknown convention": (torch.zeros(1, 3), 0.1, "uniform", "'uniform' is unknown; use one of all, others"),
    "no other token": (torch.zeros(1, 1), 0.1, "others", "V = 1"),
    "+inf": (torch.tensor([[0.0, math.inf]]), 0.1, "all", r"inf at \[0, 1\]"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_number_is_refused(case: str) -> None:
    logits, epsilon, convention, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        smoothed_nll(logits, torch.tensor([0]), epsilon, convention)


def test_a_ruled_out_token_is_fine_without_smoothing() -> None:
    assert smoothed_nll(torch.tensor([[0.0, -math.inf]]), torch.tensor([0]), 0.0).tolist() == [0.0]


@pytest.mark.parametrize("label", [-1, -101, 4])
def test_a_smoothed_target_of_no_token_is_refused(label: int) -> None:
    with pytest.raises(ValueError, match=f"label {label} at"):
        smoothed_target(torch.tensor([label]), 4, 0.1)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.bool])
def test_labels_that_would_be_turned_into_others_are_refused(dtype: torch.dtype) -> None:
    with pytest.raises(ValueError, match="give int64"):
        smoothed_target(torch.tensor([1]).to(dtype), 4, 0.1)


def test_loss_and_gradient_refuse_a_ruled_out_token_alike() -> None:
    logits = torch.tensor([[0.0, -math.inf, 1.0]])
    for of_row in (smoothed_nll, smoothed_gradient):
        with pytest.raises(ValueError, match=r"a logit is -inf and label smoothing 0\.1 asks for its token"):
            of_row(logits, torch.tensor([0]), 0.1)


def test_sympy_derives_the_best_gap_of_the_other_convention() -> None:
    gap, epsilon, others = sympy.symbols("gap epsilon others", positive=True)
    total = sympy.log(sympy.exp(gap) + others)
    loss = (1 - epsilon) * (total - gap) + epsilon * total
    best = sympy.log((1 - epsilon) * others / epsilon)
    assert sympy.simplify(sympy.diff(loss, gap).subs(gap, best)) == 0
    assert best_gap(0.1, 8, "others") == pytest.approx(float(best.subs({epsilon: 0.1, others: 7})))
