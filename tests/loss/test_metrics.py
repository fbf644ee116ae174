"""Metrics against torchmetrics and scikit-learn."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import top_k_accuracy_score
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_calibration_error
from torchmetrics.functional.text import perplexity as torchmetrics_perplexity

from sftviz.loss import IGNORE, nll
from sftviz.loss.metrics import accuracy, perplexity, rank_of_target, reliability


def batch(v: int, n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, v, generator=generator) * 3
    targets = torch.randint(0, v, (n,), generator=generator)
    targets[::4] = IGNORE
    targets[1] = 0
    return logits, targets


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 15), st.integers(2, 40), st.integers(0, 1000))
def test_perplexity_accuracy_and_calibration_are_torchmetrics(v: int, n: int, seed: int) -> None:
    logits, targets = batch(v, n, seed)
    theirs = torchmetrics_perplexity(logits[None], targets[None], ignore_index=IGNORE)
    assert perplexity(nll(logits, targets), targets) == pytest.approx(float(theirs), rel=1e-4)
    counted = targets != IGNORE
    micro = multiclass_accuracy(logits[counted], targets[counted], num_classes=v, average="micro")
    assert accuracy(logits, targets) == pytest.approx(float(micro))
    p = logits[counted].softmax(-1)
    ece = multiclass_calibration_error(p, targets[counted], num_classes=v, n_bins=10, norm="l1")
    assert reliability(logits, targets, bins=10).ece == pytest.approx(float(ece), abs=1e-5)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_top_k_is_scikit_learns(k: int) -> None:
    logits, targets = batch(9, 60, seed=k)
    counted = targets != IGNORE
    theirs = top_k_accuracy_score(targets[counted], logits[counted], k=k, labels=range(9))
    assert accuracy(logits, targets, top_k=k) == pytest.approx(theirs)


def test_the_rank_is_the_place_in_the_sorted_row() -> None:
    logits, targets = batch(11, 30, seed=2)
    order = logits.argsort(-1, descending=True)
    ranks = rank_of_target(logits, targets)
    for row in range(30):
        expected = 0 if targets[row] == IGNORE else order[row].tolist().index(int(targets[row])) + 1
        assert ranks[row] == expected


def test_a_uniform_model_has_perplexity_v_and_a_confidently_wrong_one_more() -> None:
    """PPL = V is what knowing nothing costs; believing the wrong thing costs more, without limit."""
    targets = torch.arange(50)
    uniform = perplexity(nll(torch.zeros(50, 50), targets), targets)
    assert uniform == pytest.approx(50, rel=1e-5)
    wrong = torch.zeros(50, 50)
    wrong[torch.arange(50), (targets + 1) % 50] = 10
    assert perplexity(nll(wrong, targets), targets) == pytest.approx(math.exp(10) + 49, rel=1e-4)
    random = perplexity(nll(5 * torch.randn(50, 50, generator=torch.Generator().manual_seed(0)), targets), targets)
    assert random > 2 * uniform  # random logits are worse than equal ones


def test_reliability_by_hand() -> None:
    logits = torch.tensor([[0.95, 0.05], [0.85, 0.15], [0.55, 0.45], [0.6, 0.4]], dtype=torch.float64).log()
    seen = reliability(logits, torch.tensor([0, 1, 0, IGNORE]), bins=10)
    assert seen.counts.tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 1, 1]
    assert float(seen.confidence[8]) == pytest.approx(0.85)
    assert seen.accuracy.tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert seen.ece == pytest.approx((0.45 + 0.85 + 0.05) / 3)


def test_temperature_changes_calibration_and_no_rank() -> None:
    logits, targets = batch(8, 60, seed=9)
    assert rank_of_target(logits, targets).equal(rank_of_target(logits / 5, targets))
    assert reliability(logits, targets).ece != pytest.approx(reliability(logits / 5, targets).ece, abs=1e-3)


REFUSED = {
    "nothing counts": (lambda: perplexity(torch.zeros(2), torch.tensor([IGNORE, IGNORE])), "0 of 2 targets"),
    "accuracy of nothing": (lambda: accuracy(torch.zeros(1, 3), torch.tensor([IGNORE])), "0 of 1 targets"),
    "nothing to calibrate": (lambda: reliability(torch.zeros(1, 3), torch.tensor([IGNORE])), "0 of 1 targets"),
    "more than V": (lambda: accuracy(torch.zeros(1, 3), torch.tensor([1]), top_k=4), "top_k 4 of V = 3"),
    "no bins": (lambda: reliability(torch.zeros(1, 3), torch.tensor([1]), bins=0), "0 bins"),
    "label = V": (lambda: rank_of_target(torch.zeros(1, 3), torch.tensor([3])), r"label 3 at \[0\]"),
    "NaN": (lambda: accuracy(torch.tensor([[math.nan, 0.0]]), torch.tensor([1])), r"nan at \[0, 0\]"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_measured_is_named(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()


def test_one_token_in_the_vocabulary_is_always_right() -> None:
    logits, targets = torch.zeros(2, 1), torch.tensor([0, 0])
    assert accuracy(logits, targets) == 1
    assert perplexity(F.cross_entropy(logits, targets, reduction="none"), targets) == 1
    assert reliability(logits, targets).ece == 0
