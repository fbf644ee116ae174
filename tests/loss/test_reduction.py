"""Three denominators, worked by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.loss import IGNORE, NORMALIZATIONS, reduce_nll

NLL = torch.tensor([[0.0, 2.0, 4.0, 0.0], [0.0, 0.0, 0.0, 9.0]])
LABELS = torch.tensor([[-100, -100, 5, 6, -100], [-100, -100, -100, -100, 7]])


def test_token_divides_by_supervised_targets() -> None:
    assert reduce_nll(NLL, LABELS, "token").item() == pytest.approx((2 + 4 + 9) / 3)


def test_sample_divides_by_the_rows_length() -> None:
    assert reduce_nll(NLL, LABELS, "sample").item() == pytest.approx(((2 + 4) / 5 + 9 / 5) / 2)


def test_sample_leaves_padding_out_of_the_length() -> None:
    is_padding = torch.tensor([[False] * 4 + [True], [False] * 5])
    assert reduce_nll(NLL, LABELS, "sample", is_padding).item() == pytest.approx(((2 + 4) / 4 + 9 / 5) / 2)


def test_sequence_gives_every_answer_the_same_weight() -> None:
    assert reduce_nll(NLL, LABELS, "sequence").item() == pytest.approx(((2 + 4) / 2 + 9) / 2)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_nothing_supervised_is_zero_with_zero_gradient(normalization: str) -> None:
    nll = torch.ones(2, 3, requires_grad=True)
    loss = reduce_nll(nll, torch.full((2, 4), -100), normalization)
    loss.backward()
    assert loss.item() == 0.0
    assert nll.grad is not None
    assert (nll.grad == 0).all()


def test_a_label_in_the_first_column_is_nobodys_target() -> None:
    labels = torch.tensor([[5, -100, 6]])
    assert reduce_nll(torch.tensor([[7.0, 3.0]]), labels, "token").item() == 3.0


def test_an_unknown_normalization_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'mean' is unknown; use one of token, sample, sequence"):
        reduce_nll(NLL, LABELS, "mean")


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"nll \[2, 5\] does not fit labels \[2, 5\]"):
        reduce_nll(torch.zeros(2, 5), LABELS)


def by_hand(nll: list[list[float]], labels: list[list[int]], normalization: str) -> float:
    """The three formulas in plain Python."""
    pairs = [zip(costs, row[1:], strict=True) for costs, row in zip(nll, labels, strict=True)]
    rows = [[cost for cost, label in pair if label != IGNORE] for pair in pairs]
    if normalization == "token":
        return sum(map(sum, rows)) / max(1, sum(map(len, rows)))
    if normalization == "sample":
        return sum(sum(row) / len(whole) for row, whole in zip(rows, labels, strict=True)) / len(rows)
    means = [sum(row) / len(row) for row in rows if row]
    return sum(means) / max(1, len(means))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 4), st.integers(1, 7), st.sampled_from(list(NORMALIZATIONS)), st.integers(0, 10_000))
def test_every_normalization_is_its_formula(b: int, t: int, normalization: str, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    nll = torch.rand(b, t - 1, generator=generator, dtype=torch.float64) * 9
    labels = torch.where(torch.rand(b, t, generator=generator) < 0.5, torch.tensor(IGNORE), torch.tensor(3))
    expected = by_hand(nll.tolist(), labels.tolist(), normalization)
    assert reduce_nll(nll, labels, normalization).item() == pytest.approx(expected, rel=1e-12)


def test_a_row_without_supervision_does_not_dilute_the_mean_over_sequences() -> None:
    nll = torch.cat([NLL, torch.ones(1, 4)])
    labels = torch.cat([LABELS, torch.full((1, 5), IGNORE)])
    assert reduce_nll(nll, labels, "sequence").item() == reduce_nll(NLL, LABELS, "sequence").item()


def test_the_first_token_is_never_a_target() -> None:
    labelled = LABELS.clone()
    labelled[:, 0] = 8
    assert all(reduce_nll(NLL, labelled, name).equal(reduce_nll(NLL, LABELS, name)) for name in NORMALIZATIONS)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("cost", [math.inf, math.nan])
def test_what_stands_on_an_ignored_row_does_not_matter(normalization: str, cost: float) -> None:
    nll = NLL.clone()
    nll[0, 0] = cost  # its label is -100, and inf * 0 is NaN
    assert reduce_nll(nll, LABELS, normalization).equal(reduce_nll(NLL, LABELS, normalization))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_batch_of_no_rows_is_zero(normalization: str) -> None:
    assert reduce_nll(torch.zeros(0, 2), torch.zeros(0, 3, dtype=torch.long), normalization).item() == 0.0


def test_twenty_thousand_costs_in_float16_do_not_overflow() -> None:
    nll = torch.full((1, 20_000), 7.5, dtype=torch.float16)  # they add up to 150,000; float16 ends at 65,504
    assert reduce_nll(nll, torch.zeros(1, 20_001, dtype=torch.long)).item() == 7.5


REFUSED = {
    "an attention mask as padding": (NLL, LABELS, torch.ones(2, 5, dtype=torch.long), "True on padding"),
    "padding of another shape": (NLL, LABELS, torch.zeros(2, 4, dtype=torch.bool), r"\[2, 4\]"),
    "one row without its batch": (NLL[0], LABELS[0], None, r"\[B, T-1\] and \[B, T\]"),
    "shifted labels": (NLL, LABELS[:, 1:], None, r"nll \[2, 4\] does not fit labels \[2, 4\]"),
    "uint8 labels": (NLL, LABELS.to(torch.uint8), None, "-100 into 156"),
    "NaN that counts": (NLL.masked_fill(NLL == 9, math.nan), LABELS, None, r"\[1, 3\] is NaN"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_mean_is_refused(case: str) -> None:
    nll, labels, is_padding, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        reduce_nll(nll, labels, "sample", is_padding)


def test_an_unknown_normalization_lists_the_known() -> None:
    with pytest.raises(ValueError, match="'mean' is unknown; use one of token, sample, sequence"):
        reduce_nll(NLL, LABELS, "mean")
