"""What else a model is trained on: other ways to ask about a text, and the terms that stand beside cross-entropy."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import IGNORE, LABEL_TYPES, at_least_float32, check_pairs, first_place
from sftviz.loss.losses import nll

FATES = ("not chosen", "mask token", "random token", "left as it is")


@dataclass(frozen=True)
class Vocabulary:
    """What the objectives must know of a tokenizer: V, and the ids that stand for something other than text."""

    size: int
    mask_id: int  # stands for a hidden token
    sentinels: tuple[int, ...]  # stand for a hidden span each, and for the end of the targets
    special_ids: frozenset[int] = frozenset()  # never hidden: begin, end, padding, roles


@dataclass(frozen=True)
class Example:
    """What is read and what is asked. inputs [T], labels [T]; of another length for a decoder that only answers."""

    inputs: Tensor
    labels: Tensor  # unshifted, IGNORE where nothing is asked


@dataclass(frozen=True)
class MaskedTokens:
    """inputs, labels and fates, all of the shape of the ids. A fate is an index into FATES."""

    inputs: Tensor
    labels: Tensor
    fates: Tensor


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


def info_nce(a: Tensor, b: Tensor, temperature: float = 0.07, both_ways: bool = True) -> Tensor:
    """Find the partner: -log softmax(cos(a_i, b_j) / temperature) at j = i, for every pair; [N, d], [N, d] -> [N] nats.

    A cross-entropy over the batch: its vocabulary are the N rows of b, all but the own partner negatives, so a larger
    batch is a harder question (log N for a guess, and 0 for a batch of one). Both ways is the mean of asking a for its
    b and b for its a. A duplicate in the batch is pushed away as if it were wrong. van den Oord et al. 2018; both ways:
    CLIP (Radford et al. 2021).

    >>> info_nce(torch.eye(2), torch.eye(2), temperature=1.0)  # cosines 1 and 0: log(1 + e^-1)
    tensor([0.3133, 0.3133])
    """
    if not 0 < temperature < float("inf"):
        raise ValueError(f"temperature {temperature} is not a positive number; CLIP starts at 0.07")
    if a.dim() != 2 or a.shape != b.shape:
        raise ValueError(f"a {list(a.shape)} and b {list(b.shape)} are no pairs; give [N, d] twice, row i beside row i")
    cosine = _unit_rows(a, "a") @ _unit_rows(b, "b").T / temperature
    partner = torch.arange(len(a), device=a.device)
    forth = nll(cosine, partner) if len(a) else cosine.sum(1)
    return (forth + nll(cosine.T, partner)) / 2 if both_ways and len(a) else forth


def weighted_sum(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """sum_i w_i L_i of named scalar losses -> scalar. A negative weight rewards, as with an entropy bonus.

    The weights fix what a loss is worth, not how hard it pulls: see `gradient_shares`.

    >>> weighted_sum({"lm": torch.tensor(2.0), "balance": torch.tensor(1.0)}, {"lm": 1.0, "balance": 0.01})
    tensor(2.0100)
    """
    _check_terms(losses, weights)
    return torch.stack([weights[name] * at_least_float32(loss) for name, loss in losses.items()]).sum()


def gradient_shares(
    losses: Mapping[str, Tensor], weights: Mapping[str, float], parameters: Sequence[Tensor]
) -> dict[str, float]:
    """How much of the pull on the parameters each loss has: |w_i g_i| / sum_j |w_j g_j|; zeros where nothing pulls.

    g_i is the gradient of L_i over all parameters together. A hundredth of the loss may have most of the pull. The
    graph is kept, so that backward still works.

    >>> w = torch.tensor(1.0, requires_grad=True)
    >>> gradient_shares({"a": 100 + w, "b": 3 * w}, {"a": 1.0, "b": 1.0}, [w])
    {'a': 0.25, 'b': 0.75}
    """
    _check_terms(losses, weights)
    pulls = {name: abs(weights[name]) * _gradient_size(loss, parameters) for name, loss in losses.items()}
    total = sum(pulls.values())
    return {name: pull / total if total else 0.0 for name, pull in pulls.items()}


def load_balance(router_logits: Tensor, top_k: int = 1) -> Tensor:
    """Load balance of a mixture of experts: E sum_i f_i P_i; router logits [N, E] of N tokens -> scalar.

    f_i: share of the tokens sent to expert i, P_i: mean probability the router gives it. 1 when f or P is even over the
    experts, E when everything goes surely to one. 1 is the least as long as the expert with more tokens has more
    probability too; not always: f counts and P averages, so an expert that wins narrowly and loses clearly brings it
    below (three tokens at 0.51 and one at 0 give 0.8825). f has no gradient, all of it comes through P. Leave padding
    out. Switch (Fedus et al. 2021), eq. 4-6; with top_k > 1 f adds up to top_k, as in transformers.

    >>> load_balance(torch.tensor([[0.0, 9.0], [9.0, 0.0]])), load_balance(torch.tensor([[0.0, 99.0], [0.0, 99.0]]))
    (tensor(1.), tensor(2.))
    """
    share, probability = _routing(router_logits, top_k)
    return router_logits.shape[1] * (share * probability.mean(0)).sum()


def load_balance_gradient(router_logits: Tensor, top_k: int = 1) -> Tensor:
    """d load_balance / d logits = (E / N) p_nk (f_k - sum_j p_nj f_j): [N, E] -> [N, E].

    >>> load_balance_gradient(torch.tensor([[0.0, 0.0]]))  # all to expert 0: 2 * 1/2 * (1 - 1/2), and back
    tensor([[ 0.5000, -0.5000]])
    """
    share, p = _routing(router_logits, top_k)
    n, experts = router_logits.shape
    return experts / n * p * (share - (p * share).sum(-1, keepdim=True))


def class_weighted_nll(logits: Tensor, targets: Tensor, class_weights: Tensor) -> Tensor:
    """w_y (-log p_y) for every row, in nats; 0 where the target is IGNORE.

    logits [..., V], targets [...] lined up, class_weights [V] -> [...]. Its gradient on the logits is w_y (p - y).
    F.cross_entropy(weight=…, reduction="none").

    >>> class_weighted_nll(torch.zeros(2, 4), torch.tensor([0, 3]), torch.tensor([1.0, 1.0, 1.0, 0.5]))
    tensor([1.3863, 0.6931])
    """
    cost, weights = nll(logits, targets), _weight_of_rows(logits, targets, class_weights)
    return torch.where(weights > 0, cost, 0.0) * weights  # a ruled-out target that weighs 0: inf times 0 is NaN


def class_weighted_mean(logits: Tensor, targets: Tensor, class_weights: Tensor) -> Tensor:
    """sum w_y (-log p_y) / sum w_y -> scalar: F.cross_entropy(weight=…), which divides by the weights, not the rows.

    So a batch of one class alone has the plain mean, whatever its weight. Where nothing counts, or all that counts
    weighs 0, it is 0 with zero gradient, as in `reduce_nll`.

    >>> class_weighted_mean(torch.tensor([[0.0, 0.0], [0.0, 2.0]]), torch.tensor([0, 1]), torch.tensor([1.0, 3.0]))
    tensor(0.2685)
    """
    cost = class_weighted_nll(logits, targets, class_weights)
    total = _weight_of_rows(logits, targets, class_weights).double().sum()
    return (cost.double().sum() / torch.where(total > 0, total, 1.0)).to(cost.dtype)


def prediction_entropy(logits: Tensor) -> Tensor:
    """H(softmax(z)) = -sum p log p: [..., V] -> [...] nats. A ruled-out token (-inf) adds nothing, in the gradient too.

    >>> prediction_entropy(torch.zeros(1, 4))  # log 4
    tensor([1.3863])
    """
    _check_rows(logits)
    p, log_p = _p_and_log_p(logits)
    return -(p * log_p).sum(-1)


def entropy_gradient(logits: Tensor) -> Tensor:
    """dH/dz_k = -p_k (log p_k + H): [..., V] -> [..., V]. Zero for the even and for the certain prediction.

    >>> entropy_gradient(torch.tensor([[0.0, 1.0986]]))  # p = 1/4, 3/4: 3/16 log 3 up, and down
    tensor([[ 0.2060, -0.2060]])
    """
    _check_rows(logits)
    p, log_p = _p_and_log_p(logits)
    return -p * (log_p - (p * log_p).sum(-1, keepdim=True))


def entropy_bonus(logits: Tensor, targets: Tensor, beta: float) -> Tensor:
    """-log p_y - beta H(p): cross-entropy that pays for being undecided; [..., V], [...] -> [...] nats; 0 where IGNORE.

    Its gradient is p - y - beta dH/dz. May be negative. Williams and Peng 1991 (policy gradients); Pereyra et al. 2017
    (language models, as confidence penalty).

    >>> entropy_bonus(torch.zeros(1, 4), torch.tensor([2]), 0.1)  # 0.9 log 4
    tensor([1.2477])
    """
    if not isfinite(beta):
        raise ValueError(f"beta {beta} is not finite; 0 is plain cross-entropy, 0.01 to 0.1 is usual")
    cost = nll(logits, targets) - beta * prediction_entropy(logits)
    return torch.where(targets == IGNORE, torch.zeros_like(cost), cost)


def _pieces(total: int, parts: int, generator: torch.Generator) -> list[int]:
    """Lengths of `parts` pieces of at least 1 that make up `total`, every way to cut equally likely."""
    cuts = torch.randperm(total - 1, generator=generator)[: parts - 1].sort().values + 1
    edges = [0, *(int(cut) for cut in cuts), total]
    return [end - start for start, end in pairwise(edges)]


def _unit_rows(vectors: Tensor, name: str) -> Tensor:
    values = at_least_float32(vectors)
    norms = values.square().sum(-1, keepdim=True).sqrt()
    wrong = ((norms == 0) | ~torch.isfinite(norms)).squeeze(-1)
    if wrong.any():
        row = first_place(wrong)[0]
        raise ValueError(f"row {row} of {name} has length {float(norms[row])}: it points nowhere, so no cosine")
    return values / norms


def _gradient_size(loss: Tensor, parameters: Sequence[Tensor]) -> float:
    if not loss.requires_grad:
        return 0.0
    found = torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)
    return sum(float(gradient.double().square().sum()) for gradient in found) ** 0.5


def _routing(router_logits: Tensor, top_k: int) -> tuple[Tensor, Tensor]:
    """f [E] and p [N, E]."""
    if router_logits.dim() != 2 or not len(router_logits):
        raise ValueError(f"router logits {list(router_logits.shape)}: give [N, E] of at least one token")
    _check_rows(router_logits)
    experts = router_logits.shape[1]
    if not 1 <= top_k <= experts:
        raise ValueError(f"top_k {top_k} of {experts} experts; give 1 to {experts}")
    p = torch.softmax(at_least_float32(router_logits), dim=-1)
    sent = torch.bincount(p.topk(top_k, dim=-1).indices.flatten(), minlength=experts)
    return sent.to(p.dtype) / len(p), p


def _weight_of_rows(logits: Tensor, targets: Tensor, class_weights: Tensor) -> Tensor:
    if class_weights.shape != logits.shape[-1:] or not class_weights.is_floating_point():
        raise ValueError(
            f"class_weights {class_weights.dtype} {list(class_weights.shape)}: give one float for each of V = "
            f"{logits.shape[-1]} tokens"
        )
    wrong = (class_weights < 0) | ~torch.isfinite(class_weights)
    if wrong.any():
        place = first_place(wrong)
        raise ValueError(f"class weight {float(class_weights[place[0]])} of token {place[0]}; give 0 or more, finite")
    weights = class_weights[targets.long().clamp(min=0)]
    return torch.where(targets == IGNORE, torch.zeros_like(weights), weights)


def _p_and_log_p(logits: Tensor) -> tuple[Tensor, Tensor]:
    log_p = torch.log_softmax(at_least_float32(logits), dim=-1)
    # 0 log 0 is 0; the product would be NaN, and so would its gradient if log p were only replaced afterwards
    return log_p.exp(), torch.where(torch.isneginf(log_p), torch.zeros_like(log_p), log_p)


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


def _check_rows(logits: Tensor) -> None:
    check_pairs(logits, torch.full(logits.shape[:-1], IGNORE, device=logits.device))


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


def _check_terms(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> None:
    if not losses or set(losses) != set(weights):
        raise ValueError(
            f"losses {', '.join(losses) or 'none'} and weights {', '.join(weights) or 'none'} differ; give every loss "
            "a weight, 0 to leave it out"
        )
    for name, loss in losses.items():
        if loss.dim() or not torch.isfinite(loss):
            value = f"of shape {list(loss.shape)}" if loss.dim() else float(loss)
            raise ValueError(f"loss {name!r} is {value}, so the sum is no loss; give finite scalars")
        if not isfinite(weights[name]):
            raise ValueError(f"weight {weights[name]} of loss {name!r} is not finite")


@dataclass(frozen=True)
class Objective:
    """A row of OBJECTIVES: how a row of tokens is turned into a question. make(ids [T], vocabulary, generator)."""

    name: str
    title: str
    formula: str  # KaTeX; x: the text, x with a tilde: what is left of it, y: what the decoder writes
    attention: str  # who sees whom
    predicts: str  # what position t is asked for
    meaning: str
    source: str
    make: Callable[[Tensor, Vocabulary, torch.Generator], Example]


@dataclass(frozen=True)
class Term:
    """A row of TERMS: a loss beside cross-entropy, whose arguments are its own. value(…) -> rows or a scalar."""

    name: str
    title: str
    formula: str  # KaTeX
    gradient_formula: str
    meaning: str
    source: str
    value: Callable[..., Tensor]


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
            "the token at its own place",
            "15% of the tokens are asked for, each from both sides; the others cost a forward pass and teach nothing",
            "BERT, Devlin et al. 2019",
            _masked,
        ),
    )
}

TERMS = {
    row.name: row
    for row in (
        Term(
            "info_nce",
            "InfoNCE",
            r"-\log \frac{e^{s_{ii} / \tau}}{\sum_j e^{s_{ij} / \tau}},\ s_{ij} = \cos(a_i, b_j)",
            r"\partial / \partial s_{ij} = (p_{ij} - [i = j]) / \tau",
            "cross-entropy over the batch: the partner among all others",
            "van den Oord et al. 2018; CLIP, Radford et al. 2021",
            info_nce,
        ),
        Term(
            "weighted_sum",
            "Weighted sum of losses",
            r"\sum_i w_i L_i",
            r"\sum_i w_i \nabla L_i",
            "weights are worth in nats; what pulls is the weighted gradient",
            "multi-task learning, Caruana 1997",
            weighted_sum,
        ),
        Term(
            "load_balance",
            "Load balance of experts",
            r"E \sum_i f_i P_i",
            r"\tfrac{E}{N} p_{nk} \big(f_k - \sum_j p_{nj} f_j\big)",
            "pushes probability away from the experts that get most tokens; 1 when even",
            "Switch Transformer, Fedus et al. 2021",
            load_balance,
        ),
        Term(
            "class_weights",
            "Class weights",
            r"\frac{\sum_n w_{y_n} \ell_n}{\sum_n w_{y_n}}",
            r"w_y (p - y) / \textstyle\sum_n w_{y_n}",
            "some tokens count more; the mean divides by the weights, not the rows",
            "torch.nn.functional.cross_entropy(weight=…)",
            class_weighted_mean,
        ),
        Term(
            "entropy_bonus",
            "Entropy bonus",
            r"-\log p_y - \beta H(p)",
            r"p_k - y_k + \beta p_k (\log p_k + H)",
            "pays for being undecided, so the prediction does not collapse onto one token",
            "Williams and Peng 1991; Pereyra et al. 2017",
            entropy_bonus,
        ),
    )
}
