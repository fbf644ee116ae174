"""p - y, against autograd in float64."""

import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.loss import IGNORE, gradient_norm, logit_gradient


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
