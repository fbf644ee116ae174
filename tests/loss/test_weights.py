"""A sample's own weights: by hand, for every normalization; the denominator counts targets."""

import math

import pytest
import torch

from sftviz.loss import (
    ACCUMULATIONS,
    NORMALIZATIONS,
    accumulate_nll,
    accumulated_weights,
    reduce_nll,
    token_weights,
)

NLL = torch.tensor([[8.0, 2.0, 4.0], [1.0, 6.0, 9.0]])
LABELS = torch.tensor([[-100, -100, 5, 6], [-100, 7, 8, -100]])  # targets cost 2, 4 and 1, 6
WEIGHTS = torch.tensor([[1.0, 1.0, 0.5, -1.0], [1.0, 2.0, 0.0, 1.0]])

BY_HAND = {
    "token": (0.5 * 2 - 4 + 2 * 1 + 0) / 4,
    "sample": ((0.5 * 2 - 4) / 4 + (2 * 1 + 0) / 4) / 2,
    "sequence": ((0.5 * 2 - 4) / 2 + (2 * 1 + 0) / 2) / 2,
}


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_weights_multiply_costs_and_leave_the_denominator(normalization: str) -> None:
    loss = reduce_nll(NLL, LABELS, normalization, weights=WEIGHTS)
    assert float(loss) == pytest.approx(BY_HAND[normalization])


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_the_gradient_of_the_loss_is_the_weight(normalization: str) -> None:
    nll = NLL.clone().requires_grad_(True)
    reduce_nll(nll, LABELS, normalization, weights=WEIGHTS).backward()
    assert nll.grad is not None
    torch.testing.assert_close(nll.grad.double(), token_weights(LABELS, normalization, weights=WEIGHTS))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_weights_of_one_change_nothing(normalization: str) -> None:
    plain = token_weights(LABELS, normalization)
    assert token_weights(LABELS, normalization, weights=torch.ones(2, 4)).equal(plain)


@pytest.mark.parametrize("strange", [math.nan, math.inf, -3.0])
def test_what_stands_on_an_ignored_label_is_not_looked_at(strange: float) -> None:
    weights = torch.where(LABELS == -100, strange, WEIGHTS)
    assert float(reduce_nll(NLL, LABELS, weights=weights)) == pytest.approx(BY_HAND["token"])


def test_a_weight_in_the_first_column_is_nobodys() -> None:
    weights = WEIGHTS.clone()
    weights[:, 0] = 7.0
    assert token_weights(LABELS, weights=weights).equal(token_weights(LABELS, weights=WEIGHTS))


def test_an_infinite_cost_that_weighs_0_is_left_out() -> None:
    nll = torch.where(NLL == 6.0, math.inf, NLL)  # its weight is 0
    assert float(reduce_nll(nll, LABELS, weights=WEIGHTS)) == pytest.approx(BY_HAND["token"])


REFUSED = {
    "NaN": (torch.where(LABELS == 6, math.nan, WEIGHTS), r"weight nan at \[0, 3\] is not finite"),
    "inf": (torch.where(LABELS == 7, math.inf, WEIGHTS), r"weight inf at \[1, 1\] is not finite"),
    "shifted": (WEIGHTS[:, 1:], r"weights \[2, 3\] torch.float32 do not fit labels \[2, 4\]"),
    "flags": (WEIGHTS > 0, "torch.bool do not fit"),
    "a list": (WEIGHTS.tolist(), "weights is list"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_weights_that_would_give_a_wrong_loss_are_refused(case: str) -> None:
    weights, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        reduce_nll(NLL, LABELS, weights=weights)


def test_weighted_micro_batches_are_the_big_batch() -> None:
    parts = [NLL[:1], NLL[1:]], [LABELS[:1], LABELS[1:]], [WEIGHTS[:1], WEIGHTS[1:]]
    assert float(accumulate_nll(parts[0], parts[1], "step", parts[2])) == pytest.approx(BY_HAND["token"])


@pytest.mark.parametrize("accumulation", ACCUMULATIONS)
def test_a_micro_batch_without_weights_counts_as_ones(accumulation: str) -> None:
    labels = [LABELS[:1], LABELS[1:]]
    with_ones = accumulated_weights(labels, accumulation, [WEIGHTS[:1], torch.ones(1, 4)])
    without = accumulated_weights(labels, accumulation, [WEIGHTS[:1], None])
    assert all(one.equal(other) for one, other in zip(with_ones, without, strict=True))


ATTENTION_MASKS = {
    "no padding": torch.ones(2, 4, dtype=torch.bool),
    "padded on the right": torch.tensor([[True] * 4, [True, True, True, False]]),
    "padded on the left": torch.tensor([[False, False, True, True], [True] * 4]),
}


@pytest.mark.parametrize("case", ATTENTION_MASKS)
def test_a_bool_attention_mask_given_as_padding_is_refused(case: str) -> None:
    with pytest.raises(ValueError, match=r"is_padding is True on \d supervised tokens: is this an attention mask\?"):
        reduce_nll(NLL, LABELS, "sample", ATTENTION_MASKS[case])
