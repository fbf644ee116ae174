"""Who may look at whom: causal, padded, prefix, packed, sliding window, and their combinations.

Everywhere True means "may attend": rows are queries, columns are keys, as torch's scaled_dot_product_attention takes it
(torch.nn.MultiheadAttention means the opposite). Combining two rules is `&`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


def causal(length: int) -> Tensor:
    """Every token sees itself and what came before: j <= i. -> [T, T] bool.

    >>> causal(3).int()
    tensor([[1, 0, 0],
            [1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    i, j = _positions(length)
    return j <= i


def sliding_window(length: int, window: int) -> Tensor:
    """Causal, and no further back than the last `window` tokens, the token itself included: i - window < j <= i.

    >>> sliding_window(4, 2).int()[3]
    tensor([0, 0, 1, 1], dtype=torch.int32)
    """
    if window < 1:
        raise ValueError(f"window {window} would hide a token from itself; give at least 1")
    i, j = _positions(length)
    return (j <= i) & (j > i - window)


def prefix(length: int, prefix_length: int) -> Tensor:
    """Full attention within the prefix, causal after it: j <= i or j in the prefix. Raffel et al. 2020.

    >>> prefix(4, 2).int()
    tensor([[1, 1, 0, 0],
            [1, 1, 0, 0],
            [1, 1, 1, 0],
            [1, 1, 1, 1]], dtype=torch.int32)
    """
    if not 0 <= prefix_length <= length:
        raise ValueError(f"prefix of {prefix_length} tokens does not fit a row of {length}")
    i, j = _positions(length)
    return (j <= i) | (j < prefix_length)


def full(length: int) -> Tensor:
    """Every token sees every token, as in an encoder: [T, T] bool. Under a next-token loss it shows the answer."""
    return torch.ones(length, length, dtype=torch.bool)


def diagonal(length: int) -> Tensor:
    """Every token sees itself alone: attention cut, nothing travels between positions."""
    return torch.eye(length, dtype=torch.bool)


def packed(document_ids: Tensor) -> Tensor:
    """Causal within a document, nothing across: [.., T] int -> [.., T, T] bool. Block-diagonal where packed in order.

    >>> packed(torch.tensor([0, 0, 1])).int()
    tensor([[1, 0, 0],
            [1, 1, 0],
            [0, 0, 1]], dtype=torch.int32)
    """
    same = document_ids.unsqueeze(-1) == document_ids.unsqueeze(-2)
    return same & causal(document_ids.shape[-1]).to(same.device)


def documents_from_cu_seqlens(cu_seqlens: Tensor) -> Tensor:
    """Which document each token belongs to, from the boundaries FlashAttention takes: [documents + 1] -> [T].

    >>> documents_from_cu_seqlens(torch.tensor([0, 3, 5]))
    tensor([0, 0, 0, 1, 1])
    """
    lengths = cu_seqlens.diff()
    if cu_seqlens.dim() != 1 or not len(cu_seqlens) or int(cu_seqlens[0]) or (lengths < 0).any():
        raise ValueError(f"cu_seqlens {cu_seqlens.tolist()} must start at 0 and never fall")
    return torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths)


def documents_from_positions(position_ids: Tensor) -> Tensor:
    """Which document each token belongs to, from positions that restart at 0: [.., T] -> [.., T].

    Wherever a position is not the one before plus one, a new document begins.

    >>> documents_from_positions(torch.tensor([0, 1, 2, 0, 1]))
    tensor([0, 0, 0, 1, 1])
    """
    starts = position_ids[..., 1:] != position_ids[..., :-1] + 1
    first = torch.zeros_like(position_ids[..., :1], dtype=torch.bool)
    return torch.cat([first, starts], dim=-1).cumsum(-1)


def without_padding(may_attend: Tensor, is_padding: Tensor) -> Tensor:
    """The rule, with padding seen by nobody: [T, T] or [B, T, T], is_padding [B, T] -> [B, T, T] bool.

    A padding row on the left of everything then sees nothing at all: `weights` gives it zeros, a plain softmax NaN.
    A bool attention mask has the same shape and type and means the opposite. From the flags alone that cannot be known;
    what can is refused: a batch with a row of nothing but padding, and none without any. (A batch padded to its longest
    row has one without padding, whose attention mask is all True.)
    """
    if is_padding.dtype != torch.bool:
        raise ValueError(
            f"is_padding is {is_padding.dtype}; give bool, True on padding (attention_mask == 0 of a tokenizer)"
        )
    rows = is_padding.reshape(-1, is_padding.shape[-1])
    if rows.numel() and rows.all(-1).any() and rows.any(-1).all():
        raise ValueError(
            f"row {int(rows.all(-1).nonzero()[0])} of is_padding is True everywhere, and no row is without padding: is "
            "this an attention mask? give attention_mask == 0"
        )
    return may_attend & ~is_padding.unsqueeze(-2)


def as_heads(may_attend: Tensor) -> Tensor:
    """[T, T] or [B, T, T] -> [1 or B, 1, T, T]: the shape that SDPA and transformers broadcast over heads."""
    batched = may_attend if may_attend.dim() == 3 else may_attend.unsqueeze(0)
    return batched.unsqueeze(1)


def additive(may_attend: Tensor, dtype: torch.dtype = torch.float32, *, finite: bool = True) -> Tensor:
    """What is added to the scores before softmax: 0 where one may attend, else the type's lowest number, or -inf.

    transformers takes the lowest number: a row that sees nothing then stays finite (and uniform), where -inf gives NaN.

    >>> additive(causal(2), finite=False)
    tensor([[0., -inf],
            [0., 0.]])
    """
    if may_attend.dtype != torch.bool:
        raise ValueError(f"may_attend is {may_attend.dtype}; give bool, True where a query may look")
    if not dtype.is_floating_point:
        raise ValueError(f"{dtype} has no -inf to add to scores; give a float type")
    blocked = torch.finfo(dtype).min if finite else -math.inf
    return torch.zeros(may_attend.shape, dtype=dtype, device=may_attend.device).masked_fill(~may_attend, blocked)


def weights(scores: Tensor, may_attend: Tensor) -> Tensor:
    """Softmax over the keys a query may see: [.., T, T] -> [.., T, T]. One that may see nothing gets zeros, not NaN.

    >>> weights(torch.zeros(2, 2), torch.tensor([[True, True], [False, False]]))
    tensor([[0.5000, 0.5000],
            [0.0000, 0.0000]])
    """
    wrong = may_attend & (torch.isnan(scores) | (scores == math.inf))
    if wrong.any():
        place = [int(index) for index in wrong.nonzero()[0]]
        raise ValueError(f"score {float(scores[tuple(place)])} at {place} is not finite, so the weights would be NaN")
    return torch.softmax(scores.masked_fill(~may_attend, -math.inf), dim=-1).nan_to_num(0.0)


def weights_of(added: Tensor) -> Tensor:
    """What a query gives to each key when this is added to scores that are all equal: [.., T, T] -> the same, NaN
    where a row of -inf rules out every key. Takes what should not be added too, to show what it does.

    >>> weights_of(additive(causal(2), finite=False))
    tensor([[1.0000, 0.0000],
            [0.5000, 0.5000]])
    """
    return torch.softmax(torch.zeros(added.shape) + added, dim=-1)


def sees_target(may_attend: Tensor) -> Tensor:
    """True where a position may look at the very token it has to predict, the next one: [T, T] -> [T] bool.

    Deeper leaks exist (by way of a token that sees it): changing a token and watching the logits finds those too.

    >>> sees_target(prefix(4, 2))
    tensor([ True, False, False, False])
    """
    next_one = may_attend.diagonal(1)
    return torch.cat([next_one, torch.zeros_like(next_one[:1]) if len(next_one) else may_attend.new_zeros(1)])


@dataclass(frozen=True)
class Scene:
    """What a kind of attention may depend on: the row's length, and the choices of the page."""

    length: int
    prefix_length: int = 0
    window: int = 4
    document_ids: Tensor | None = None
    is_padding: Tensor | None = None  # [T] bool


@dataclass(frozen=True)
class Attention:
    """A row of ATTENTIONS. build(scene) -> [T, T] bool, True where the row's token may look at the column's."""

    name: str
    title: str
    formula: str  # KaTeX; i the query, j the key
    meaning: str
    source: str
    build: Callable[[Scene], Tensor]


def _documents(scene: Scene) -> Tensor:
    return torch.zeros(scene.length, dtype=torch.long) if scene.document_ids is None else scene.document_ids


def _padding(scene: Scene) -> Tensor:
    return torch.zeros(scene.length, dtype=torch.bool) if scene.is_padding is None else scene.is_padding


ATTENTIONS = {
    row.name: row
    for row in (
        Attention(
            "causal",
            "Causal",
            r"j \le i",
            "a token sees itself and everything before it, so every position can be trained at once",
            "Vaswani et al. 2017; Radford et al. 2018",
            lambda scene: causal(scene.length),
        ),
        Attention(
            "padded",
            "Causal, with padding",
            r"j \le i \;\land\; j \notin \text{padding}",
            "padding is seen by nobody; its own rows are computed and thrown away",
            "transformers: attention_mask",
            lambda scene: without_padding(causal(scene.length), _padding(scene)[None])[0],
        ),
        Attention(
            "prefix",
            "Prefix LM",
            r"j \le i \;\lor\; j < P",
            "the prompt sees all of itself, the answer is causal",
            "Raffel et al. 2020 (T5)",
            lambda scene: prefix(scene.length, scene.prefix_length),
        ),
        Attention(
            "packed",
            "Packed chats",
            r"j \le i \;\land\; d_j = d_i",
            "several chats share a row and do not see each other: blocks along the diagonal",
            "Krell et al. 2021; FlashAttention's cu_seqlens",
            lambda scene: packed(_documents(scene)),
        ),
        Attention(
            "packed_causal",
            "Packed chats, plain causal (leaks across)",
            r"j \le i",
            "nobody says where a chat ends: the second one reads the first",
            "cross-contamination, Krell et al. 2021",
            lambda scene: causal(scene.length),
        ),
        Attention(
            "window",
            "Sliding window",
            r"i - w < j \le i",
            "a token sees the last w tokens; layers pass the rest on",
            "Beltagy et al. 2020; Mistral 7B",
            lambda scene: sliding_window(scene.length, scene.window),
        ),
        Attention(
            "packed_window",
            "Packed and sliding window",
            r"i - w < j \le i \;\land\; d_j = d_i",
            "two rules at once: may attend where both allow it",
            "transformers.masking_utils.and_masks",
            lambda scene: packed(_documents(scene)) & sliding_window(scene.length, scene.window),
        ),
        Attention(
            "full",
            "Full (leaks the answer)",
            r"\text{all } j",
            "right for an encoder; under a next-token loss each position sees its own target",
            "Devlin et al. 2019 (BERT)",
            lambda scene: full(scene.length),
        ),
        Attention(
            "diagonal",
            "Cut",
            r"j = i",
            "nothing travels between tokens: what a bigram model could know",
            "an exhibit",
            lambda scene: diagonal(scene.length),
        ),
    )
}


@dataclass(frozen=True)
class Exhibit:
    """A wrong mask as it is found in notes and answers, beside the right one; both computed, neither typed in."""

    name: str
    title: str
    wrong_code: str
    right_code: str
    why: str
    wrong: Callable[[int], Tensor]
    right: Callable[[int], Tensor]


EXHIBITS = {
    row.name: row
    for row in (
        Exhibit(
            "bool_fill",
            "−inf filled into a bool tensor",
            "torch.triu(torch.ones(T, T), 1).bool().masked_fill(later, float('-inf'))",
            "torch.zeros(T, T).masked_fill(later, float('-inf'))",
            "a bool tensor stays bool: −inf becomes True, and added to scores it is 1. Nothing is hidden",
            lambda length: (~causal(length)).masked_fill(~causal(length), -math.inf),
            lambda length: additive(causal(length), finite=False),
        ),
        Exhibit(
            "reversed",
            "0 if i < j, −∞ if i ≥ j",
            "additive(i < j)",
            "additive(j <= i)",
            "the inequality is turned round: a token sees what comes after it, the last one nothing: softmax gives NaN",
            lambda length: additive(causal(length).T & ~diagonal(length), finite=False),
            lambda length: additive(causal(length), finite=False),
        ),
        Exhibit(
            "prefix_reversed",
            "prefix LM: causal on the prefix, full on the suffix",
            "(j <= i) | (j >= P)",
            "(j <= i) | (j < P)",
            "reversed: the answer would see its own future, and the question would not be read whole",
            lambda length: additive(causal(length) | (_positions(length)[1] >= length // 2), finite=False),
            lambda length: additive(prefix(length, length // 2), finite=False),
        ),
    )
}


def _positions(length: int) -> tuple[Tensor, Tensor]:
    places = torch.arange(length)
    return places.unsqueeze(1), places.unsqueeze(0)
