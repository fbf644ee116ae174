"""What a leak does to training: a small model on random tokens, where nobody can honestly beat log V."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sftviz.attention import additive, as_heads, causal
from sftviz.loss import reduce_nll, token_nll

VOCABULARY, LENGTH = 16, 8
FLOOR = math.log(VOCABULARY)  # nats: tokens drawn uniformly, so the past says nothing of the next one
ROWS, FRESH_ROWS = 32, 256


@dataclass(frozen=True)
class Learned:
    """Loss in nats at every step, on rows never seen before; and `writing`, the loss where no future can be seen."""

    losses: tuple[float, ...]
    writing: float


def learn_random_tokens(may_attend: Tensor, steps: int = 100, seed: int = 0) -> Learned:
    """Train a one-layer model under an attention [LENGTH, LENGTH], then ask it for the next token causally.

    Every row is new and every token uniform: an honest loss cannot go below FLOOR = log V. One that does read its
    target off the row; when it has to write there is nothing to read, and it is worse than a uniform guess.
    """
    generator = torch.Generator().manual_seed(seed)
    model = _model(generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses: list[float] = []
    for _ in range(steps):
        loss = _loss(model, _rows(ROWS, generator), may_attend)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    with torch.no_grad():
        writing = float(_loss(model, _rows(FRESH_ROWS, generator), causal(LENGTH)))
    return Learned(tuple(losses), writing)


def _model(generator: torch.Generator) -> Any:
    """Initialised from its own generator: the process's is shared between threads."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2
    )
    model = LlamaForCausalLM(config)
    fill: Callable[..., Tensor] = torch.nn.init.normal_
    for parameter in model.parameters():
        if parameter.dim() > 1:
            fill(parameter, std=0.1, generator=generator)
    return model


def _rows(count: int, generator: torch.Generator) -> Tensor:
    return torch.randint(0, VOCABULARY, (count, LENGTH), generator=generator)


def _loss(model: Any, rows: Tensor, may_attend: Tensor) -> Tensor:
    logits = model(rows, attention_mask=additive(as_heads(may_attend)), use_cache=False).logits
    return reduce_nll(token_nll(logits, rows), rows)
