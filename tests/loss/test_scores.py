"""Length-normalised scores by hand, their swaps against SciPy's root finder and SymPy."""

import math

import pytest
import scipy.optimize
import sympy
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sftviz.loss import IGNORE
from sftviz.loss.scores import (
    PENALTIES,
    length_penalty,
    ranking_over,
    scores_over,
    sequence_log_probabilities,
    sequence_score,
    swap_alpha,
)


def by_hand(log_p: float, length: int, alpha: float, penalty: str) -> float:
    return log_p / (length if penalty == "length" else (5 + length) / 6) ** alpha


def test_a_rows_log_probability_is_minus_its_supervised_costs() -> None:
    nll = torch.tensor([[1.0, 2.0, 3.0], [4.0, math.nan, 6.0]])
    labels = torch.tensor([[9, IGNORE, 7, 8], [IGNORE, 5, IGNORE, 6]])
    log_p, lengths = sequence_log_probabilities(nll, labels)
    assert log_p.tolist() == [-5.0, -10.0]
    assert lengths.tolist() == [2, 2]


def test_alpha_0_sums_and_alpha_1_is_the_mean_per_token() -> None:
    assert sequence_score(-6.0, 4, 0.0) == -6.0
    assert sequence_score(-6.0, 4, 1.0) == -1.5
    assert sequence_score(-6.0, 4, 0.5) == -3.0
    assert sequence_score(-6.0, 4, -1.0) == -24.0


def test_gnmts_penalty_is_its_equation_and_1_for_one_token() -> None:
    assert length_penalty(1, 0.6, "gnmt") == 1.0
    assert length_penalty(13, 0.6, "gnmt") == pytest.approx((5 + 13) ** 0.6 / (5 + 1) ** 0.6)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_grid_holds_every_candidate_at_every_alpha(penalty: str) -> None:
    log_p, lengths, alphas = [-4.0, -5.0, -9.0], [2, 4, 1], [0.0, 0.7, 1.0, 2.5]
    expected = [[by_hand(s, t, a, penalty) for s, t in zip(log_p, lengths, strict=True)] for a in alphas]
    found = scores_over(log_p, lengths, alphas, penalty)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))
    ranks = [sorted(range(3), key=lambda i, row=row: -row[i]) for row in expected]
    assert ranking_over(log_p, lengths, alphas, penalty).tolist() == ranks


def test_the_ranking_turns_over_as_alpha_grows() -> None:
    """Short and likely, or long and cheap per token: sums -2, -3, -5; means -1, -0.75, -0.5."""
    ranks = ranking_over([-2.0, -3.0, -5.0], [2, 4, 10], [0.0, 1.0])
    assert ranks.tolist() == [[0, 1, 2], [2, 1, 0]]


def test_equals_keep_the_order_given() -> None:
    assert ranking_over([-3.0, -3.0, -2.0, -3.0], [2, 2, 9, 2], [0.0, 1.0]).tolist() == [[2, 0, 1, 3], [2, 0, 1, 3]]


@pytest.mark.parametrize("penalty", PENALTIES)
@settings(max_examples=200, deadline=None)
@given(a=st.floats(0.1, 50), t=st.integers(1, 60), b=st.floats(0.1, 50), u=st.integers(1, 60))
def test_they_swap_where_scipy_finds_the_root_and_nowhere_else(
    penalty: str, a: float, t: int, b: float, u: int
) -> None:
    assume(t != u)
    found = swap_alpha(-a, t, -b, u, penalty)

    def lead(alpha: float) -> float:
        return math.log(-by_hand(-a, t, alpha, penalty)) - math.log(-by_hand(-b, u, alpha, penalty))

    assume(abs(lead(0.0)) < 20 * abs(lead(1.0) - lead(0.0)))  # the root is within reach of the bracket
    root = scipy.optimize.brentq(lead, -25, 25, xtol=1e-13)
    assert found == pytest.approx(root, abs=1e-9)
    before, after = ranking_over([-a, -b], [t, u], [found - 1e-3, found + 1e-3], penalty).tolist()
    assert before == ([0, 1] if t < u else [1, 0])  # below, the one with fewer tokens leads
    assert after == before[::-1]


def test_sympy_solves_for_the_same_alpha() -> None:
    s, r, t, u = sympy.symbols("s r t u", positive=True)
    alpha = sympy.Symbol("alpha", real=True)
    level = sympy.expand_log(sympy.log(s / t**alpha) - sympy.log(r / u**alpha))
    [solution] = sympy.solve(level, alpha)
    assert swap_alpha(-4.0, 2, -5.0, 4) == pytest.approx(float(solution.subs({s: 4, r: 5, t: 2, u: 4})))


@pytest.mark.parametrize(
    ("a", "t", "b", "u"),
    [(-3.0, 4, -5.0, 4), (-3.0, 4, -3.0, 4), (0.0, 2, -1.0, 4), (-1.0, 2, 0.0, 4), (-math.inf, 2, -1.0, 4)],
)
def test_equal_lengths_certainty_and_impossibility_never_swap(a: float, t: int, b: float, u: int) -> None:
    assert swap_alpha(a, t, b, u) is None
    ranks = ranking_over([a, b], [t, u], [-3.0, 0.0, 0.5, 1.0, 3.0])
    assert len({tuple(row) for row in ranks.tolist()}) == 1


def test_equal_sums_swap_at_0_and_a_longer_and_likelier_one_leads_from_0_on() -> None:
    assert swap_alpha(-3.0, 2, -3.0, 5) == 0.0
    found = swap_alpha(-4.0, 2, -3.0, 5)
    assert found is not None
    assert found < 0


REFUSED = {
    "no tokens": (lambda: sequence_score(-1.0, 0, 1.0), "0 tokens has no score"),
    "no tokens, swap": (lambda: swap_alpha(-1.0, 0, -2.0, 3), "0 tokens"),
    "a cost": (lambda: sequence_score(3.0, 2, 1.0), "log-probability 3.0"),
    "NaN": (lambda: swap_alpha(math.nan, 2, -2.0, 3), "log-probability nan"),
    "NaN beside certainty": (lambda: swap_alpha(-2.0, 2, math.nan, 3), "log-probability nan"),
    "alpha NaN": (lambda: sequence_score(-1.0, 2, math.nan), "alpha nan"),
    "alpha infinite": (lambda: ranking_over([-1.0], [2], [math.inf]), "alpha inf"),
    "alpha beyond float64": (lambda: length_penalty(100, 400.0), "alpha 400.0.*beyond"),
    "alpha below float64": (lambda: length_penalty(100, -400.0), "alpha -400.0.*beyond"),
    "unknown penalty": (lambda: length_penalty(2, 1.0, "mean"), "'mean' is unknown; use one of length, gnmt"),
    "one length for two": (lambda: scores_over([-1.0, -2.0], [3], [0.0]), "2 log-probabilities and 1 lengths"),
    "no candidates": (lambda: ranking_over([], [], [0.0]), "0 log-probabilities"),
    "nll of another length": (
        lambda: sequence_log_probabilities(torch.zeros(1, 3), torch.ones(1, 3).long()),
        r"nll \[1, 3\] does not fit",
    ),
    "NaN cost": (
        lambda: sequence_log_probabilities(torch.tensor([[math.nan]]), torch.ones(1, 2).long()),
        r"nll at \[0, 0\]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_number_is_refused(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()


def test_no_alphas_is_an_empty_grid() -> None:
    assert scores_over([-1.0], [2], []).shape == (0, 1)
