"""Length normalisation, worked by hand; the alpha of a tie checked by scoring there."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.loss.scores import Candidate, crossing, length_penalty, ranking, sequence_score

SHORT, LONG = Candidate("Yes.", -2.0, 2), Candidate("Yes, it certainly is.", -3.0, 5)


def test_scores_by_hand() -> None:
    log_p = torch.tensor([-0.5, -1.5, -1.0])
    assert sequence_score(log_p, 0.0) == pytest.approx(-3.0)
    assert sequence_score(log_p, 1.0) == pytest.approx(-1.0)
    assert sequence_score(log_p, 0.5) == pytest.approx(-3 / 3**0.5)
    assert length_penalty(13, 0.6, "gnmt") == pytest.approx(3**0.6)  # Wu et al.: (5 + 13) / 6 = 3


def test_the_ranking_flips_as_alpha_moves() -> None:
    assert ranking([SHORT, LONG], 0.0) == [0, 1]  # -2 against -3
    assert ranking([SHORT, LONG], 1.0) == [1, 0]  # -1 against -0.6
    assert ranking([SHORT, LONG, SHORT], 0.0) == [0, 2, 1]


def test_transformers_beams_divide_by_the_same_power() -> None:
    """generation: score = sum of log-probabilities / length ** length_penalty."""
    assert sequence_score(torch.tensor([-1.0] * 4), 2.0) == pytest.approx(-4 / 4**2)


@settings(max_examples=200, deadline=None)
@given(st.floats(-50, -0.1), st.floats(-50, -0.1), st.integers(1, 60), st.integers(1, 60))
def test_at_the_crossing_both_score_the_same(s: float, other: float, t: int, length: int) -> None:
    one, two = Candidate("", s, t), Candidate("", other, length)
    alpha = crossing(one, two)
    if t == length:
        assert alpha is None
        return
    assert alpha is not None
    if abs(alpha) < 20:
        assert s / length_penalty(t, alpha) == pytest.approx(other / length_penalty(length, alpha), rel=1e-6)
        sides = [ranking([one, two], alpha + step)[0] for step in (-0.5, 0.5)]
        assert sides[0] != sides[1]


REFUSED = {
    "no token": (lambda: sequence_score(torch.zeros(0)), "length 0"),
    "probabilities": (lambda: sequence_score(torch.tensor([0.3])), "above 0"),
    "NaN": (lambda: sequence_score(torch.tensor([float("nan")])), "NaN"),
    "alpha": (lambda: length_penalty(3, float("inf")), "alpha inf"),
    "form": (lambda: length_penalty(3, 1.0, "wu"), "'wu' is unknown"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()
