"""Likelihoods against torch.distributions and SciPy."""

import math

import pytest
import scipy.stats
import torch
from torch.distributions import Categorical

from sftviz.loss import IGNORE, nll
from sftviz.loss.likelihood import best_distribution, gaussian_nll, log_likelihood


def test_the_sum_of_costs_is_minus_the_log_likelihood() -> None:
    logits = torch.randn(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    targets = torch.tensor([0, 4, 2, 2, 1, 3])
    expected = Categorical(logits=logits).log_prob(targets).sum()
    assert float(log_likelihood(nll(logits, targets))) == pytest.approx(float(expected))


def test_a_product_of_many_probabilities_is_lost_and_its_log_is_not() -> None:
    costs = torch.full((500,), -math.log(0.1), dtype=torch.float64)
    assert float((-costs).exp().prod()) == 0.0
    assert float(log_likelihood(costs)) == pytest.approx(500 * math.log(0.1))


def test_no_distribution_is_likelier_than_the_frequencies() -> None:
    targets = torch.tensor([0, 2, 2, 3, IGNORE, 2])
    best = best_distribution(targets, 5)
    assert best.tolist() == pytest.approx([0.2, 0, 0.6, 0.2, 0])
    counted = targets[targets != IGNORE]
    best_cost = -best[counted].log().mean()
    generator = torch.Generator().manual_seed(1)
    for _ in range(200):
        other = torch.softmax(torch.randn(5, generator=generator, dtype=torch.float64), -1)
        assert -other[counted].log().mean() >= best_cost


@pytest.mark.parametrize("deviation", [0.5, 1.0, 3.0])
def test_gaussian_noise_is_scipys(deviation: float) -> None:
    values, means = torch.tensor([0.0, 1.5, -2.0]), torch.tensor([0.2, 0.0, 0.0])
    expected = -scipy.stats.norm.logpdf(values.numpy(), means.numpy(), deviation)
    assert gaussian_nll(values, means, deviation).numpy() == pytest.approx(expected, rel=1e-6)


def test_nothing_counted_and_no_deviation_are_refused() -> None:
    with pytest.raises(ValueError, match="0 of 2 targets count"):
        best_distribution(torch.tensor([IGNORE, IGNORE]), 3)
    with pytest.raises(ValueError, match=r"deviation 0\.0"):
        gaussian_nll(torch.zeros(1), torch.zeros(1), 0.0)


@pytest.mark.parametrize("target", [7, -1])
def test_a_target_outside_the_vocabulary_is_refused(target: int) -> None:
    with pytest.raises(ValueError, match=f"label {target} at"):
        best_distribution(torch.tensor([0, target]), 3)
