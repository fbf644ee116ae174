"""What a loss does not say aloud: perplexity, how often the model is right, and whether it is as sure as it is right.

All take labels unshifted, as `token_nll` does, and count the supervised targets. Where there is none they raise: a loss
of 0 does no harm to a training step, but a perplexity of 1 or an accuracy of 0 would be read as a measurement.
"""

import math
import operator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import (
    IGNORE,
    at_least_float32,
    best_precision,
    check_pairs,
    check_tensors,
    next_token_pairs,
)
from sftviz.loss.reduction import reduce_nll


def perplexity(nll: Tensor, labels: Tensor) -> float:
    """exp of the mean cost per supervised token: nll [B, T-1] in nats, labels [B, T].

    How many equally likely tokens would be as hard to guess. V is the uniform model, not the worst one: confidently
    wrong costs more than not knowing, without end. Infinite where a target was ruled out, or beyond exp(709).
    Jelinek et al. 1977.

    >>> nll = torch.tensor([[2.0, 4.0]], dtype=torch.float64).log()  # p = 1/2 and 1/4
    >>> round(perplexity(nll, torch.tensor([[-100, 5, 6]])), 4)  # sqrt(2 * 4)
    2.8284
    """
    check_tensors(nll=nll, labels=labels)
    mean = reduce_nll(best_precision(nll), labels)
    _check_any(labels[:, 1:] != IGNORE)
    return float(mean.exp())


def bits_per_byte(nats: float, byte_count: int) -> float:
    """What a text costs per byte of its UTF-8, in bits: the sum of its tokens' costs / log 2 / bytes.

    A mean per token depends on the tokenizer: longer tokens are fewer and cost more each. The text's own probability is
    the product over its tokens, so -log p(text) is the *sum* of their costs, whatever the pieces; a nat is 1 / log 2
    bits; and bytes are counted by everybody alike. So two models with two vocabularies can be compared, and 8 is what
    a byte costs that nothing is known of. Give the nats of exactly the tokens whose bytes are counted: end-of-turn
    tokens have a cost and no byte of the text. Graves 2013; The Pile, Gao et al. 2020.

    >>> round(bits_per_byte(10.0, 8), 4)  # 10 / 0.6931 / 8
    1.8034
    """
    if byte_count < 1:
        raise ValueError(
            f"{byte_count} bytes: a text without a byte has no cost per byte, 0/0; is anything supervised?"
        )
    if math.isnan(nats) or nats < 0:
        raise ValueError(f"{nats} nats: give the sum of the costs, 0 or more")
    return nats / math.log(2) / byte_count


def target_ranks(logits: Tensor, labels: Tensor) -> Tensor:
    """The true next token's place among all, 1 for the likeliest: [B, T, V], [B, T] -> [B, T-1] int64; 0 where IGNORE.

    Of tokens that are equally likely all have the best place: a rank is one more than the tokens that are likelier.

    >>> target_ranks(torch.tensor([[[0.1, 0.7, 0.2], [0.0, 0.0, 0.0]]]), torch.tensor([[0, 2]]))
    tensor([[2]])
    """
    predictions, targets = _pairs(logits, labels)
    ahead, _ = _ahead_and_level(predictions, targets)
    return torch.where(targets == IGNORE, 0, ahead + 1)


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Share of the supervised targets that are the likeliest token: [B, T, V], [B, T]. `top_k_accuracy` at 1."""
    return top_k_accuracy(logits, labels, 1)


def top_k_accuracy(logits: Tensor, labels: Tensor, k: int) -> float:
    """Share of the supervised targets among the k likeliest tokens: [B, T, V], [B, T].

    A target level with others counts as the chance it has when a draw decides, so the uniform model has k / V. Taking
    the first of equals (argmax) or all of them would make it right always, or by the order of ids; bfloat16 logits are
    often level.

    >>> top_k_accuracy(torch.tensor([[[0.1, 0.7, 0.2], [0.0, 0.0, 0.0]]]), torch.tensor([[0, 2]]), k=2)
    1.0
    """
    check_tensors(logits=logits, labels=labels)
    k = _whole(k, "k")
    if not 1 <= k <= logits.shape[-1]:
        raise ValueError(f"k = {k} of V = {logits.shape[-1]} tokens; give 1 to {logits.shape[-1]}")
    predictions, targets = _pairs(logits, labels)
    counted = targets != IGNORE
    _check_any(counted)
    return float(_credit(predictions, targets, k)[counted].mean())


@dataclass(frozen=True)
class Bin:
    """Predictions whose confidence lies in (low, high]: how many, how sure on average, how often right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float

    @property
    def gap(self) -> float:
        """Confidence minus accuracy: above 0 the model is surer than right."""
        return self.confidence - self.accuracy


