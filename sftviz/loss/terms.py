"""The terms that stand beside cross-entropy: what else a model is trained on, and who pulls how hard."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import (
    IGNORE,
    at_least_float32,
    best_precision,
    check_labels,
    check_pairs,
    check_tensors,
    first_place,
)
from sftviz.loss.losses import nll
from sftviz.loss.smoothing import smoothed_nll, target_shares


def info_nce(a: Tensor, b: Tensor, temperature: float = 0.07, both_ways: bool = True) -> Tensor:
    """Find the partner: -log softmax(cos(a_i, b_j) / temperature) at j = i, for every pair; [N, d], [N, d] -> [N] nats.

    A cross-entropy over the batch: its vocabulary are the N rows of b, all but the own partner negatives, so a larger
    batch is a harder question (log N for a guess, and 0 for a batch of one). Both ways is the mean of asking a for its
    b and b for its a. A duplicate in the batch is pushed away as if it were wrong. van den Oord et al. 2018; both ways:
    CLIP (Radford et al. 2021).

    >>> info_nce(torch.eye(2), torch.eye(2), temperature=1.0)  # cosines 1 and 0: log(1 + e^-1)
    tensor([0.3133, 0.3133])
    """
    cosine = _cosines(a, b, temperature)
    forth = _own_partner_nll(cosine)
    return (forth + _own_partner_nll(cosine.T)) / 2 if both_ways else forth


def partner_probabilities(a: Tensor, b: Tensor, temperature: float = 0.07) -> Tensor:
    """softmax over j of cos(a_i, b_j) / temperature: how surely each a picks each b; [N, d], [N, d] -> [N, N].

    >>> partner_probabilities(torch.eye(2), torch.eye(2), temperature=1.0)  # 1 and e^-1 to their sum
    tensor([[0.7311, 0.2689],
            [0.2689, 0.7311]])
    """
    return torch.softmax(_cosines(a, b, temperature), dim=-1)


def noisy_pairs(n: int, dimensions: int, noise: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """N pairs of vectors to play with: a is drawn, b is a with `noise` times as much drawn anew; -> [N, d], [N, d].

    The first rows stay the same for a larger N.

    >>> a, b = noisy_pairs(3, 2, 0.0, torch.Generator().manual_seed(0))
    >>> a.equal(b), a.shape
    (True, torch.Size([3, 2]))
    """
    rows = [torch.randn(2, dimensions, generator=generator, dtype=torch.float64) for _ in range(n)]
    drawn = torch.stack(rows)
    return drawn[:, 0], drawn[:, 0] + noise * drawn[:, 1]


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


def loss_shares(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> dict[str, float]:
    """How much each weighted loss brings to the sum: w_i L_i / sum_j |w_j L_j|; zeros where all are 0.

    A term that rewards (a negative weight) has a negative share: 1 and -1 cancel, and are not half of the sum each.

    >>> loss_shares({"a": torch.tensor(3.0), "b": torch.tensor(1.0)}, {"a": 1.0, "b": -1.0})
    {'a': 0.75, 'b': -0.25}
    """
    _check_terms(losses, weights)
    parts = {name: weights[name] * float(loss) for name, loss in losses.items()}
    total = sum(map(abs, parts.values()))
    return {name: part / total if total else 0.0 for name, part in parts.items()}


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
    share, probability = routing(router_logits, top_k)
    return router_logits.shape[1] * (share * probability.mean(0)).sum()


def load_balance_gradient(router_logits: Tensor, top_k: int = 1) -> Tensor:
    """d load_balance / d logits = (E / N) p_nk (f_k - sum_j p_nj f_j): [N, E] -> [N, E].

    >>> load_balance_gradient(torch.tensor([[0.0, 0.0]]))  # all to expert 0: 2 * 1/2 * (1 - 1/2), and back
    tensor([[ 0.5000, -0.5000]])
    """
    share, p = routing(router_logits, top_k)
    n, experts = router_logits.shape
    return experts / n * p * (share - (p * share).sum(-1, keepdim=True))


def routing(router_logits: Tensor, top_k: int = 1) -> tuple[Tensor, Tensor]:
    """f, the share of the tokens sent to each expert, and p, the router's probabilities: [N, E] -> [E], [N, E].

    >>> routing(torch.tensor([[0.0, 1.0986], [0.0, 1.0986]]))
    (tensor([0., 1.]), tensor([[0.2500, 0.7500],
            [0.2500, 0.7500]]))
    """
    if router_logits.dim() != 2 or not len(router_logits):
        raise ValueError(f"router logits {list(router_logits.shape)}: give [N, E] of at least one token")
    _check_rows(router_logits)
    experts = router_logits.shape[1]
    if not 1 <= top_k <= experts:
        raise ValueError(f"top_k {top_k} of {experts} experts; give 1 to {experts}")
    p = torch.softmax(at_least_float32(router_logits), dim=-1)
    sent = torch.bincount(p.topk(top_k, dim=-1).indices.flatten(), minlength=experts)
    return sent.to(p.dtype) / len(p), p


def skewed_router(tokens: int, experts: int, skew: float, generator: torch.Generator) -> Tensor:
    """Router logits to play with: drawn, and `skew` added to the first expert's; -> [N, E].

    >>> skewed_router(2, 3, 5.0, torch.Generator().manual_seed(0)).argmax(-1)
    tensor([0, 0])
    """
    logits = torch.randn(tokens, experts, generator=generator, dtype=torch.float64)
    logits[:, 0] += skew
    return logits


def class_weighted_nll(logits: Tensor, targets: Tensor, class_weights: Tensor, epsilon: float = 0.0) -> Tensor:
    """w_y (-log p_y) for every row, in nats; 0 where the target is IGNORE.

    logits [..., V], targets [...] lined up, class_weights [V] -> [...]. Its gradient on the logits is w_y (p - y).
    With label smoothing it is -sum_k q_k w_k log p_k, q the smoothed target: each token asked for brings its own
    weight, not the target's. F.cross_entropy(weight=…, label_smoothing=epsilon, reduction="none").

    >>> class_weighted_nll(torch.zeros(2, 4), torch.tensor([0, 3]), torch.tensor([1.0, 1.0, 1.0, 0.5]))
    tensor([1.3863, 0.6931])
    >>> class_weighted_nll(torch.zeros(1, 2), torch.tensor([0]), torch.tensor([1.0, 3.0]), epsilon=0.2)  # 1.2 log 2
    tensor([0.8318])
    """
    cost, weights = nll(logits, targets), _weight_of_rows(logits, targets, class_weights)
    weighted = torch.where(weights > 0, cost, 0.0) * weights  # a ruled-out target that weighs 0: inf times 0 is NaN
    if not epsilon:
        return weighted
    smoothed_nll(logits, targets, epsilon)  # its checks: epsilon, and a ruled-out token that smoothing asks for
    on_target, on_other = target_shares(epsilon, logits.shape[-1])
    everywhere = -(torch.log_softmax(at_least_float32(logits), dim=-1) * class_weights).sum(-1)
    return torch.where(targets == IGNORE, 0.0, (on_target - on_other) * weighted + on_other * everywhere)


def class_weighted_mean(logits: Tensor, targets: Tensor, class_weights: Tensor, epsilon: float = 0.0) -> Tensor:
    """The rows of `class_weighted_nll` / sum w_y -> scalar: torch divides by the targets' weights, not by the rows.

    So a batch of one class alone has the plain mean, whatever its weight; smoothed or not, the denominator is the same.
    F.cross_entropy(weight=…, label_smoothing=epsilon). Where nothing counts, or all that counts weighs 0, there torch
    gives NaN: here it is 0 with zero gradient and a warning, as in `reduce_nll`.

    >>> class_weighted_mean(torch.tensor([[0.0, 0.0], [0.0, 2.0]]), torch.tensor([0, 1]), torch.tensor([1.0, 3.0]))
    tensor(0.2685)
    """
    cost = class_weighted_nll(logits, targets, class_weights, epsilon)
    total = best_precision(_weight_of_rows(logits, targets, class_weights)).sum()
    if not total > 0:
        warnings.warn(
            f"{int((targets != IGNORE).sum())} targets count and weigh 0 together: a loss of 0 that teaches nothing",
            stacklevel=2,
        )
        return cost.sum() * 0
    return (best_precision(cost).sum() / total).to(cost.dtype)


def weighted_shares(targets: Tensor, class_weights: Tensor) -> Tensor:
    """What share of all weight each class has: targets [N], class_weights [V] -> [V]; zeros where nothing weighs.

    Also what a model learns to say that cannot tell the rows apart: of all constant predictions it costs least.

    >>> weighted_shares(torch.tensor([0, 0, 0, 1]), torch.tensor([1.0, 3.0]))
    tensor([0.5000, 0.5000])
    """
    check_labels(targets, vocabulary=len(class_weights))
    counted = targets[targets != IGNORE].long()
    weight = class_weights * torch.bincount(counted, minlength=len(class_weights))
    return weight / torch.where(weight.sum() > 0, weight.sum(), 1.0)


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


def _own_partner_nll(scores: Tensor) -> Tensor:
    """-log softmax(scores)_ii: [N, N] -> [N]. Not by `nll`, which would take cosines that add up to 1 for a softmax."""
    if not len(scores):
        return scores.sum(1)
    _check_rows(scores)
    return -torch.log_softmax(scores, dim=-1).diagonal()


def _cosines(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    if not 0 < temperature < float("inf"):
        raise ValueError(f"temperature {temperature} is not a positive number; CLIP starts at 0.07")
    if a.dim() != 2 or a.shape != b.shape:
        raise ValueError(f"a {list(a.shape)} and b {list(b.shape)} are no pairs; give [N, d] twice, row i beside row i")
    return _unit_rows(a, "a") @ _unit_rows(b, "b").T / temperature


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
    return sum(_size(gradient) ** 2 for gradient in found) ** 0.5


def _size(gradient: Tensor) -> float:
    """|g| summed in float64, without a copy in float64: a matrix of a whole vocabulary is large."""
    return float(torch.linalg.vector_norm(gradient, dtype=torch.float64))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _weight_of_rows(logits: Tensor, targets: Tensor, class_weights: Tensor) -> Tensor:
    check_tensors(class_weights=class_weights)
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


def _check_rows(logits: Tensor) -> None:
    check_pairs(logits, torch.full(logits.shape[:-1], IGNORE, device=logits.device))


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
class Term:
    """A row of TERMS: a loss beside cross-entropy, whose arguments are its own. value(…) -> rows or a scalar."""

    name: str
    title: str
    formula: str  # KaTeX
    gradient_formula: str
    meaning: str
    source: str
    value: Callable[..., Tensor]


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
