"""Logits and labels -> the cost of each next token: the shift, then clamp, gather, zero."""

import warnings
from typing import Any

import torch
from torch import Tensor

IGNORE = -100  # PyTorch's default ignore_index: no vocabulary has it as an id, unlike 0

LABEL_TYPES = (torch.int64, torch.int32)
NO_FLOAT64 = ("mps",)  # devices


def next_token_pairs(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Line up each prediction with the token it predicts.

    logits [B, T, V] float, labels [B, T] int -> [B, T-1, V], [B, T-1]; hidden states [B, T, D] as well as logits.
    Position t predicts token t+1. The only shift in sftviz: labels arrive unshifted.

    >>> next_token_pairs(torch.zeros(1, 3, 5), torch.tensor([[2, 3, 4]]))[1]
    tensor([[3, 4]])
    """
    check_shapes(logits, labels)
    return logits[:, :-1], labels[:, 1:]


def token_nll(logits: Tensor, labels: Tensor) -> Tensor:
    """-log p(next token) at every position but the last, in nats; 0 where the label is IGNORE.

    logits [B, T, V], labels [B, T] unshifted -> [B, T-1]. Equal to `F.cross_entropy(…, reduction="none",
    ignore_index=-100)` on the shifted pairs. Half precision is computed in float32: bfloat16 has three digits.

    IGNORE cannot be an index, so every index is made legal first (clamp), read (gather), and what was read for an
    ignored row is thrown away (where). Raises ValueError for labels outside the vocabulary and for logits that are not
    finite, on ignored rows too: there the loss would stay finite while the gradient turns NaN. Warns where the logits
    are probabilities already.

    >>> z = torch.log(torch.tensor([[[0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]]))
    >>> token_nll(z, torch.tensor([[0, 1, -100]]))  # -log 0.75, then nothing
    tensor([[0.2877, 0.0000]])
    """
    predictions, targets = next_token_pairs(logits, labels)
    check_labels(labels, vocabulary=logits.shape[-1])
    check_finite(predictions)
    warn_of_probabilities(predictions)
    legal = targets.long().clamp(min=0)
    read = -torch.log_softmax(at_least_float32(predictions), dim=-1).gather(-1, legal.unsqueeze(-1)).squeeze(-1)
    return torch.where(targets == IGNORE, torch.zeros_like(read), read)


def at_least_float32(values: Tensor) -> Tensor:
    """float16 and bfloat16 as float32; float32 and float64 as they are."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def best_precision(values: Tensor) -> Tensor:
    """float64, for sums of many costs; float32 on a device that has no float64.

    >>> best_precision(torch.zeros(1)).dtype
    torch.float64
    """
    return values.float() if values.device.type in NO_FLOAT64 else values.double()


def check_shapes(logits: Tensor, labels: Tensor) -> None:
    """Raise ValueError unless logits are floats [B, T, V] and labels [B, T]."""
    check_tensors(logits=logits, labels=labels)
    if logits.dim() != 3 or labels.dim() != 2 or logits.shape[:2] != labels.shape:
        raise ValueError(
            f"logits {list(logits.shape)} and labels {list(labels.shape)} do not go together; give logits [B, T, V] "
            "and labels [B, T], both unshifted and not flattened"
        )
    _check_logits(logits)


def check_tensors(**values: Any) -> None:
    """Raise ValueError for a list or a NumPy array where a tensor is meant, by name."""
    for name, value in values.items():
        if not isinstance(value, torch.Tensor):
            raise ValueError(f"{name} is {type(value).__name__}; give a tensor: torch.as_tensor({name})")


def warn_of_probabilities(logits: Tensor) -> None:
    """Warn where every row lies in [0, 1] and adds up to 1: a softmax has been taken, and one more will be.

    The loss then never falls below log(1 + (V - 1) / e), however good the model. Ordinary logits fail on their first
    row, so that it costs nothing.
    """
    rows = logits.detach().reshape(-1, logits.shape[-1])
    if logits.shape[-1] > 1 and len(rows) and _are_probabilities(rows[:1]) and _are_probabilities(rows):
        warnings.warn(
            f"all {len(rows)} rows of logits lie in [0, 1] and add up to 1: these are probabilities, and softmax would "
            "be taken twice; give what the output layer gives, before softmax",
            stacklevel=3,
        )


def _are_probabilities(rows: Tensor) -> bool:
    tolerance = 1e-3 if rows.dtype in (torch.float32, torch.float64) else 2e-2  # bfloat16 has three digits
    if rows.amin() < 0 or rows.amax() > 1:
        return False
    return bool(((at_least_float32(rows).sum(-1) - 1).abs() < tolerance).all())


def _check_logits(logits: Tensor) -> None:
    if logits.shape[-1] == 0:
        raise ValueError("the vocabulary is empty: logits have V = 0")
    if not logits.is_floating_point():
        raise ValueError(f"logits are {logits.dtype}, which has no softmax; give float32 or float64")


def check_pairs(logits: Tensor, targets: Tensor) -> None:
    """Raise ValueError unless logits [..., V] and targets [...] are lined up, legal and finite."""
    check_tensors(logits=logits, targets=targets)
    if not logits.dim() or logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"logits {list(logits.shape)} and targets {list(targets.shape)} do not go together; give [..., V] and "
            "[...], already lined up"
        )
    _check_logits(logits)
    check_labels(targets, vocabulary=logits.shape[-1])
    check_finite(logits)


def check_labels(labels: Tensor, vocabulary: int, ignore_index: int = IGNORE) -> None:
    """Raise ValueError for a label that is neither ignored nor an id below V, or labels that are not int32/int64."""
    check_tensors(labels=labels)
    check_label_type(labels)
    check_not_negative(labels, ignore_index)
    wrong = (labels >= vocabulary) & (labels != ignore_index)
    if wrong.any():
        place = first_place(wrong)
        raise ValueError(
            f"label {int(labels[tuple(place)])} at {place} is no id: V = {vocabulary} and ignore_index = "
            f"{ignore_index}; was the tokenizer enlarged without the model?"
        )


def check_not_negative(labels: Tensor, ignore_index: int = IGNORE) -> None:
    """Raise ValueError for a negative label that is not ignored: it would count as supervised where V is not known."""
    wrong = (labels != ignore_index) & (labels < 0)
    if wrong.any():
        place = first_place(wrong)
        raise ValueError(
            f"label {int(labels[tuple(place)])} at {place} is no id, and not ignored either: ignore_index = "
            f"{ignore_index}"
        )


def check_label_type(labels: Tensor) -> None:
    if labels.dtype not in LABEL_TYPES:
        raise ValueError(
            f"labels are {labels.dtype}; give int64 (uint8 would turn {IGNORE} into 156, floats would be rounded)"
        )


def check_finite(logits: Tensor, rows_before: int = 0) -> None:
    """Raise ValueError naming the first NaN, +inf, or row of -inf only. A single -inf is a token ruled out.

    rows_before: for a piece of a longer [N, V], the rows left out before it, so that the place named is the whole's.
    """
    check_tensors(logits=logits)
    if torch.isfinite(logits.sum()):  # then every term is; and no copy of [B, T, V] was made to see it
        return
    wrong = torch.isnan(logits) | (logits == torch.inf) | torch.isneginf(logits).all(-1, keepdim=True)
    if wrong.any():
        place = first_place(wrong)
        named = [place[0] + rows_before, *place[1:]]
        raise ValueError(
            f"logit {float(logits[tuple(place)])} at {named} is not finite, so loss or gradient would be NaN, even on "
            "an ignored row; float16 ends at 65504: compute in float32, or look for NaN in the weights"
        )


def first_place(wrong: Tensor) -> list[int]:
    return [int(index) for index in wrong.nonzero()[0]]
