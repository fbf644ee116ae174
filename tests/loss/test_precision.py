"""Sums are float64, and float32 on a device without it: here the CPU is told to be one."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from sftviz.loss import accumulate_nll, cross_entropy, reduce_nll, smoothed_nll, smoothed_target
from sftviz.loss.likelihood import best_distribution
from sftviz.loss.metrics import accuracy, perplexity, reliability
from sftviz.loss.terms import class_weighted_mean

LOGITS, LABELS = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0)), torch.ones(2, 5, dtype=torch.long)
NLL = torch.ones(2, 4)

CALLS: dict[str, Callable[[], Any]] = {
    **{name: lambda n=name: reduce_nll(NLL, LABELS, n) for name in ("token", "sample", "sequence")},
    "weights": lambda: reduce_nll(NLL, LABELS, weights=torch.ones(2, 5)),
    "accumulate": lambda: accumulate_nll([NLL, NLL], [LABELS, LABELS], "micro_batch"),
    "class_weighted_mean": lambda: class_weighted_mean(LOGITS, LABELS, torch.ones(7), 0.1),
    "smoothed_nll": lambda: smoothed_nll(LOGITS, LABELS, 0.1),
    "smoothed_target": lambda: smoothed_target(LABELS, 7, 0.1),
    "accuracy": lambda: accuracy(LOGITS, LABELS),
    "perplexity": lambda: perplexity(NLL, LABELS),
    "reliability": lambda: reliability(LOGITS, LABELS),
    "best_distribution": lambda: best_distribution(LABELS[0], 7),
}


class WithoutFloat64(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor) and made.dtype == torch.float64:
            raise TypeError(f"{func}: this device has no float64")
        return made


@pytest.mark.parametrize("call", CALLS)
def test_a_device_without_float64_is_served_in_float32(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cross_entropy, "NO_FLOAT64", ("cpu",))
    with WithoutFloat64():
        CALLS[call]()


def test_the_mode_fails_where_float64_is_made() -> None:
    with pytest.raises(TypeError, match="no float64"), WithoutFloat64():
        CALLS["token"]()
