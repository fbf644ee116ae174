"""Ids -> how the model goes on: the likeliest token, again and again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import torch

from sftviz.model.pricing import check_ids

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@torch.no_grad()
def continuation(
    model: PreTrainedModel, ids: Sequence[int], max_new_tokens: int = 32, stop: Collection[int] = ()
) -> list[int]:
    """The ids the model adds, greedily, until one of `stop` (which is the last one given) or max_new_tokens."""
    from transformers import GenerationConfig

    row = torch.tensor([list(ids)], dtype=torch.long, device=model.device)
    check_ids(row[0], model)
    settings = GenerationConfig(
        max_new_tokens=max_new_tokens, do_sample=False, eos_token_id=list(stop) or None, pad_token_id=0
    )
    written: Any = model.generate(row, attention_mask=torch.ones_like(row), generation_config=settings)  # pyright: ignore[reportCallIssue]
    return written[0, len(ids) :].tolist()
