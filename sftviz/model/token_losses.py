"""Ids -> what every position predicts, what the next token costs there, and how hard that pulls on the model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from sftviz.loss import IGNORE, gradient_norm, logit_gradient
from sftviz.loss.cross_entropy import check_finite

NUMBERS_AT_ONCE = 2**22  # logits held in float64 at a time: 32 MB a tensor, whatever the vocabulary


@dataclass(frozen=True)
class TokenLosses:
    """One entry a position, [T], on the CPU; in nats, supervised or not. The last predicts nothing: NaN, ids IGNORE."""

    nll: Tensor  # -log p(token t+1 | tokens <= t)
    entropy: Tensor  # of the whole prediction
    uniform_nll: Tensor  # mean of -log p over the vocabulary: what a target spread evenly would cost (label smoothing)
    rank: Tensor  # of the true token; 1 is the likeliest, and so are those as likely as it
    grad_norm_logits: Tensor  # |d nll_t / d z_t| = |p - y|
    grad_norm_hidden: Tensor  # |d nll_t / d h_t|, h_t the input of the output layer; NaN where it cannot be had
    top_ids: Tensor  # [T, k] the likeliest next tokens, likeliest first
    top_probabilities: Tensor  # [T, k]

    @property
    def log_probability(self) -> Tensor:
        """log p(token t+1 | tokens <= t), [T] nats."""
        return -self.nll


@torch.no_grad()
def token_losses(model: PreTrainedModel, ids: Sequence[int], top_k: int = 10) -> TokenLosses:
    """Run the model once and price every next token, whether it is supervised or not.

    The forward pass is the model's own precision; log-softmax is float64, so a cost of 1e-6 nats keeps its digits.
    The model is only read, so threads may share it. Raises ValueError for an id that is not in the model's vocabulary,
    more tokens than it has positions, logits that are not finite, and a model whose dropout is switched on.
    """
    row = torch.tensor([list(ids)], dtype=torch.long, device=model.device)
    check_ids(row[0], model)
    _check_dropout(model)
    if row.shape[1] < 2:
        return _nothing(row.shape[1], top_k)
    hidden, logits = _forward(model, row)
    check_finite(logits)
    weight = _output_weight(model, hidden, logits)
    rows = max(1, NUMBERS_AT_ONCE // logits.shape[-1])
    chunks = [
        _priced(z, targets, weight, top_k)
        for z, targets in zip(logits.split(rows), row[0, 1:].split(rows), strict=True)
    ]
    return TokenLosses(*[_with_empty_last(torch.cat(parts).cpu()) for parts in zip(*chunks, strict=True)])


def _forward(model: PreTrainedModel, row: Tensor) -> tuple[Tensor, Tensor]:
    """Input of the output layer [T-1, d] and logits [T-1, V], without the last position."""
    try:
        output = model(input_ids=row, output_hidden_states=True, use_cache=False)
    except IndexError as error:  # a table of learned positions is read beyond its end
        positions = getattr(model.config, "max_position_embeddings", "fewer")
        raise ValueError(f"{row.shape[1]} tokens do not fit the model, which has {positions} positions") from error
    return output.hidden_states[-1][0, :-1], output.logits[0, :-1]


def _priced(logits: Tensor, targets: Tensor, weight: Tensor | None, top_k: int) -> tuple[Tensor, ...]:
    """The columns of TokenLosses, in its order, for rows of logits [N, V] and their targets [N]."""
    logits = logits.double()
    log_p = torch.log_softmax(logits, dim=-1)
    p = log_p.exp()
    of_target = log_p.gather(-1, targets.unsqueeze(-1))
    entropy = torch.special.entr(p).sum(-1)
    rank = (log_p > of_target).sum(-1) + 1
    top = p.topk(min(top_k, p.shape[-1]), dim=-1)
    on_logits = logit_gradient(logits, targets)
    on_hidden = _on_hidden(on_logits, weight)
    return (
        -of_target.squeeze(-1),
        entropy,
        -log_p.mean(-1),
        rank.double(),
        gradient_norm(on_logits),
        on_hidden,
        top.indices,
        top.values,
    )


def _on_hidden(on_logits: Tensor, weight: Tensor | None) -> Tensor:
    """|W^T (p - y)| for every row of p - y [N, V]; NaN without W."""
    if weight is None:
        return torch.full_like(on_logits[:, 0], math.nan)
    return gradient_norm(on_logits.to(weight.dtype) @ weight).double()


def _output_weight(model: PreTrainedModel, hidden: Tensor, logits: Tensor) -> Tensor | None:
    """W [V, d] where the logits are W h (+ b); None for a model that bends or scales them (softcapping, logit scale).

    It is tried on the position with the largest logit, where bending shows most.
    """
    head: Any = model.get_output_embeddings()
    weight = getattr(head, "weight", None)
    if weight is None or weight.shape != (logits.shape[-1], hidden.shape[-1]):
        return None
    largest = int(torch.maximum(logits.amax(-1), -logits.amin(-1)).argmax())
    ours, theirs = head(hidden[largest]).double(), logits[largest].double()
    tolerance = 1e-3 if weight.dtype in (torch.float32, torch.float64) else 3e-2
    agree = (ours - theirs).abs().max() <= tolerance * theirs.abs().max()
    return weight if agree else None


def _with_empty_last(column: Tensor) -> Tensor:
    empty = math.nan if column.is_floating_point() else IGNORE
    return torch.cat([column, torch.full_like(column[:1], empty)])


def _nothing(length: int, top_k: int) -> TokenLosses:
    empty = torch.full((length,), math.nan, dtype=torch.float64)
    top = torch.full((length, top_k), math.nan, dtype=torch.float64)
    return TokenLosses(empty, empty, empty, empty, empty, empty, torch.full((length, top_k), IGNORE), top)


def check_ids(ids: Tensor, model: PreTrainedModel) -> None:
    """Raise ValueError for an id that the model has no embedding for: ids [T]."""
    embedding: Any = model.get_input_embeddings()
    vocabulary = embedding.weight.shape[0]
    wrong = ((ids < 0) | (ids >= vocabulary)).nonzero()
    if len(wrong):
        t = int(wrong[0])
        remedy = "the tokenizer belongs to another model" if ids[t] > 0 else "give ids, not labels"
        raise ValueError(
            f"token {int(ids[t])} at position {t} is not in the model's vocabulary of {vocabulary:,}; {remedy}"
        )


def _check_dropout(model: PreTrainedModel) -> None:
    """Raise ValueError where a forward pass would give another loss each time."""
    drops = getattr(model.config, "attention_dropout", 0) or any(
        isinstance(module, torch.nn.Dropout) and module.p > 0 for module in model.modules()
    )
    if model.training and drops:
        raise ValueError("the model is in training mode, so dropout would give other losses each time; call eval()")
