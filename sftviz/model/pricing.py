"""Ids -> what every position predicts, what the next token costs there, and how hard that pulls on the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from sftviz.assets import source_error
from sftviz.assets.border import border
from sftviz.loss import IGNORE
from sftviz.loss.cross_entropy import at_least_float32
from sftviz.loss.logit_chunks import row_chunks
from sftviz.loss.predictions import predictions

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NUMBERS = 2**22  # logits held at a time: 16 MB in float32, or LEAST_ROWS
LEAST_ROWS, MOST_NUMBERS = 128, 3 * 2**22  # and 48 MB, whatever the vocabulary
CONTEXTS = 4  # how many times the model's context is priced: what lies beyond it is guesswork already
MOST_TOKENS = 2**15  # attention grows with the square; also for a model that names no context
MOST_LOGITS = 2**29  # 2 GB in float32, where the head bends its logits and all of them come at once
PROBED = 16  # tokens on which the head is tried
BENT = ("final_logit_softcapping", "logit_scale", "logits_scaling", "output_multiplier_scale")  # configs' words for it

_plain: WeakKeyDictionary[PreTrainedModel, Any] = WeakKeyDictionary()  # model -> the head whose product its logits are


@dataclass(frozen=True)
class TokenLosses:
    """One entry a position, [T], on the CPU; in nats, supervised or not.

    The last position predicts nothing, and those beyond the first `priced` tokens were not asked: NaN, ids IGNORE.
    """

    nll: Tensor  # -log p(token t+1 | tokens <= t)
    entropy: Tensor  # of the whole prediction
    uniform_nll: Tensor  # mean of -log p over the vocabulary: what a target spread evenly would cost (label smoothing)
    rank: Tensor  # of the true token; 1 is the likeliest, and so are those as likely as it
    grad_norm_logits: Tensor  # |d nll_t / d z_t| = |p - y|
    grad_norm_hidden: Tensor  # |d nll_t / d h_t|, h_t the input of the output layer; NaN where it cannot be had
    top_ids: Tensor  # [T, k] the likeliest next tokens, likeliest first
    top_probabilities: Tensor  # [T, k]
    vocabulary: int  # V of the logits: may be larger than the tokenizer's, for padding
    priced: int  # tokens that the model has read, counted from the first

    @property
    def log_probability(self) -> Tensor:
        """log p(token t+1 | tokens <= t), [T] nats."""
        return -self.nll


@torch.no_grad()
def token_losses(
    model: PreTrainedModel,
    ids: Sequence[int],
    top_k: int = 10,
    at_most: int | None = None,
    labels: Sequence[int] | None = None,
) -> TokenLosses:
    """Run the model once and price every next token, whether it is supervised or not.

    at_most: how many tokens are priced, the first ones; None: `priced_tokens`. labels: of a row that brought its own,
    [T] unshifted: where one is another id than its token's, that is what is priced, and nothing where it is no id of
    the model's. Logits are made and used a piece at a time, so memory does not grow with T * V. Softmax is float32;
    what a sure prediction costs is read off the other tokens' probabilities, so 1e-6 nats keep their digits too.

    The model is only read, so threads may share it. Raises ValueError for an id that is not in the model's vocabulary,
    logits that are not finite, and a model whose dropout is switched on; SourceError for a model that fails.
    """
    row = torch.tensor([list(ids)], dtype=torch.long, device=model.device)
    check_ids(row[0], model)
    _check_dropout(model)
    limit = priced_tokens(model) if at_most is None else max(0, at_most)
    if min(len(ids), limit) < 2:
        return _nothing(len(ids), top_k, _vocabulary(model))
    states, logits_of, weight = _run(model, row[:, :limit])
    wanted, has_none = _wanted(row[0], labels, _vocabulary(model))
    columns = [_filled(column, len(ids)) for column in _columns(states, logits_of, wanted, weight, top_k)]
    columns[0][:-1][has_none[1:].cpu()] = math.nan
    return TokenLosses(*columns, vocabulary=logits_of(states[:1]).shape[-1], priced=len(states) + 1)  # pyright: ignore[reportCallIssue]


def priced_tokens(model: PreTrainedModel) -> int:
    """How many tokens of a row are priced: 4 x the context, 2^15, and 2 GB of logits where they come at once."""
    limit = min(MOST_TOKENS, CONTEXTS * (_context(model) or MOST_TOKENS))
    return min(limit, MOST_LOGITS // _vocabulary(model)) if _head(model) is None else limit


def _wanted(ids: Tensor, labels: Sequence[int] | None, vocabulary: int) -> tuple[Tensor, Tensor]:
    """(what is priced at each token, where nothing can be): its id, or the label that stands in its place."""
    if labels is None:
        return ids, torch.zeros_like(ids, dtype=torch.bool)
    given = torch.tensor(list(labels), dtype=torch.long, device=ids.device)
    has_none = (given != IGNORE) & ((given < 0) | (given >= vocabulary))
    return torch.where((given == IGNORE) | has_none, ids, given), has_none


LogitsOf = Callable[[Tensor], Tensor]


def _run(model: PreTrainedModel, row: Tensor) -> tuple[Tensor, LogitsOf, Tensor | None]:
    """One forward pass over [1, T]: states of the T-1 positions that predict, how logits come of them, and W [V, d].

    Where the head is a plain matrix the states are its input and the logits are made later, a piece at a time; else the
    states are the logits themselves, and W is None.
    """
    name, tokens = type(model).__name__, row.shape[1]
    with border(lambda reason: source_error("model_forward", name=name, tokens=tokens, reason=reason)):
        try:
            return _forward(model, row)
        except IndexError:  # a table of learned positions is read beyond its end: as far as it goes, then
            context = _context(model)
            if context is None or tokens <= context:
                raise
            return _forward(model, row[:, :context])


def _forward(model: PreTrainedModel, row: Tensor) -> tuple[Tensor, LogitsOf, Tensor | None]:
    head = _head(model)
    if head is not None:
        states = _decoder(model)(input_ids=row, use_cache=False)[0][0]  # a tuple, or what can be read as one
        if _plain.get(model) is head or _is_plain(model, head, row, states):
            _plain[model] = head
            return states[:-1], head, head.weight
    return model(input_ids=row, use_cache=False)[0][0, :-1], lambda z: z, None


def _decoder(model: PreTrainedModel) -> Any:
    return model.get_decoder()


def _head(model: PreTrainedModel) -> Any:
    """The output layer where it is a plain matrix and no setting bends or scales its logits; else None."""
    head: Any = model.get_output_embeddings()
    bent = any(getattr(config, key, None) not in (None, 1, 1.0) for config in _configs(model) for key in BENT)
    decoder: Any = _decoder(model) if hasattr(model, "get_decoder") else None
    return None if bent or type(head) is not torch.nn.Linear or decoder in (None, model) else head


def _is_plain(model: PreTrainedModel, head: Any, row: Tensor, states: Tensor) -> bool:
    """Are the model's logits the head's? Tried on the first tokens: a model may bend them in its own code."""
    theirs = model(input_ids=row[:, :PROBED], use_cache=False)[0][0].float()
    ours = head(states[:PROBED]).float()
    if ours.shape != theirs.shape:
        return False
    tolerance = 1e-4 if head.weight.dtype in (torch.float32, torch.float64) else 3e-2
    # NaN is not larger: logits that are not finite are found and named later
    return not bool((ours - theirs).abs().max() > tolerance * theirs.abs().max())


def _columns(states: Tensor, logits_of: LogitsOf, ids: Tensor, weight: Tensor | None, top_k: int) -> list[Tensor]:
    """The columns of TokenLosses, in its order, for all T-1 predictions, on the CPU in float64."""
    pieces = list(_pieces(states, logits_of, ids[1 : len(states) + 1], weight, top_k))
    return [torch.cat(parts) for parts in zip(*pieces, strict=True)]


def _pieces(
    states: Tensor, logits_of: LogitsOf, targets: Tensor, weight: Tensor | None, top_k: int
) -> Iterator[list[Tensor]]:
    for rows in row_chunks(len(states), 1, _rows_at_once(logits_of(states[:1]).shape[-1])):
        # no name for the logits: the next piece would be made while it holds them
        columns = predictions(at_least_float32(logits_of(states[rows])), targets[rows], weight, top_k, rows.start)
        # to the CPU first: not every device has float64
        yield [column.cpu().double() if column.is_floating_point() else column.cpu() for column in columns]


def _rows_at_once(vocabulary: int) -> int:
    """Fewer, and a product reads the output matrix once for every few rows."""
    return max(1, NUMBERS // vocabulary, min(LEAST_ROWS, MOST_NUMBERS // vocabulary))


def _filled(column: Tensor, length: int) -> Tensor:
    """[N] or [N, k] -> [length, …]: NaN, or IGNORE for ids, where nothing was priced."""
    empty = math.nan if column.is_floating_point() else IGNORE
    return torch.cat([column, column.new_full((length - len(column), *column.shape[1:]), empty)])


def _nothing(length: int, top_k: int, vocabulary: int) -> TokenLosses:
    empty = torch.full((length,), math.nan, dtype=torch.float64)
    top = torch.full((length, min(top_k, vocabulary)), math.nan, dtype=torch.float64)
    ids = torch.full(top.shape, IGNORE)
    return TokenLosses(empty, empty, empty, empty, empty, empty, ids, top, vocabulary, 0)


def _vocabulary(model: PreTrainedModel) -> int:
    head: Any = model.get_output_embeddings() or model.get_input_embeddings()
    return int(head.weight.shape[0])


def _configs(model: PreTrainedModel) -> list[Any]:
    """The model's settings, and those of its text part where it reads pictures too."""
    nested = getattr(model.config, "text_config", None)
    return [model.config] if nested is None else [model.config, nested]


def _context(model: PreTrainedModel) -> int | None:
    """How many positions the model was made for, where it says so."""
    found = [getattr(config, "max_position_embeddings", None) for config in _configs(model)]
    return next((int(positions) for positions in found if positions), None)


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
