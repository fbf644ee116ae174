"""Metrics against torchmetrics, scikit-learn and SciPy; what those leave open, by hand."""

import math

import pytest
import scipy.stats
import sklearn.metrics
import torch
import torchmetrics.functional.classification as classification
import torchmetrics.functional.text as text
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.loss import IGNORE, token_nll
from sftviz.loss.metrics import (
    Bin,
    accuracy,
    calibration_error,
    perplexity,
    reliability,
    target_ranks,
    top_k_accuracy,
)


def batch(b: int, t: int, v: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits without ties, labels of which about a third is ignored and the last of row 0 is not."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(b, t, v, generator=generator, dtype=torch.float64) * 3
    labels = torch.randint(0, v, (b, t), generator=generator)
    labels[torch.rand(b, t, generator=generator) < 0.35] = IGNORE
    labels[0, -1] = 0
    return logits, labels


def pairs(logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The counted rows, shifted here by hand: [N, V], [N]."""
    targets = labels[:, 1:].flatten()
    return logits[:, :-1].flatten(0, 1)[targets != IGNORE], targets[targets != IGNORE]


SIZES = given(st.integers(1, 4), st.integers(2, 9), st.integers(2, 8), st.integers(0, 10_000))


@settings(max_examples=100, deadline=None)
@SIZES
def test_perplexity_is_torchmetrics(b: int, t: int, v: int, seed: int) -> None:
    logits, labels = batch(b, t, v, seed)
    theirs = text.perplexity(logits[:, :-1], labels[:, 1:], ignore_index=IGNORE)
    assert perplexity(token_nll(logits, labels), labels) == pytest.approx(float(theirs), rel=1e-9)


@settings(max_examples=100, deadline=None)
@SIZES
def test_accuracy_at_every_k_is_sklearns_and_torchmetrics(b: int, t: int, v: int, seed: int) -> None:
    logits, labels = batch(b, t, v, seed)
    rows, targets = pairs(logits, labels)
    assert accuracy(logits, labels) == pytest.approx(sklearn.metrics.accuracy_score(targets, rows.argmax(-1)))
    for k in range(1, v + 1):
        theirs = classification.multiclass_accuracy(
            logits[:, :-1].transpose(1, 2), labels[:, 1:], v, average="micro", top_k=k, ignore_index=IGNORE
        )
        found = top_k_accuracy(logits, labels, k)
        assert found == pytest.approx(float(theirs), rel=1e-6)
        if k < v and v > 2:  # scikit-learn wants a plain list of scores for two classes
            sklearns = sklearn.metrics.top_k_accuracy_score(targets, rows, k=k, labels=list(range(v)))
            assert found == pytest.approx(float(sklearns))


@settings(max_examples=100, deadline=None)
@SIZES
def test_ranks_are_scipys(b: int, t: int, v: int, seed: int) -> None:
    logits, labels = batch(b, t, v, seed)
    logits = logits.round()  # ties: all have the best place
    ranks = target_ranks(logits, labels)
    rows, targets = pairs(logits, labels)
    theirs = scipy.stats.rankdata(-rows.numpy(), method="min", axis=-1)[range(len(rows)), targets]
    assert ranks[labels[:, 1:] != IGNORE].tolist() == theirs.astype(int).tolist()
    assert (ranks[labels[:, 1:] == IGNORE] == 0).all()


@pytest.mark.parametrize("bins", [1, 2, 10, 15])
@settings(max_examples=50, deadline=None)
@given(b=st.integers(1, 4), t=st.integers(2, 40), v=st.integers(3, 8), seed=st.integers(0, 10_000))
def test_the_calibration_error_is_torchmetrics(bins: int, b: int, t: int, v: int, seed: int) -> None:
    logits, labels = batch(b, t, v, seed)
    rows, targets = pairs(logits, labels)
    theirs = classification.multiclass_calibration_error(rows.softmax(-1), targets, v, n_bins=bins, norm="l1")
    found = reliability(logits, labels, bins)
    assert calibration_error(found) == pytest.approx(float(theirs), abs=1e-6)
    assert sum(b.count for b in found) == len(targets)
    assert all(b.low < b.confidence <= b.high and b.count > 0 for b in found)


# What perplexity says, and does not


@pytest.mark.parametrize("v", [1, 2, 50, 4096])
def test_the_uniform_model_has_perplexity_v(v: int) -> None:
    logits, labels = torch.zeros(1, 4, v, dtype=torch.float64), torch.zeros(1, 4, dtype=torch.long)
    assert perplexity(token_nll(logits, labels), labels) == pytest.approx(v)


def test_v_is_not_the_worst_perplexity() -> None:
    """p = 0.001 on the target of three tokens: exp(-log 0.001) = 1000, far above V = 3."""
    p = torch.tensor([0.001, 0.998, 0.001], dtype=torch.float64)
    labels = torch.tensor([[0, 0]])
    assert perplexity(token_nll(p.log().expand(1, 2, 3), labels), labels) == pytest.approx(1000)


def test_a_ruled_out_target_makes_it_infinite_and_so_does_a_cost_beyond_float64() -> None:
    labels = torch.tensor([[IGNORE, 5, 6]])
    assert perplexity(torch.tensor([[1.0, math.inf]]), labels) == math.inf
    assert perplexity(torch.tensor([[1000.0, 1000.0]]), labels) == math.inf
    assert perplexity(torch.tensor([[200.0, 200.0]]), labels) == pytest.approx(math.exp(200))  # beyond float32


def test_what_stands_on_an_ignored_row_does_not_matter() -> None:
    labels = torch.tensor([[3, IGNORE, 6]])
    assert perplexity(torch.tensor([[math.nan, 0.0]]), labels) == 1.0
    assert perplexity(torch.tensor([[-5.0, 0.0]]), labels) == 1.0


# Ties


def test_the_uniform_model_is_right_in_k_of_v() -> None:
    logits, labels = torch.zeros(2, 3, 5), torch.tensor([[4, 0, 1], [4, 4, IGNORE]])
    assert [top_k_accuracy(logits, labels, k) for k in range(1, 6)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_places_are_shared_among_equals() -> None:
    """One token ahead, the target level with another: never first, second half the time, third at the latest."""
    logits = torch.tensor([[[9.0, 2.0, 2.0, 1.0], [0.0, 0.0, 0.0, 0.0]]])
    labels = torch.tensor([[IGNORE, 2]])
    assert [top_k_accuracy(logits, labels, k) for k in (1, 2, 3, 4)] == [0.0, 0.5, 1.0, 1.0]
    assert target_ranks(logits, labels).tolist() == [[2]]


# Reliability


def test_bins_are_worked_by_hand() -> None:
    p = torch.tensor([[0.9, 0.1], [0.7, 0.3], [0.6, 0.4], [1.0, 0.0], [0.5, 0.5]], dtype=torch.float64)
    labels = torch.tensor([[IGNORE, 0, 1, 0, 0]])
    found = reliability(p.log().unsqueeze(0), labels, bins=4)  # 0.9 right; 0.7 wrong, 0.6 right; 1 right
    low, high = found
    assert (low.low, low.high, low.count, low.accuracy) == (0.5, 0.75, 2, 0.5)
    assert (high.low, high.high, high.count, high.accuracy) == (0.75, 1.0, 2, 1.0)
    assert (low.confidence, high.confidence) == pytest.approx((0.65, 0.95))
    assert (low.gap, high.gap) == pytest.approx((0.15, -0.05))
    assert calibration_error(found) == pytest.approx(0.5 * 0.15 + 0.5 * 0.05)


def test_a_model_that_is_certain_and_right_has_no_error_and_one_that_is_wrong_has_all() -> None:
    logits = torch.tensor([[[99.0, 0.0], [0.0, 0.0]]])
    assert calibration_error(reliability(logits, torch.tensor([[0, 0]]))) == 0.0
    assert calibration_error(reliability(logits, torch.tensor([[0, 1]]))) == 1.0


def test_confidence_on_an_edge_belongs_to_the_bin_below() -> None:
    [only] = reliability(torch.zeros(1, 2, 2), torch.tensor([[0, 1]]), bins=2)
    assert (only.low, only.high, only.confidence, only.accuracy) == (0.0, 0.5, 0.5, 0.5)


def test_a_vocabulary_of_one_is_always_right() -> None:
    logits, labels = torch.zeros(1, 3, 1), torch.zeros(1, 3, dtype=torch.long)
    assert (accuracy(logits, labels), target_ranks(logits, labels).tolist()) == (1.0, [[1, 1]])
    assert calibration_error(reliability(logits, labels)) == 0.0


def test_bfloat16_logits_and_int32_labels_are_taken() -> None:
    logits, labels = batch(2, 6, 4, seed=3)
    wide, narrow = logits.bfloat16().double(), logits.bfloat16()
    assert accuracy(narrow, labels.int()) == accuracy(wide, labels)
    assert calibration_error(reliability(narrow, labels)) == pytest.approx(
        calibration_error(reliability(wide, labels)), abs=1e-6
    )


# Refused

Z = torch.zeros(1, 3, 4)
LABELS = torch.tensor([[0, 1, 2]])
NOTHING = torch.full((1, 3), IGNORE)
FIRST_ONLY = torch.tensor([[2, IGNORE, IGNORE]])
MEASURES = {
    "perplexity": lambda z, y: perplexity(token_nll(z, y), y),
    "accuracy": accuracy,
    "top_k_accuracy": lambda z, y: top_k_accuracy(z, y, 2),
    "reliability": reliability,
}
WRONG = {
    "all ignored": (Z, NOTHING, "0 of 2 targets are supervised"),
    "only the first label": (Z, FIRST_ONLY, "0 of 2 targets.*first token"),
    "T = 1": (Z[:, :1], LABELS[:, :1], "0 of 0 targets"),
    "B = 0": (Z[:0], LABELS[:0], "0 of 0 targets"),
    "label = V": (Z, LABELS + 2, r"label 4 at \[0, (1|2)\].*V = 4"),
    "NaN": (Z * math.nan, LABELS, r"nan at \[0, 0, 0\]"),
    "+inf": (Z + math.inf, LABELS, r"inf at \[0, 0, 0\]"),
    "flattened": (Z[0], LABELS[0], r"logits \[3, 4\] and labels \[3\]"),
}


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("case", WRONG)
def test_no_measure_makes_a_number_of_what_is_wrong(measure: str, case: str) -> None:
    logits, labels, words = WRONG[case]
    with pytest.raises(ValueError, match=words):
        MEASURES[measure](logits, labels)


@pytest.mark.parametrize("case", ["label = V", "NaN", "+inf", "flattened"])
def test_nor_does_the_rank(case: str) -> None:
    logits, labels, words = WRONG[case]
    with pytest.raises(ValueError, match=words):
        target_ranks(logits, labels)


def test_ranks_of_nothing_are_zeros() -> None:
    assert target_ranks(Z, NOTHING).tolist() == [[0, 0]]
    assert target_ranks(Z[:, :1], LABELS[:, :1]).shape == (1, 0)


REFUSED = {
    "k = 0": (lambda: top_k_accuracy(Z, LABELS, 0), "k = 0 of V = 4"),
    "k above V": (lambda: top_k_accuracy(Z, LABELS, 5), "k = 5 of V = 4"),
    "no bins": (lambda: reliability(Z, LABELS, 0), "0 bins"),
    "empty bins": (lambda: calibration_error(()), "0 predictions"),
    "bins of nothing": (lambda: calibration_error((Bin(0.0, 1.0, 0, 0.5, 0.5),)), "0 predictions"),
    "log-probabilities": (lambda: perplexity(torch.tensor([[0.0, -2.0]]), LABELS), r"nll -2 at \[0, 1\] is below 0"),
    "NaN cost": (lambda: perplexity(torch.tensor([[0.0, math.nan]]), LABELS), r"nll at \[0, 1\] is NaN"),
    "nll of another length": (lambda: perplexity(torch.zeros(1, 3), LABELS), r"nll \[1, 3\] does not fit"),
    "uint8 labels": (lambda: accuracy(Z, LABELS.to(torch.uint8)), "torch.uint8"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_number_is_refused(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()
