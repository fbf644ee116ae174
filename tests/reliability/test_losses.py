"""Rows L and R01: the loss library computes the right number, or refuses by name; never a nan without a word."""

import pytest
import torch

from tests.reliability.losses import COMPUTED, REFUSED, UNDEFINED


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_number_is_refused(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("case", COMPUTED)
def test_what_has_a_value_is_computed(case: str) -> None:
    ours, expected = COMPUTED[case]()
    assert ours == pytest.approx(expected, rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("case", UNDEFINED)
def test_a_loss_of_nothing_is_zero_with_zero_gradient_and_says_so(case: str) -> None:
    call, words = UNDEFINED[case]
    nll = torch.ones(1, 2, requires_grad=True)
    with pytest.warns(UserWarning, match=words):
        loss = call(nll)
    loss.backward()
    assert loss.item() == 0.0
    assert nll.grad is not None
    assert (nll.grad == 0).all()
