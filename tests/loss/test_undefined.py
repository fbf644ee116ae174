"""What has no value is refused by name, and what has one is computed: every row quotes its input."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from sftviz.loss import (
    accumulate_nll,
    best_gap,
    gradient_norm,
    logit_gradient,
    nll,
    reduce_nll,
    smoothed_nll,
    token_nll,
)
from sftviz.loss.gradients import temperature_slope, tempered_gradient, tempered_nll
from sftviz.loss.information import cross_entropy_between, entropy, kl_divergence, with_share
from sftviz.loss.likelihood import gaussian_nll, log_likelihood
from sftviz.loss.metrics import bits_per_byte, perplexity, reliability, top_k_accuracy
from sftviz.loss.probability import log_sum_exp, naive_steps, softmax, softmax_naive, stable_steps
from sftviz.loss.terms import class_weighted_mean, class_weighted_nll, info_nce, loss_shares

T = torch.tensor
LABELS = T([[-100, 5, 6]])
HALF = T([0.5, 0.5])
Z, TARGET = T([[0.0, 2.0]]), T([1])

REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "costs of -inf": (lambda: reduce_nll(T([[-math.inf, 1.0]]), LABELS), r"nll -inf at \[0, 0\] is below 0"),
    "costs below 0": (lambda: reduce_nll(T([[-2.0, 0.0]]), LABELS), r"nll -2 at \[0, 0\] is below 0; give -log p"),
    "costs that are flags": (lambda: reduce_nll(T([[True, False]]), LABELS), "nll is torch.bool"),
    "KL of one and two tokens": (lambda: kl_divergence(T([1.0]), HALF), r"p \[1\] and q \[2\] are not over the same"),
    "H(p, q) of one row and two": (lambda: cross_entropy_between(HALF, HALF.expand(2, 2)), r"p \[2\] and q \[2, 2\]"),
    "means that broadcast": (lambda: gaussian_nll(torch.zeros(3), torch.zeros(4, 1)), r"\[3\] and means \[4, 1\]"),
    "temperature 1e-40": (lambda: tempered_nll(Z, TARGET, 1e-40), "temperature 1e-40 takes these logits beyond"),
    "its gradient": (lambda: tempered_gradient(Z, TARGET, 1e-40), "temperature 1e-40 takes these logits beyond"),
    "slope at 1e-30": (lambda: temperature_slope(Z, T([0]), 1e-30), "temperature 1e-30 takes these logits beyond"),
    "a gap without a rival": (lambda: best_gap(0.1, 1), "V = 1 has no other token"),
    "k = 1.5": (lambda: top_k_accuracy(torch.zeros(1, 2, 4), T([[0, 1]]), k=1.5), "k = 1.5 is no whole number"),  # pyright: ignore[reportArgumentType]
    "bins = 1.5": (lambda: reliability(torch.zeros(1, 2, 4), T([[0, 1]]), bins=1.5), "bins = 1.5 is no whole number"),  # pyright: ignore[reportArgumentType]
    "target 9 of 3": (lambda: stable_steps(torch.zeros(3), target=9), "target 9 is none of V = 3 tokens"),
    "target -1": (lambda: naive_steps(torch.zeros(3), target=-1), "target -1 is none of V = 3 tokens"),
    "index 9 of 2": (lambda: with_share(HALF, index=9, share=0.2), r"index 9 of p \[2\]"),
    "softmax of V = 0": (lambda: softmax(torch.zeros(2, 0)), r"logits \[2, 0\] torch.float32 have no softmax"),
    "naive softmax of V = 0": (lambda: softmax_naive(torch.zeros(0)), r"logits \[0\]"),
    "log-sum-exp of a scalar": (lambda: log_sum_exp(T(1.0)), r"logits \[\]"),
    "softmax of integers": (lambda: softmax(T([1, 2])), "torch.int64 have no softmax"),
    "0 bytes": (lambda: bits_per_byte(3.0, 0), "0 bytes: a text without a byte"),
    "nats of NaN": (lambda: bits_per_byte(math.nan, 3), "nan nats"),
    "NumPy logits": (lambda: token_nll(np.zeros((1, 3, 7)), LABELS), r"logits is ndarray; give a tensor: torch.as_"),  # pyright: ignore[reportArgumentType]
    "list logits": (lambda: token_nll([[[0.0, 1.0]]], T([[0]])), r"logits is list.*torch.as_tensor\(logits\)"),  # pyright: ignore[reportArgumentType]
    "list labels": (lambda: token_nll(torch.zeros(1, 1, 2), [[0]]), r"labels is list"),  # pyright: ignore[reportArgumentType]
    "list targets": (lambda: nll(Z, [1]), r"targets is list"),  # pyright: ignore[reportArgumentType]
    "list logits, smoothed": (lambda: smoothed_nll([[0.0]], TARGET, 0.1), "logits is list"),  # pyright: ignore[reportArgumentType]
    "list logits, gradient": (lambda: logit_gradient([[0.0]], TARGET), "logits is list"),  # pyright: ignore[reportArgumentType]
    "list costs": (lambda: reduce_nll([[1.0, 2.0]], LABELS), "nll is list"),  # pyright: ignore[reportArgumentType]
    "list costs, perplexity": (lambda: perplexity([[1.0, 2.0]], LABELS), "nll is list"),  # pyright: ignore[reportArgumentType]
    "list labels of costs": (lambda: reduce_nll(T([[1.0, 2.0]]), [[-100, 5, 6]]), "labels is list"),  # pyright: ignore[reportArgumentType]
    "list padding": (lambda: reduce_nll(T([[1.0, 2.0]]), LABELS, is_padding=[[False] * 3]), "is_padding is list"),  # pyright: ignore[reportArgumentType]
    "list gradient": (lambda: gradient_norm([3.0, 4.0]), "gradient is list"),  # pyright: ignore[reportArgumentType]
    "list probabilities": (lambda: entropy([0.5, 0.5]), "p is list"),  # pyright: ignore[reportArgumentType]
    "list softmax": (lambda: softmax([0.5, 0.5]), "logits is list"),  # pyright: ignore[reportArgumentType]
    "NumPy likelihood": (lambda: log_likelihood(np.zeros(2)), "nll is ndarray"),  # pyright: ignore[reportArgumentType]
    "list class weights": (lambda: class_weighted_nll(Z, TARGET, [1.0, 2.0]), "class_weights is list"),  # pyright: ignore[reportArgumentType]
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_value_is_refused_by_name(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()


COMPUTED: dict[str, tuple[Callable[[], Any], float]] = {
    "whole nats": (lambda: reduce_nll(T([[3, 2]]), LABELS), 2.5),
    "whole nats, perplexity": (lambda: perplexity(T([[3, 2]]), LABELS), math.exp(2.5)),
    "a cost rounded below 0": (lambda: reduce_nll(T([[-1e-7, 2.0]]), LABELS), 1.0),
    "an infinite cost": (lambda: reduce_nll(T([[math.inf, 2.0]]), LABELS), math.inf),
    "perplexity beyond 709 nats": (lambda: perplexity(T([[710.0, 710.0]]), LABELS), math.inf),
    "perplexity below it": (lambda: perplexity(T([[709.0, 709.0]]), LABELS), math.exp(709.0)),
    "1,000 times 300 in float16": (lambda: gradient_norm(torch.full((1000,), 300.0).half()), 9486.833),
    "1,000 times 10 in bfloat16": (lambda: gradient_norm(torch.full((1000,), 10.0).bfloat16()), 316.22777),
    "1e30 in float32": (lambda: gradient_norm(T([3e30, 4e30])), 5e30),
    "1e-30 in float32": (lambda: gradient_norm(T([3e-30, 4e-30])), 5e-30),
    "a gradient of zeros": (lambda: gradient_norm(torch.zeros(3)), 0.0),
    "a gradient over nothing": (lambda: gradient_norm(torch.zeros(0)), 0.0),
    "an infinite gradient": (lambda: gradient_norm(T([math.inf, 1.0])), math.inf),
    "temperature 1e-30": (lambda: tempered_nll(Z, TARGET, 1e-30), 0.0),
    "temperature 0.01, on the wrong one": (lambda: tempered_nll(Z, T([0]), 0.01), 200.0),
    "1 and -1 cancel": (lambda: sum(loss_shares({"a": T(1.0), "b": T(-1.0)}, {"a": 1.0, "b": 1.0}).values()), 0.0),
    "one mean for all": (lambda: gaussian_nll(T([1.0]), T(0.0)), 0.5 + math.log(2 * math.pi) / 2),
    "a byte at 8 bits": (lambda: bits_per_byte(8 * math.log(2), 1), 8.0),
    "a reply of 23 bytes": (lambda: bits_per_byte(22.1774, 23), 1.391097),  # 22.1774 / 0.693147 / 23
}


@pytest.mark.parametrize("case", COMPUTED)
def test_what_has_a_value_is_computed(case: str) -> None:
    call, expected = COMPUTED[case]
    assert float(call()) == pytest.approx(expected, rel=1e-6, abs=1e-12)


NOTHING: dict[str, tuple[Callable[[], Any], str]] = {
    "micro-batches": (lambda: accumulate_nll([T([[1.0]])], [T([[5, -100]])]), "0 of 1 targets are supervised"),
    "class weights": (lambda: class_weighted_mean(Z, T([-100]), torch.ones(2)), "0 targets count"),
    "class weights of 0": (lambda: class_weighted_mean(Z, TARGET, torch.zeros(2)), "1 targets count and weigh 0"),
    "weights of 0": (
        lambda: reduce_nll(T([[1.0, 2.0]]), LABELS, weights=torch.zeros(1, 3)),
        "all 2 supervised targets weigh 0",
    ),
}


@pytest.mark.parametrize("case", NOTHING)
def test_a_loss_of_nothing_is_0_and_says_so(case: str) -> None:
    call, words = NOTHING[case]
    with pytest.warns(UserWarning, match=words):
        assert float(call()) == 0.0


def softmaxed(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.softmax(3 * torch.randn(*shape, generator=torch.Generator().manual_seed(0)), -1).to(dtype)


ENTRANCES: dict[str, Callable[[torch.Tensor], Any]] = {
    "token_nll": lambda z: token_nll(z, torch.ones(2, 6, dtype=torch.long)),
    "nll": lambda z: nll(z, torch.ones(2, 6, dtype=torch.long)),
    "smoothed_nll": lambda z: smoothed_nll(z, torch.ones(2, 6, dtype=torch.long), 0.1),
    "tempered_nll": lambda z: tempered_nll(z, torch.ones(2, 6, dtype=torch.long), 2.0),
    "class_weighted_nll": lambda z: class_weighted_nll(z, torch.ones(2, 6, dtype=torch.long), torch.ones(40)),
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_probabilities_given_as_logits_are_told(entrance: str, dtype: torch.dtype) -> None:
    with pytest.warns(UserWarning, match="12 rows of logits|10 rows of logits") as told:
        ENTRANCES[entrance](softmaxed(2, 6, 40, dtype=dtype))
    assert "these are probabilities" in str(told[0].message)


ORDINARY = {
    "drawn": torch.randn(2, 6, 40, generator=torch.Generator().manual_seed(0)),
    "zeros": torch.zeros(2, 6, 40),
    "in [0, 1], no sum of 1": torch.rand(2, 6, 40, generator=torch.Generator().manual_seed(0)),
    "log-probabilities": softmaxed(2, 6, 40).log(),
    "one row that adds up to 1 beside others": torch.cat([softmaxed(2, 1, 40), torch.zeros(2, 5, 40)], 1),
    "a single class": torch.ones(2, 6, 1),
    "no rows": torch.zeros(2, 0, 40),
}


@pytest.mark.parametrize("case", ORDINARY)
def test_ordinary_logits_are_not_accused(case: str) -> None:
    logits = ORDINARY[case]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        token_nll(logits, torch.zeros(logits.shape[:2], dtype=torch.long))
        info_nce(torch.eye(2), torch.eye(2), temperature=1.0)  # cosines of 1 and 0 add up to 1
