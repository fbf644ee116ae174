"""Other ways to ask about a text: how a row of tokens becomes a question, and who sees whom while it is answered."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import IGNORE, LABEL_TYPES, first_place, next_token_pairs

FATES = ("not chosen", "mask token", "random token", "left as it is")


@dataclass(frozen=True)
class Vocabulary:
    """What the objectives must know of a tokenizer: V, and the ids that stand for something other than text."""

    size: int
    mask_id: int  # stands for a hidden token
    sentinels: tuple[int, ...]  # stand for a hidden span each, and for the end of the targets
    special_ids: frozenset[int] = frozenset()  # never hidden: begin, end, padding, roles

    @classmethod
    def extended(cls, size: int, sentinels: int, special_ids: Collection[int] = ()) -> "Vocabulary":
        """A tokenizer's `size` ids, and behind them a token that hides, and sentinels, the last of them first as in T5.

        >>> Vocabulary.extended(100, 2)
        Vocabulary(size=103, mask_id=100, sentinels=(102, 101), special_ids=frozenset())
        """
        full = size + 1 + sentinels
        return cls(full, size, tuple(range(full - 1, size, -1)), frozenset(special_ids))


@dataclass(frozen=True)
class Example:
    """What is read and what is asked. inputs [T], labels [T]; of another length for a decoder that only answers."""

    inputs: Tensor
    labels: Tensor  # unshifted, IGNORE where nothing is asked


@dataclass(frozen=True)
class Lane:
    """What one stack reads at each of its positions, and what it is asked for there. Both [T]."""

    stack: str  # a row of STACKS
    read: Tensor
    asked: Tensor  # IGNORE where nothing is


@dataclass(frozen=True)
class MaskedTokens:
    """inputs, labels and fates, all of the shape of the ids. A fate is an index into FATES."""

    inputs: Tensor
    labels: Tensor
    fates: Tensor


STACKS = ("model", "encoder", "decoder")
ASKS = ("next", "own", "decoder")


def lanes(asks: str, example: Example, start_id: int) -> tuple[Lane, ...]:
    """An example as the network meets it: what is read, and above it what must come out at the same position.

    asks "next": position t is asked for label t+1; "own": for label t; "decoder": an encoder reads the inputs, and a
    decoder, which begins with start_id, writes the labels. Shares, shapes and losses follow from this.

    >>> example = corrupt_spans(torch.tensor([1, 2, 3, 4, 5]), [(1, 3)], [99, 98])
    >>> [(lane.stack, lane.read.tolist(), lane.asked.tolist()) for lane in lanes("decoder", example, start_id=0)][1]
    ('decoder', [0, 99, 2, 3], [99, 2, 3, 98])
    """
    if asks not in ASKS:
        raise ValueError(f"asks {asks!r} is unknown; use one of {', '.join(ASKS)}")
    nothing = torch.full((1,), IGNORE)
    if asks == "own":
        return (Lane("model", example.inputs, example.labels),)
    if asks == "next":
        _, targets = next_token_pairs(torch.zeros(1, len(example.labels), 1), example.labels.unsqueeze(0))
        return (Lane("model", example.inputs, torch.cat([targets[0], nothing])),)
    begun = torch.cat([torch.tensor([start_id]), example.labels[:-1]])
    return (
        Lane("encoder", example.inputs, nothing.expand(len(example.inputs))),
        Lane("decoder", begun, example.labels),
    )


def asked_count(made: Sequence[Lane], vocabulary: Vocabulary) -> int:
    """How many tokens of the text are asked for; sentinels are asked for too, and do not count.

    >>> example = corrupt_spans(torch.tensor([1, 2, 3, 4, 5]), [(1, 3)], [99, 98])
    >>> asked_count(lanes("decoder", example, 0), Vocabulary(100, 97, (99, 98)))
    2
    """
    not_text = torch.tensor([IGNORE, *vocabulary.sentinels])
    return sum(int((~torch.isin(lane.asked, not_text)).sum()) for lane in made)


def prefix_labels(ids: Tensor, prefix_lengths: Tensor, is_padding: Tensor | None = None) -> Tensor:
    """Labels of a prefix LM: ids [B, T], prefix_lengths [B] int, is_padding [B, T] bool -> labels [B, T] int64.

    The prefix is read both ways (attention full on it, causal after it), so a prefix token may already have seen the
    next one: it asks nothing. Lengths count tokens, not padding on the left. UniLM (Dong et al. 2019), Raffel et al.
    2020, section 3.2.

    >>> prefix_labels(torch.tensor([[5, 6, 7, 8]]), torch.tensor([2]))
    tensor([[-100, -100,    7,    8]])
    """
    _check_ids(ids, None)
    is_padding = torch.zeros_like(ids, dtype=torch.bool) if is_padding is None else is_padding
    _check_prefix_shapes(ids, prefix_lengths, is_padding)
    is_token = ~is_padding
    wrong = (prefix_lengths < 0) | (prefix_lengths > is_token.sum(1))
    if wrong.any():
        row = first_place(wrong)[0]
        raise ValueError(
            f"prefix length {int(prefix_lengths[row])} of row {row}, which has {int(is_token[row].sum())} tokens; "
            "give 0 (plain causal) up to all of them (nothing supervised)"
        )
    after = is_token.cumsum(1) > prefix_lengths.unsqueeze(1)
    return torch.where(is_token & after, ids.long(), IGNORE)


def random_spans(
    length: int, generator: torch.Generator, density: float = 0.15, mean_span: float = 3.0
) -> list[tuple[int, int]]:
    """Spans [start, end) to take out of a row of `length` tokens, T5's way: kept and lost pieces alternate.

    round(length density) tokens are lost in round(lost / mean_span) spans, at least one token and one span, at most
    what leaves a kept token before every span. A row begins kept and ends lost. Raffel et al. 2020, section 3.1.4.

    >>> random_spans(10, torch.Generator().manual_seed(0), density=0.3, mean_span=1.5)
    [(3, 5), (9, 10)]
    """
    if length < 2:
        raise ValueError(f"{length} tokens cannot be kept and lost at once; give a row of at least 2")
    if not 0 < density < 1 or not 1 <= mean_span < float("inf"):
        raise ValueError(f"density {density} and mean_span {mean_span}: give a share between 0 and 1, and at least 1")
    lost = min(max(round(length * density), 1), length - 1)
    count = min(max(round(lost / mean_span), 1), length - lost)
    spans: list[tuple[int, int]] = []
    at = 0
    for kept, gone in zip(_pieces(length - lost, count, generator), _pieces(lost, count, generator), strict=True):
        spans.append((at + kept, at + kept + gone))
        at += kept + gone
    return spans


def corrupt_spans(ids: Tensor, spans: Collection[tuple[int, int]], sentinels: Sequence[int]) -> Example:
    """Span corruption: each span becomes a sentinel in the inputs; the targets list what every sentinel stands for.

    ids [T], spans [start, end) -> inputs [T - lost + S], labels [lost + S + 1], with a last sentinel as the end. An
    encoder reads the inputs, a decoder writes the labels; T5 closes both with </s>. T5's sentinels go downward from
    the last id. Raffel et al. 2020, figure 2.

    >>> corrupt_spans(torch.tensor([1, 2, 3, 4, 5]), [(1, 3)], [99, 98])
    Example(inputs=tensor([ 1, 99,  4,  5]), labels=tensor([99,  2,  3, 98]))
    """
    _check_ids(ids, None)
    _check_spans(ids, spans)
    row = [int(token) for token in ids]
    _check_sentinels(row, sentinels, len(spans))
    inputs: list[int] = []
    labels: list[int] = []
    done = 0
    for sentinel, (start, end) in zip(sentinels, sorted(spans), strict=False):
        inputs += [*row[done:start], sentinel]
        labels += [sentinel, *row[start:end]]
        done = end
    inputs += row[done:]
    labels.append(sentinels[len(spans)])
    return Example(
        torch.tensor(inputs, dtype=torch.long, device=ids.device),
        torch.tensor(labels, dtype=torch.long, device=ids.device),
    )


def mask_tokens(
    ids: Tensor,
    vocabulary: Vocabulary,
    generator: torch.Generator,
    rate: float = 0.15,
    hidden: float = 0.8,
    replaced: float = 0.1,
) -> MaskedTokens:
    """Masked LM: of the chosen tokens 80% become the mask token, 10% a random one, 10% stay; all are asked for.

    ids [...] -> inputs, labels, fates [...]. Labels are lined up: position t is asked for token t itself, so the cost
    is `nll(logits, labels)` without a shift. Some stay or change at random because no mask token occurs later, in use.
    The random token is any id, special ones included. A short row may have nothing chosen. Devlin et al. 2019; a seed
    draws what it draws in transformers' DataCollatorForLanguageModeling.

    >>> vocabulary = Vocabulary(size=9, mask_id=8, sentinels=(), special_ids=frozenset({0}))
    >>> made = mask_tokens(torch.tensor([0, 5, 6, 7]), vocabulary, torch.Generator().manual_seed(3), rate=1.0)
    >>> made.inputs.tolist(), made.labels.tolist(), [FATES[fate] for fate in made.fates.tolist()][:2]
    ([0, 8, 8, 8], [-100, 5, 6, 7], ['not chosen', 'mask token'])
    """
    _check_rates(rate, hidden, replaced)
    _check_ids(ids, vocabulary.size)
    if not 0 <= vocabulary.mask_id < vocabulary.size:
        raise ValueError(f"mask_id {vocabulary.mask_id} is no id: V = {vocabulary.size}")
    specials = torch.tensor(sorted(vocabulary.special_ids), dtype=torch.long)
    ids = ids.long()
    may_be_chosen = ~torch.isin(ids, specials.to(ids.device))

    def draw(share: float) -> Tensor:
        return torch.bernoulli(torch.full(ids.shape, share), generator=generator).bool().to(ids.device)

    # bernoulli(0) consumes the generator as bernoulli(rate) does, so special tokens can be struck out afterwards
    chosen = draw(rate) & may_be_chosen
    is_hidden = chosen & draw(hidden)
    is_replaced = chosen & ~is_hidden & draw(min(1.0, replaced / (1 - hidden)) if hidden < 1 else 0.0)
    words = torch.randint(vocabulary.size, ids.shape, generator=generator).to(ids.device)
    inputs = torch.where(is_replaced, words, torch.where(is_hidden, vocabulary.mask_id, ids))
    fates = torch.where(is_replaced, 2, torch.where(is_hidden, 1, torch.where(chosen, 3, 0)))
    return MaskedTokens(inputs, torch.where(chosen, ids, IGNORE), fates)


def _pieces(total: int, parts: int, generator: torch.Generator) -> list[int]:
    """Lengths of `parts` pieces of at least 1 that make up `total`, every way to cut equally likely."""
    cuts = torch.randperm(total - 1, generator=generator)[: parts - 1].sort().values + 1
    edges = [0, *(int(cut) for cut in cuts), total]
    return [end - start for start, end in pairwise(edges)]


def _check_ids(ids: Tensor, vocabulary: int | None) -> None:
    if ids.dtype not in LABEL_TYPES:
        raise ValueError(f"ids are {ids.dtype}; give int64")
    wrong = (ids < 0) if vocabulary is None else (ids < 0) | (ids >= vocabulary)
    if wrong.any():
        place = first_place(wrong)
        v = "" if vocabulary is None else f": V = {vocabulary}"
        raise ValueError(f"id {int(ids[tuple(place)])} at {place} is no token{v}; give ids, not labels")


def _check_prefix_shapes(ids: Tensor, prefix_lengths: Tensor, is_padding: Tensor) -> None:
    lengths_fit = ids.dim() == 2 and prefix_lengths.shape == ids.shape[:1] and prefix_lengths.dtype in LABEL_TYPES
    if not lengths_fit or is_padding.shape != ids.shape or is_padding.dtype != torch.bool:
        raise ValueError(
            f"ids {list(ids.shape)}, prefix_lengths {prefix_lengths.dtype} {list(prefix_lengths.shape)} and is_padding "
            f"{is_padding.dtype} {list(is_padding.shape)} do not go together; give [B, T], [B] int and [B, T] bool"
        )


def _check_spans(ids: Tensor, spans: Collection[tuple[int, int]]) -> None:
    if ids.dim() != 1:
        raise ValueError(f"ids {list(ids.shape)}: spans are of one row; give [T]")
    done = 0
    for start, end in sorted(spans):
        if not done <= start < end <= len(ids):
            raise ValueError(
                f"span ({start}, {end}) is empty, overlaps another or leaves the row of {len(ids)} tokens; give "
                "[start, end)"
            )
        done = end


def _check_sentinels(row: Sequence[int], sentinels: Sequence[int], spans: int) -> None:
    legal = {sentinel for sentinel in sentinels if sentinel >= 0}
    if len(legal) < max(len(sentinels), spans + 1):
        raise ValueError(
            f"{len(sentinels)} sentinels, {len(legal)} of them different ids, for {spans} spans; give {spans + 1}: the "
            "last ends the targets"
        )
    used = sorted(set(row) & set(sentinels))
    if used:
        raise ValueError(f"sentinel {used[0]} is in the text at {list(row).index(used[0])}: what it stands for is lost")


def _check_rates(rate: float, hidden: float, replaced: float) -> None:
    together = round(hidden + replaced, 9)
    shares = {"rate": rate, "hidden": hidden, "replaced": replaced, "hidden + replaced": together}
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"{name} {share} is no share; it must be in [0, 1]")


@dataclass(frozen=True)
class Objective:
    """A row of OBJECTIVES: how a row of tokens is turned into a question. make(ids [T], vocabulary, generator)."""

    name: str
    title: str
    formula: str  # KaTeX; x: the text, x with a tilde: what is left of it, y: what the decoder writes
    attention: str  # who sees whom
    asks: str  # a row of ASKS
    predicts: str  # what position t is asked for
    meaning: str
    source: str
    make: Callable[[Tensor, Vocabulary, torch.Generator], Example]


def _causal(ids: Tensor, vocabulary: Vocabulary, generator: torch.Generator) -> Example:
    _check_ids(ids, vocabulary.size)
    return Example(ids, ids.long())


def _prefix(ids: Tensor, vocabulary: Vocabulary, generator: torch.Generator) -> Example:
    _check_ids(ids, vocabulary.size)
    if ids.dim() != 1 or len(ids) < 2:
        raise ValueError(f"ids {list(ids.shape)} have no prefix and rest; give one row of at least 2 tokens")
    prefix = torch.randint(1, len(ids), (1,), generator=generator).to(ids.device)
    return Example(ids, prefix_labels(ids.unsqueeze(0), prefix)[0])


def _spans(ids: Tensor, vocabulary: Vocabulary, generator: torch.Generator) -> Example:
    _check_ids(ids, vocabulary.size)
    return corrupt_spans(ids, random_spans(ids.numel(), generator), vocabulary.sentinels)


def _masked(ids: Tensor, vocabulary: Vocabulary, generator: torch.Generator) -> Example:
    made = mask_tokens(ids, vocabulary, generator)
    return Example(made.inputs, made.labels)


OBJECTIVES = {
    row.name: row
    for row in (
        Objective(
            "causal_lm",
            "Causal language model",
            r"-\sum_t \log p(x_{t+1} \mid x_{\le t})",
            "causal",
            "next",
            "the next token",
            "every token is asked for once, from what stands before it: nothing of the text is lost to the question",
            "Radford et al. 2018",
            _causal,
        ),
        Objective(
            "prefix_lm",
            "Prefix language model",
            r"-\sum_{t \ge m} \log p(x_{t+1} \mid x_{\le t}),\ m \text{ the length of the prefix}",
            "full on the prefix, causal after it",
            "next",
            "the next token, after the prefix",
            "the prompt is read both ways and asks nothing; only what follows is a target",
            "Dong et al. 2019; Raffel et al. 2020",
            _prefix,
        ),
        Objective(
            "span_corruption",
            "Span corruption",
            r"-\sum_t \log p(y_{t+1} \mid y_{\le t}, \tilde x)",
            "encoder full, decoder causal and on the encoder",
            "decoder",
            "the decoder's next token",
            "15% of the text is taken out in spans of three; the decoder writes only those, so targets are short",
            "T5, Raffel et al. 2020",
            _spans,
        ),
        Objective(
            "masked_lm",
            "Masked language model, 80/10/10",
            r"-\sum_{t \in M} \log p(x_t \mid \tilde x)",
            "full",
            "own",
            "the token at its own place",
            "15% of the tokens are asked for, each from both sides; the others cost a forward pass and teach nothing",
            "BERT, Devlin et al. 2019",
            _masked,
        ),
    )
}
