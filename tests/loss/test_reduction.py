"""Three denominators, worked by hand."""

import pytest
import torch

from sftviz.loss import NORMALIZATIONS, reduce_nll

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
