"""Rows L and R01 as data: what is computed, and what is refused by the loss library; values by hand."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from sftviz.attention import additive, causal, weights, without_padding
from sftviz.figures.information import Split, sums
from sftviz.loss import IGNORE, descend, logit_gradient, reduce_nll, smoothed_nll, token_nll
from sftviz.loss.metrics import perplexity

T, INF, NAN = torch.tensor, math.inf, math.nan
ONE, TWO = T([[0, 1]]), torch.zeros(1, 2, dtype=torch.long)
NOTHING = torch.full((1, 3), IGNORE)


def logits(*rows: list[float]) -> torch.Tensor:
    """[1, T, V], the last row zeros: it predicts nothing."""
    return T([[*rows, [0.0] * len(rows[0])]])


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "L01 perplexity": (
        lambda: perplexity(torch.ones(1, 2), NOTHING), "0 of 2 targets are supervised, so there is nothing to measure",
    ),
    "L02 NaN on an ignored row": (
        lambda: token_nll(logits([0.0, NAN]), T([[0, IGNORE]])), r"nan at \[0, 0, 1\].*ignored row",
    ),
    "L03 +inf": (lambda: token_nll(logits([0.0, INF]), ONE), r"inf at \[0, 0, 1\]"),
    "L03 only -inf": (lambda: token_nll(torch.full((1, 2, 2), -INF), ONE), r"-inf at \[0, 0, 0\]"),
    "L03 70000 in float16": (
        lambda: token_nll(logits([0.0, 70000.0]).half(), ONE), r"inf at \[0, 0, 1\].*65504",
    ),
    "L04": (lambda: smoothed_nll(T([[0.0, -INF]]), T([0]), 0.1), "-inf.*infinite"),
    "L05 V": (
        lambda: token_nll(torch.zeros(1, 2, 5), T([[0, 5]])), r"label 5 at \[0, 1\].*V = 5.*ignore_index = -100",
    ),
    "L05 -1": (lambda: token_nll(torch.zeros(1, 2, 5), T([[0, -1]])), r"label -1 at \[0, 1\].*ignore_index = -100"),
    "L05 -101": (lambda: token_nll(torch.zeros(1, 2, 5), T([[0, -101]])), r"label -101 at \[0, 1\]"),
    "L05 without logits": (lambda: reduce_nll(torch.ones(1, 1), T([[0, -1]])), r"label -1 at \[0, 1\] is no id"),
    "L06 uint8": (lambda: token_nll(torch.zeros(1, 2, 200), T([[0, 156]], dtype=torch.uint8)), r"-100 into 156"),
    "L06 bool": (lambda: token_nll(torch.zeros(1, 2, 5), TWO.bool()), "torch.bool.*give int64"),
    "L06 float": (lambda: token_nll(torch.zeros(1, 2, 5), TWO.float()), "torch.float32.*give int64"),
    "L09 V = 0": (lambda: token_nll(torch.zeros(1, 2, 0), TWO), "the vocabulary is empty: logits have V = 0"),
    "L09 V = 0, ignored": (lambda: token_nll(torch.zeros(1, 2, 0), NOTHING[:, :2]), "V = 0"),
    "L10 1.5": (lambda: smoothed_nll(torch.zeros(1, 3), T([0]), 1.5), r"1\.5.*\[0, 1\]"),
    "L10 -0.1, which torch takes": (lambda: smoothed_nll(torch.zeros(1, 3), T([0]), -0.1), r"-0\.1.*\[0, 1\]"),
    "R01 rate nan": (lambda: descend(logit_gradient, torch.zeros(2), 0, 5, NAN), "rate nan: give .* a positive rate"),
    "R01 rate 0": (lambda: descend(logit_gradient, torch.zeros(2), 0, 5, 0.0), "rate 0.0: give .* a positive rate"),
    "R01 rate -1": (lambda: descend(logit_gradient, torch.zeros(2), 0, 5, -1.0), "a positive rate"),
    "R01 rate inf": (lambda: descend(logit_gradient, torch.zeros(2), 0, 5, INF), "a positive rate"),
    "R01 10**9 steps": (lambda: descend(logit_gradient, torch.zeros(2), 0, 10**9, 1.0), "give 0 to 100000 steps"),
}  # fmt: skip


def _square() -> tuple[float, float]:
    """T = V: F.cross_entropy takes [B, T, V] unflattened, and its number is another one."""
    z = torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = T([[0, 1, 2, 3], [3, 2, 1, 0]])
    right = F.cross_entropy(z[:, :-1].reshape(-1, 4), labels[:, 1:].reshape(-1))
    assert not math.isclose(float(F.cross_entropy(z, labels)), float(right), rel_tol=1e-3)
    return float(reduce_nll(token_nll(z, labels), labels)), float(right)


def _bfloat16() -> tuple[float, float]:
    z = torch.randn(1, 20, 50, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    labels = torch.randint(0, 50, (1, 20), generator=torch.Generator().manual_seed(1))
    return float(token_nll(z, labels).double().mean()), float(token_nll(z.double(), labels).mean())


def _sees_nothing() -> tuple[float, float]:
    """The first query is padding and may see nothing; a plain softmax gives NaN there."""
    may_attend = without_padding(causal(3), T([[True, False, False]]))
    assert torch.softmax(additive(may_attend, finite=False), -1)[0, 0].isnan().all()
    return float(weights(torch.zeros(1, 3, 3), may_attend)[0, 0].abs().sum()), 0.0


def _drawn() -> tuple[float, float]:
    figure = sums([Split("H(p)", 1.0, "KL(p‖q)", INF), Split("H(q)", 2.0, "KL(q‖p)", 0.5)])
    assert all(math.isfinite(x) for trace in figure.data for x in trace.x)
    return float(sum("∞" in str(trace.text) for trace in figure.data[-1:])), 1.0


# what is computed -> (ours, what it must be)
COMPUTED: dict[str, Callable[[], tuple[float, float]]] = {
    "L05 ignored": lambda: (float(token_nll(torch.zeros(1, 2, 5), T([[0, IGNORE]])).sum()), 0.0),
    "L06 int32": lambda: (float(token_nll(torch.zeros(1, 2, 3), TWO.int())), math.log(3)),
    "L07": _square,
    "L08 one token": lambda: (float(token_nll(torch.zeros(1, 1, 5), T([[3]])).numel()), 0.0),
    "L09 V = 1": lambda: (float(token_nll(torch.zeros(1, 3, 1), torch.zeros(1, 3, dtype=torch.long)).sum()), 0.0),
    "L11 20,000 costs in float16": lambda: (
        float(reduce_nll(torch.full((1, 20_000), 7.5).half(), torch.zeros(1, 20_001, dtype=torch.long))), 7.5,
    ),
    "L11 bfloat16": _bfloat16,
    "L12": _sees_nothing,
    "L13": _drawn,
    "R01 rate 1e9": lambda: (
        float(descend(logit_gradient, torch.zeros(2), 0, 50, 1e9).isfinite().all()), 1.0,
    ),
}  # fmt: skip

# Nothing is supervised: 0 with zero gradient, and a warning that says so
UNDEFINED: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], str]] = {
    "L01 token": (lambda nll: reduce_nll(nll, NOTHING), "0 of 2 targets are supervised"),
    "L01 sample": (lambda nll: reduce_nll(nll, NOTHING, "sample"), "0 of 2 targets are supervised"),
    "L01 sequence": (lambda nll: reduce_nll(nll, NOTHING, "sequence"), "0 of 2 targets are supervised"),
    "L08 no position": (lambda nll: reduce_nll(nll[:, :0], T([[3]])), "0 of 0 targets are supervised"),
}
