"""Entropy, cross-entropy and KL against SciPy and by hand."""

import math

import pytest
import scipy.stats
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.loss.information import bits, cross_entropy_between, entropy, kl_divergence, with_share


def distributions(v: int, seed: int, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.softmax(4 * torch.randn(count, v, generator=generator, dtype=torch.float64), -1)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 12), st.integers(0, 10_000))
def test_all_three_are_scipys_and_add_up(v: int, seed: int) -> None:
    p, q = distributions(v, seed, 2)
    assert float(entropy(p)) == pytest.approx(scipy.stats.entropy(p.numpy()), abs=1e-12)
    assert float(kl_divergence(p, q)) == pytest.approx(scipy.stats.entropy(p.numpy(), q.numpy()), abs=1e-12)
    assert float(cross_entropy_between(p, q)) == pytest.approx(float(entropy(p) + kl_divergence(p, q)), abs=1e-12)
    assert float(kl_divergence(p, q)) >= -1e-12


def test_a_fair_coin_holds_one_bit_and_a_bent_one_less() -> None:
    assert bits(float(entropy(torch.tensor([0.5, 0.5], dtype=torch.float64)))) == pytest.approx(1.0)
    assert bits(float(entropy(torch.tensor([0.9, 0.1], dtype=torch.float64)))) == pytest.approx(0.4690, abs=1e-4)
    assert float(entropy(torch.tensor([1.0, 0.0]))) == 0.0


def test_against_a_one_hot_it_is_the_loss_of_a_language_model() -> None:
    q = distributions(7, 3, 1)[0]
    y = F.one_hot(torch.tensor(4), 7).double()
    assert float(cross_entropy_between(y, q)) == pytest.approx(float(F.nll_loss(q.log()[None], torch.tensor([4]))))


def test_the_two_directions_of_kl_differ() -> None:
    p, q = torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1])
    assert float(kl_divergence(p, q)) == pytest.approx(0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1))
    assert float(kl_divergence(q, p)) == pytest.approx(0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5))


def test_what_q_rules_out_and_p_lets_happen_costs_infinitely_much() -> None:
    p, q = torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0])
    assert kl_divergence(p, q) == math.inf
    assert cross_entropy_between(p, q) == math.inf
    assert float(kl_divergence(q, p)) == pytest.approx(math.log(2))


REFUSED = {
    "logits": (torch.tensor([[0.5, 0.5], [3.0, 1.0]]), r"adds up to 4 at \[1\], not to 1"),
    "negative": (torch.tensor([1.5, -0.5]), r"-0.5 at \[1\]"),
    "NaN": (torch.tensor([math.nan, 1.0]), r"nan at \[0\]"),
    "counts": (torch.tensor([1, 0]), "torch.int64"),
    "nothing": (torch.zeros(0), r"\[0\]"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_distribution_is_refused(case: str) -> None:
    values, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        entropy(values)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 8), st.integers(0, 1000), st.floats(0, 1))
def test_setting_one_share_keeps_the_others_in_proportion(v: int, seed: int, share: float) -> None:
    p = distributions(v, seed, 1)[0]
    moved = with_share(p, 0, share)
    assert float(moved.sum()) == pytest.approx(1)
    if v > 1:
        assert float(moved[0]) == pytest.approx(share)
    if v > 2 and share < 0.99:
        assert float(moved[1] / moved[2]) == pytest.approx(float(p[1] / p[2]), rel=1e-6)


def test_from_certainty_the_rest_is_shared_evenly() -> None:
    assert with_share(torch.tensor([1.0, 0.0, 0.0]), 0, 0.4).tolist() == pytest.approx([0.4, 0.3, 0.3])
    with pytest.raises(ValueError, match="share -1"):
        with_share(torch.tensor([1.0]), 0, -1)


def test_a_quotient_beyond_float64_costs_no_more_than_its_logarithm() -> None:
    p, q = torch.tensor([1.0, 0.0], dtype=torch.float64), torch.tensor([1e-310, 1.0], dtype=torch.float64)
    assert float(kl_divergence(p, q)) == pytest.approx(310 * math.log(10), rel=1e-6)
    assert float(kl_divergence(p, torch.tensor([1.0, 0.0], dtype=torch.float64))) == 0.0
