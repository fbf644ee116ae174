"""Per-token cost against torch's own, and every refusal with its words."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.loss import IGNORE, next_token_pairs, reduce_nll, token_nll


@st.composite
def batches(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor]:
    b, t, v = draw(st.integers(1, 3)), draw(st.integers(1, 8)), draw(st.integers(1, 9))
    seed = draw(st.integers(0, 10_000))
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(b, t, v, generator=generator, dtype=torch.float64) * draw(st.sampled_from([0.1, 1.0, 30.0]))
    labels = torch.randint(0, v, (b, t), generator=generator)
    ignored = torch.rand(b, t, generator=generator) < draw(st.sampled_from([0.0, 0.5, 1.0]))
    return logits, labels.masked_fill(ignored, IGNORE)


@settings(max_examples=300, deadline=None)
@given(batches())
def test_per_token_cost_is_torchs(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, labels = batch
    theirs = F.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), reduction="none")
    torch.testing.assert_close(token_nll(logits, labels).reshape(-1), theirs, rtol=1e-10, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(batches())
def test_the_token_mean_and_its_gradient_are_torchs_or_zero(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, labels = batch
    logits.requires_grad_(True)
    loss = reduce_nll(token_nll(logits, labels), labels, "token")
    (ours,) = torch.autograd.grad(loss, logits)
    if (labels[:, 1:] != IGNORE).any():
        theirs = F.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1))
        (their_gradient,) = torch.autograd.grad(theirs, logits)
        torch.testing.assert_close(loss, theirs)
        torch.testing.assert_close(ours, their_gradient)
    else:
        assert loss.item() == 0.0
        assert (ours == 0).all()


def test_two_equal_logits_cost_ln_2() -> None:
    logits = torch.zeros(1, 2, 2)
    assert token_nll(logits, torch.tensor([[0, 1]])).item() == pytest.approx(math.log(2))


def test_position_t_predicts_token_t_plus_1() -> None:
    logits = torch.arange(12.0).reshape(1, 3, 4)
    predictions, targets = next_token_pairs(logits, torch.tensor([[1, 2, 3]]))
    assert predictions.tolist() == logits[:, :2].tolist()
    assert targets.tolist() == [[2, 3]]


def test_gather_itself_refuses_minus_100_on_the_cpu() -> None:
    """Why the index is clamped first: not garbage, an error (features.md 9, row 7)."""
    with pytest.raises((RuntimeError, IndexError), match="out of bounds"):
        torch.zeros(2, 5).gather(1, torch.tensor([[1], [IGNORE]]))


def test_a_token_ruled_out_by_minus_infinity_is_no_error() -> None:
    logits = torch.tensor([[[0.0, -torch.inf, 0.0], [0.0, 0.0, 0.0]]])
    assert token_nll(logits, torch.tensor([[0, 2]])).item() == pytest.approx(math.log(2))


REFUSED = {
    "flattened": (torch.zeros(4, 4), torch.zeros(4, dtype=torch.long), r"\[B, T, V\]"),
    "integer logits": (torch.zeros(1, 2, 5, dtype=torch.long), torch.zeros(1, 2, dtype=torch.long), "no softmax"),
    "a single logit": (torch.tensor(1.0), torch.zeros(1, 2, dtype=torch.long), r"\[B, T, V\]"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_number_is_refused(case: str) -> None:
    logits, labels, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        token_nll(logits, labels)
