"""What plotly would leave out is drawn all the same."""

import math

from sftviz.figures.information import Split, in_bits, sums


def test_an_endless_divergence_has_a_mark_of_its_own() -> None:
    drawn = sums([Split("H(p)", 1.0, "KL(p‖q)", math.inf), Split("H(q)", 2.0, "KL(q‖p)", 0.5)])
    mark = drawn.data[-1]
    assert list(mark.y) == ["H(p) + KL(p‖q)"]
    assert list(mark.text) == ["  KL(p‖q) = ∞"]
    assert all(math.isfinite(x) for trace in drawn.data for x in trace.x)
    low, high = drawn.layout.xaxis.range
    assert low <= mark.x[0] < high


def test_no_number_is_a_negative_zero_or_inf() -> None:
    assert [in_bits(value) for value in (-1e-9, 0.5, math.inf)] == ["0.000", "0.500", "∞"]