def reliability(logits: Tensor, labels: Tensor, bins: int = 15) -> tuple[Bin, ...]:
    """The supervised predictions sorted by confidence into bins of equal width; empty bins are left out.

    logits [B, T, V], labels [B, T]. Confidence is the probability of the likeliest token, whatever the target; right
    is as in `accuracy`. Guo et al. 2017.

    >>> z = torch.tensor([[[3.0, 1.0], [1.0, 1.0], [1.0, 1.0]]]).log()  # 3/4 sure and right, 1/2 and level
    >>> found = reliability(z, torch.tensor([[0, 0, 1]]), bins=2)
    >>> [(b.high, b.count, round(b.confidence, 2), b.accuracy) for b in found]
    [(0.5, 1, 0.5, 0.5), (1.0, 1, 0.75, 1.0)]
    """
    bins = _whole(bins, "bins")
    if bins < 1:
        raise ValueError(f"{bins} bins hold no prediction; give 1 or more, 10 to 20 is usual")
    predictions, targets = _pairs(logits, labels)
    counted = targets != IGNORE
    _check_any(counted)
    sure = best_precision(torch.softmax(at_least_float32(predictions[counted]), dim=-1).amax(-1))
    right = _credit(predictions, targets, 1)[counted]
    edges = torch.linspace(0, 1, bins + 1, dtype=sure.dtype, device=sure.device)
    place = torch.bucketize(sure, edges[1:]).clamp(max=bins - 1)  # softmax may round above 1
    return tuple(_bin(edges, i, sure[place == i], right[place == i]) for i in sorted(set(map(int, place))))


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """ECE: the bins' distance between confidence and accuracy, weighted by how many predictions they hold.

    0 to 1; a model that is always as sure as it is often right has 0. It depends on the number of bins, and opposite
    errors within one bin cancel. Naeini et al. 2015; Guo et al. 2017.

    >>> calibration_error((Bin(0.0, 0.5, 3, 0.4, 0.4), Bin(0.5, 1.0, 1, 0.9, 0.5)))
    0.1
    """
    total = sum(b.count for b in bins)
    if not total:
        raise ValueError("0 predictions in the bins, so the calibration error is 0/0; was anything supervised?")
    return sum(b.count * abs(b.gap) for b in bins) / total


def _pairs(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    predictions, targets = next_token_pairs(logits, labels)
    check_pairs(predictions, targets)
    return predictions, targets


def _ahead_and_level(predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """How many tokens are likelier than the target, and how many as likely, itself included: [...] int64 each."""
    of_target = predictions.gather(-1, targets.long().clamp(min=0).unsqueeze(-1))
    return (predictions > of_target).sum(-1), (predictions == of_target).sum(-1)


def _credit(predictions: Tensor, targets: Tensor, k: int) -> Tensor:
    """The chance that a draw among equals puts the target among the first k: [...] float64."""
    ahead, level = _ahead_and_level(predictions, targets)
    return (best_precision(k - ahead) / level).clamp(0, 1)


def _bin(edges: Tensor, i: int, sure: Tensor, right: Tensor) -> Bin:
    return Bin(float(edges[i]), float(edges[i + 1]), len(sure), float(sure.mean()), float(right.mean()))


def _whole(count: Any, name: str) -> int:
    try:
        return operator.index(count)
    except TypeError:
        raise ValueError(f"{name} = {count!r} is no whole number; give an int") from None


def _check_any(counted: Tensor) -> None:
    if not counted.any():
        raise ValueError(
            f"0 of {counted.numel()} targets are supervised, so there is nothing to measure; are all labels {IGNORE}, "
            "or is only the first token of a row labelled?"
        )
