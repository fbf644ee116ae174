"""Where the gradient goes, and what a changed token moves: the two sides of attention, on a real model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from sftviz.attention import additive, as_heads, causal, diagonal
from sftviz.loss import next_token_pairs, reduce_nll, token_nll, token_weights
from sftviz.model.pricing import check_ids

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_honours: WeakKeyDictionary[PreTrainedModel, str | None] = (
    WeakKeyDictionary()
)  # a model -> the attention it was tried with


@dataclass(frozen=True)
class Flow:
    """Gradient of the loss (mean over supervised targets) on the input embedding at every position, [T, d] each.

    own: along the position's own row, from the target it predicts itself. through_attention: from other rows that read
    it. The two vectors add up to the gradient; their norms do not.
    """

    own: Tensor
    through_attention: Tensor
    loss: float

    @property
    def own_norm(self) -> Tensor:
        """[T]"""
        return self.own.norm(dim=-1)

    @property
    def attention_norm(self) -> Tensor:
        """[T]"""
        return self.through_attention.norm(dim=-1)

    @property
    def total_norm(self) -> Tensor:
        """[T]"""
        return (self.own + self.through_attention).norm(dim=-1)

    def together(self, positions: Sequence[int]) -> tuple[float, float, float]:
        """Norms (own, through attention, total) of the gradients at these positions added up.

        For all places of one token: what its row of the embedding table gets.
        """
        own, through = self.own[list(positions)].sum(0), self.through_attention[list(positions)].sum(0)
        return float(own.norm()), float(through.norm()), float((own + through).norm())


def gradient_flow(
    model: PreTrainedModel, ids: Sequence[int], labels: Sequence[int], may_attend: Tensor | None = None
) -> Flow:
    """Follow the loss back to every input token: ids [T], unshifted labels [T], may_attend [T, T] bool -> Flow.

    A token whose own row is not supervised still gets a gradient: later supervised rows looked at it. With attention
    cut (`attention.diagonal`) nothing is left of it. One backward pass, over a row of 2T; the model is only read.

    Every token stands there twice: one copy is read by the others, the other one predicts and is read by nobody. What
    comes back to the predicting copy is its own; what comes back to the other came through attention.
    """
    _check_attention_is_honoured(model)
    read = _embedded(model, ids).requires_grad_(True)
    predicting = read.detach().clone().requires_grad_(True)
    allowed = _allowed(len(ids), may_attend)
    targets = torch.tensor([list(labels)], device=read.device)
    with torch.enable_grad():
        both = torch.cat([read, predicting], dim=1)
        logits = _run(model, both, _read_and_predicting(allowed), copies=2).logits
        loss = reduce_nll(token_nll(logits[:, len(ids) :], targets), targets)
        through_attention, own = torch.autograd.grad(loss, (read, predicting))
    return Flow(own[0], through_attention[0], float(loss.detach()))


def _read_and_predicting(may_attend: Tensor) -> Tensor:
    """[T, T] -> [2T, 2T]: the first half reads as it may; the second reads the first half, and of itself itself."""
    itself = diagonal(len(may_attend)).to(may_attend.device)
    first = torch.cat([may_attend, torch.zeros_like(may_attend)], dim=1)
    second = torch.cat([may_attend & ~itself, may_attend & itself], dim=1)
    return torch.cat([first, second])


@torch.no_grad()
def output_gradient(
    model: PreTrainedModel, ids: Sequence[int], labels: Sequence[int], may_attend: Tensor | None = None
) -> Tensor:
    """Norm of the gradient on every row of the output matrix: [V]. Row v gets sum_t weight_t (p_t - y_t)_v h_t.

    Every vocabulary row is pushed by every supervised position, its own token or not: that is softmax's denominator.
    Where embeddings are tied these rows are the input embeddings too.
    """
    targets = torch.tensor([list(labels)], device=model.device)
    output = _run(model, _embedded(model, ids), _allowed(len(ids), may_attend), states=True)
    predictions, wanted = next_token_pairs(output.logits, targets)
    pull = torch.softmax(predictions, dim=-1)
    pull = pull.scatter_add(-1, wanted.clamp(min=0).unsqueeze(-1), torch.full_like(pull[..., :1], -1.0))
    weighed = pull * token_weights(targets).to(pull.dtype).unsqueeze(-1)
    return (weighed[0].T @ output.hidden_states[-1][0, :-1]).norm(dim=-1)


@torch.no_grad()
def moved_logits(
    model: PreTrainedModel, ids: Sequence[int], position: int, replacement: int, may_attend: Tensor | None = None
) -> Tensor:
    """Change one token: how far the logits of every position move, [T], the largest |difference| over the vocabulary.

    Under causal attention nothing before `position` may move. What does is a leak: a position that can see its target.
    """
    if not 0 <= position < len(ids):
        raise ValueError(f"position {position} is outside the row of {len(ids)} tokens")
    changed = [*ids[:position], replacement, *ids[position + 1 :]]
    before, after = (_logits(model, _embedded(model, row), may_attend)[0] for row in (ids, changed))
    return (before - after).abs().amax(-1)


def leaks(moved: Tensor, position: int, tolerance: float = 1e-4, is_padding: Sequence[bool] | None = None) -> list[int]:
    """Positions before the changed token whose logits moved by more than rounding. Padding is thrown away anyhow.

    >>> leaks(torch.tensor([0.0, 2.0, 5.0, 1.0]), position=2)
    [1]
    """
    return [t for t in range(position) if float(moved[t]) > tolerance and not (is_padding and is_padding[t])]


@torch.no_grad()
def loss_under(
    model: PreTrainedModel, ids: Sequence[int], labels: Sequence[int], may_attend: Tensor | None = None
) -> float:
    """The loss in nats, mean over supervised targets, when the model may attend as given; 0 where nothing counts."""
    targets = torch.tensor([list(labels)], device=model.device)
    return float(reduce_nll(token_nll(_logits(model, _embedded(model, ids), may_attend), targets), targets))


@torch.no_grad()
def logits_under(model: PreTrainedModel, ids: Sequence[int], may_attend: Tensor | None = None) -> Tensor:
    """The logits of one row when the model may attend as given: ids [T], may_attend [T, T] bool -> [T, V]."""
    return _logits(model, _embedded(model, ids), may_attend)[0]


def _embedded(model: PreTrainedModel, ids: Sequence[int]) -> Tensor:
    row = torch.tensor([list(ids)], dtype=torch.long, device=model.device)
    check_ids(row[0], model)
    return model.get_input_embeddings()(row).detach()


def _logits(model: PreTrainedModel, embedded: Tensor, may_attend: Tensor | None) -> Tensor:
    if may_attend is not None:
        _check_attention_is_honoured(model)
    return _run(model, embedded, _allowed(embedded.shape[1], may_attend)).logits


def _allowed(length: int, may_attend: Tensor | None) -> Tensor:
    """What was given, if it fits; causal where nothing was."""
    if may_attend is None:
        return causal(length)
    if may_attend.shape != (length, length):
        raise ValueError(f"may_attend {list(may_attend.shape)} does not fit {length} tokens; give [T, T]")
    return may_attend


def _run(model: PreTrainedModel, embedded: Tensor, may_attend: Tensor, copies: int = 1, states: bool = False) -> Any:
    """The model's output under an attention of our own, with every layer's states if asked for.

    Every copy of a row has its positions.
    """
    positions = torch.arange(embedded.shape[1] // copies, device=embedded.device).repeat(copies)
    return model(
        inputs_embeds=embedded,
        attention_mask=additive(as_heads(may_attend), embedded.dtype).to(embedded.device),
        position_ids=positions.unsqueeze(0),
        use_cache=False,
        output_hidden_states=states,
    )


@torch.no_grad()
def _check_attention_is_honoured(model: PreTrainedModel) -> None:
    """Raise ValueError for a model that makes its own mask: under cut attention no token reaches the next.

    Asked once of a model and its way to attend, which costs two forward passes.
    """
    if model in _honours and _honours[model] == model.config._attn_implementation:
        return
    alone = diagonal(2)
    one, other = _embedded(model, [0, 1]), _embedded(model, [1, 1])
    if not torch.equal(_run(model, one, alone).logits[0, 1], _run(model, other, alone).logits[0, 1]):
        raise ValueError(
            f"{type(model).__name__} with {model.config._attn_implementation} attention does not take a 4-D attention "
            'mask, so another attention cannot be shown on it; load it with attn_implementation="eager"'
        )
    _honours[model] = model.config._attn_implementation
