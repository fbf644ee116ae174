"""Ids -> what every position predicts, what the next token costs there, and how hard that pulls on the model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from sftviz.loss import gradient_norm, logit_gradient

ROWS_AT_ONCE = 256  # rows of logits held in float64 at a time: 256 rows of a 150,000-token vocabulary are 300 MB


@dataclass(frozen=True)
class TokenLosses:
    """One entry a position, [T]; the last predicts nothing and holds NaN. In nats, supervised or not."""

    nll: Tensor  # -log p(token t+1 | tokens <= t)
    entropy: Tensor  # of the whole prediction
    rank: Tensor  # of the true token; 1 is the likeliest
    grad_norm_logits: Tensor  # |d nll_t / d z_t| = |p - y|
    grad_norm_hidden: Tensor  # |d nll_t / d h_t|, h_t the input of the output layer; NaN where it cannot be had
    top_ids: Tensor  # [T, k] the likeliest next tokens
    top_probabilities: Tensor  # [T, k]


@torch.no_grad()
def token_losses(model: PreTrainedModel, ids: Sequence[int], top_k: int = 10) -> TokenLosses:
    """Run the model once and price every next token, whether it is supervised or not.

    The forward pass is the model's own precision; log-softmax is float64, so a cost of 1e-6 nats keeps its digits.
    Raises ValueError for an id that is not in the model's vocabulary.
    """
    row = torch.tensor([list(ids)], dtype=torch.long, device=model.device)
    _check_ids(row[0], model)
    if row.shape[1] < 2:
        return _nothing(row.shape[1], top_k)
    hidden, logits = _forward(model, row)
    chunks = [
        _priced(logits[i : i + ROWS_AT_ONCE], row[0, 1:][i : i + ROWS_AT_ONCE], top_k)
        for i in range(0, row.shape[1] - 1, ROWS_AT_ONCE)
    ]
    columns = [torch.cat(parts) for parts in zip(*chunks, strict=True)]
    nll, entropy, rank, on_logits, top_ids, top_probabilities = map(_with_empty_last, columns)
    on_hidden = _with_empty_last(_on_hidden(model, hidden, logits, row[0, 1:]))
    return TokenLosses(nll, entropy, rank, on_logits, on_hidden, top_ids, top_probabilities)


def _forward(model: PreTrainedModel, row: Tensor) -> tuple[Tensor, Tensor]:
    """Input of the output layer [T-1, d] and logits [T-1, V], without the last position."""
    output = model(input_ids=row, output_hidden_states=True, use_cache=False)
    return output.hidden_states[-1][0, :-1], output.logits[0, :-1]


def _priced(logits: Tensor, targets: Tensor, top_k: int) -> tuple[Tensor, ...]:
    log_p = torch.log_softmax(logits.double(), dim=-1)
    p = log_p.exp()
    of_target = log_p.gather(-1, targets.unsqueeze(-1))
    entropy = torch.special.entr(p).sum(-1)
    rank = (log_p > of_target).sum(-1) + 1
    on_logits = gradient_norm(logit_gradient(logits.double(), targets))
    top = p.topk(min(top_k, p.shape[-1]), dim=-1)
    return -of_target.squeeze(-1), entropy, rank.double(), on_logits, top.indices.double(), top.values


def _on_hidden(model: PreTrainedModel, hidden: Tensor, logits: Tensor, targets: Tensor) -> Tensor:
    """|W^T (p - y)|, where the logits are W h; NaN for a model that bends them afterwards (softcapping, scaling)."""
    head: Any = model.get_output_embeddings()
    weight = getattr(head, "weight", None)
    if weight is None or not torch.allclose(head(hidden[:1]), logits[:1], rtol=1e-3, atol=1e-3):
        return torch.full((len(targets),), math.nan, dtype=torch.float64)
    parts = []
    for i in range(0, len(targets), ROWS_AT_ONCE):
        on_logits = logit_gradient(logits[i : i + ROWS_AT_ONCE].double(), targets[i : i + ROWS_AT_ONCE])
        parts.append(gradient_norm(on_logits.to(weight.dtype) @ weight).double())
    return torch.cat(parts)


def _with_empty_last(column: Tensor) -> Tensor:
    return torch.cat([column, torch.full_like(column[:1], math.nan)])


def _nothing(length: int, top_k: int) -> TokenLosses:
    empty = torch.full((length,), math.nan, dtype=torch.float64)
    return TokenLosses(empty, empty, empty, empty, empty, *[torch.full((length, top_k), math.nan)] * 2)


def _check_ids(ids: Tensor, model: PreTrainedModel) -> None:
    embedding: Any = model.get_input_embeddings()
    vocabulary = embedding.weight.shape[0]
    wrong = (ids >= vocabulary).nonzero()
    if len(wrong):
        t = int(wrong[0])
        raise ValueError(
            f"token {int(ids[t])} at position {t} is not in the model's vocabulary of {vocabulary:,}; "
            "the tokenizer belongs to another model"
        )
