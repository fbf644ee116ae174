"""p - y, against autograd in float64."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.loss import IGNORE, gradient_norm, logit_gradient, next_token_pairs, reduce_nll, token_nll


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 10_000))
def test_p_minus_y_is_autograds(v: int, n: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = (torch.randn(n, v, generator=generator, dtype=torch.float64) * 5).requires_grad_(True)
    targets = torch.randint(0, v, (n,), generator=generator)
    targets[0] = IGNORE
    F.cross_entropy(logits, targets, reduction="none", ignore_index=IGNORE).sum().backward()
    assert logits.grad is not None
    assert (logit_gradient(logits.detach(), targets) - logits.grad).abs().max() < 1e-12


def test_the_norm_is_the_euclidean_one() -> None:
    assert gradient_norm(torch.tensor([[3.0, -4.0]])).tolist() == [5.0]


LABELS = torch.tensor([[1, IGNORE, 4, 0], [2, 2, IGNORE, IGNORE]])


def logits() -> torch.Tensor:
    return torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64, requires_grad=True)


def test_the_cost_has_the_gradient_finite_differences_find() -> None:
    assert torch.autograd.gradcheck(lambda z: token_nll(z, LABELS), (logits(),))


def test_the_mean_over_tokens_divides_every_p_minus_y_by_their_number() -> None:
    z = logits()
    reduce_nll(token_nll(z, LABELS), LABELS, "token").backward()
    assert z.grad is not None
    expected = logit_gradient(*next_token_pairs(z.detach(), LABELS)) / 3
    torch.testing.assert_close(z.grad[:, :-1], expected)
    assert (z.grad[:, -1] == 0).all()


def test_an_ignored_row_is_exactly_zero() -> None:
    assert (logit_gradient(logits().detach(), LABELS)[LABELS == IGNORE] == 0).all()


def test_half_precision_and_int32_targets_are_taken() -> None:
    gradient = logit_gradient(torch.zeros(1, 4, dtype=torch.bfloat16), torch.tensor([2], dtype=torch.int32))
    assert gradient.tolist() == [[0.25, 0.25, -0.75, 0.25]]


REFUSED = {
    "target = V": (torch.zeros(2, 5), torch.tensor([0, 5]), r"label 5 at \[1\].*V = 5"),
    "NaN on an ignored row": (torch.full((1, 2), torch.nan), torch.tensor([IGNORE]), r"nan at \[0, 0\]"),
    "unshifted targets": (torch.zeros(3, 5), torch.zeros(4, dtype=torch.long), r"\[3, 5\] and targets \[4\]"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_gradient_is_refused(case: str) -> None:
    z, targets, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        logit_gradient(z, targets)
