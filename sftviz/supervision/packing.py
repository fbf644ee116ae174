"""Chats of any length -> rows of one length: truncation, padding, packing; and what each does to supervised tokens."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sftviz.supervision import IGNORE

if TYPE_CHECKING:
    from torch import Tensor  # the mask path does without torch; only what makes tensors imports it

Side = Literal["left", "right"]


@dataclass(frozen=True)
class Sample:
    """One chat's ids and unshifted labels, [T] each: a label is its own token's id, or IGNORE.

    weights [T], where the sample has its own: what each token's cost is multiplied by, unshifted as labels are.
    """

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.labels):
            raise ValueError(f"{len(self.ids)} ids and {len(self.labels)} labels: every token has one label")
        if self.weights is not None and len(self.ids) != len(self.weights):
            raise ValueError(f"{len(self.ids)} ids and {len(self.weights)} weights: every token has one weight")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def targets(self) -> int:
        """Supervised tokens that some position predicts: the first token is nobody's target."""
        return sum(label != IGNORE for label in self.labels[1:])


@dataclass(frozen=True)
class Truncated:
    """A sample cut to a length, and what that cost it."""

    sample: Sample
    lost_tokens: int
    lost_targets: int

    @property
    def is_useless(self) -> bool:
        """True where targets were lost and none is left: the row costs compute and teaches nothing."""
        return self.lost_targets > 0 and self.sample.targets == 0


def truncate(sample: Sample, length: int, cut: Side = "right") -> Truncated:
    """Keep `length` tokens, cutting on one side. The right one loses the answer's end, the left one the question.

    >>> truncate(Sample((5, 6, 7, 8), (-100, -100, 7, 8)), 3)
    Truncated(sample=Sample(ids=(5, 6, 7), labels=(-100, -100, 7), weights=None), lost_tokens=1, lost_targets=1)
    """
    _check_length(length)
    kept = slice(0, length) if cut == "right" else slice(max(0, len(sample) - length), None)
    weights = None if sample.weights is None else sample.weights[kept]
    shorter = Sample(sample.ids[kept], sample.labels[kept], weights)
    return Truncated(shorter, len(sample) - len(shorter), sample.targets - shorter.targets)


@dataclass(frozen=True)
class TruncationCost:
    """What a length costs a set of chats: chats cut, tokens and targets kept and lost, chats left useless."""

    cut: int
    tokens: int
    lost_tokens: int
    targets: int
    lost_targets: int
    useless: int


def truncation_cost(samples: Sequence[Sample], length: int, cut: Side = "right") -> TruncationCost:
    """Truncate every sample to `length`, and add up.

    >>> truncation_cost([Sample((5, 6, 7), (-100, 6, 7)), Sample((5, 6), (-100, 6))], 2)
    TruncationCost(cut=1, tokens=4, lost_tokens=1, targets=2, lost_targets=1, useless=0)
    """
    made = [truncate(sample, length, cut) for sample in samples]
    return TruncationCost(
        cut=sum(one.lost_tokens > 0 for one in made),
        tokens=sum(len(one.sample) for one in made),
        lost_tokens=sum(one.lost_tokens for one in made),
        targets=sum(one.sample.targets for one in made),
        lost_targets=sum(one.lost_targets for one in made),
        useless=sum(one.is_useless for one in made),
    )


@dataclass(frozen=True)
class Batch:
    """Rows of one length, as a model takes them. All [B, T]."""

    input_ids: Tensor
    labels: Tensor
    is_padding: Tensor  # bool
    position_ids: Tensor
    weights: Tensor | None = None  # float64, None where no sample brings its own

    def __post_init__(self) -> None:
        from sftviz.loss.reduction import check_padding_unsupervised

        check_padding_unsupervised(self.is_padding, self.labels)

    @property
    def attention_mask(self) -> Tensor:
        """1 on tokens, 0 on padding: the opposite polarity of is_padding, in the form transformers takes."""
        return (~self.is_padding).long()


def pad(samples: Sequence[Sample], pad_id: int, side: Side = "right", length: int | None = None) -> Batch:
    """Fill up to the longest sample, or to `length`. Padding is never supervised, whatever its id is.

    Positions count tokens, not padding: on the left side too the first token of a chat stands at 0.

    >>> pad([Sample((5, 6), (-100, 6)), Sample((7,), (7,))], pad_id=0, side="left").labels
    tensor([[-100,    6],
            [-100,    7]])
    """
    import torch

    wanted = max((len(sample) for sample in samples), default=0) if length is None else length
    _check_fits(samples, wanted)
    ids = torch.full((len(samples), wanted), pad_id, dtype=torch.long)
    labels = torch.full_like(ids, IGNORE)
    is_padding = torch.ones_like(ids, dtype=torch.bool)
    weights = torch.ones_like(ids, dtype=torch.float64) if _weighted(samples) else None
    for row, sample in enumerate(samples):
        place = slice(0, len(sample)) if side == "right" else slice(wanted - len(sample), wanted)
        ids[row, place] = torch.tensor(sample.ids, dtype=torch.long)
        labels[row, place] = torch.tensor(sample.labels, dtype=torch.long)
        is_padding[row, place] = False
        if weights is not None and sample.weights is not None:
            weights[row, place] = torch.tensor(sample.weights, dtype=torch.float64)
    positions = ((~is_padding).long().cumsum(-1) - 1).clamp(min=0)
    return Batch(ids, labels, is_padding, positions, weights)


@dataclass(frozen=True)
class Packed:
    """One row that holds several chats end to end, without padding. ids, labels, position_ids, document_ids: [T]."""

    ids: Tensor
    labels: Tensor
    position_ids: Tensor  # restart at 0 with every chat
    document_ids: Tensor  # 0, 1, 2 … : which chat of the row a token belongs to
    cu_seqlens: Tensor  # [chats + 1]: where each chat starts, and where the last one ends
    sources: tuple[int, ...]  # which of the samples given stand here, in this order
    spans: tuple[tuple[int, int], ...]  # supervised stretches [start, end) in the row's own coordinates
    weights: Tensor | None = None  # [T] float64, None where no sample of the row brings its own


def pack(
    samples: Sequence[Sample], length: int, *, end_of_document: int | None = None, learn_end: bool = False
) -> list[Packed]:
    """Put samples into as few rows of at most `length` tokens as best-fit decreasing finds.

    end_of_document: an id written after every chat; supervised where learn_end. The first label of every chat becomes
    IGNORE: the position before it belongs to another chat, and must not be trained to predict it. With positions that
    restart and attention that stays within a chat (`attention.packed`) the loss is that of the chats unpacked.
    Raises ValueError for a chat that is longer than a row.

    >>> [row] = pack([Sample((5, 6, 7), (-100, 6, 7)), Sample((8, 9), (8, 9))], length=8)
    >>> row.labels.tolist(), row.position_ids.tolist(), row.cu_seqlens.tolist()
    ([-100, 6, 7, -100, 9], [0, 1, 2, 0, 1], [0, 3, 5])
    """
    ended = [_ended(sample, end_of_document, learn_end) for sample in samples]
    _check_fits(ended, length)
    return [_joined(ended, sources) for sources in bins([len(sample) for sample in ended], length)]


def bins(sizes: Sequence[int], length: int) -> list[list[int]]:
    """Indices of sizes, shared out over rows of `length` by best-fit decreasing; each row in the order given.

    Longest first, each into the fullest row that still takes it: at most 11/9 of the least possible number of rows,
    plus 4 (Johnson 1974).

    >>> bins([5, 2, 4, 3, 1], 8)
    [[0, 3], [1, 2, 4]]
    """
    free: list[tuple[int, int]] = []  # (room left, row), the tightest first
    rows: list[list[int]] = []
    for index in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        tightest = bisect_left(free, (sizes[index], -1))
        room, row = free.pop(tightest) if tightest < len(free) else (length, len(rows))
        if row == len(rows):
            rows.append([])
        rows[row].append(index)
        insort(free, (room - sizes[index], row))
    return [sorted(row) for row in rows]


def supervised_spans(labels: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Stretches [start, end) of labels that are not IGNORE.

    >>> supervised_spans([-100, 6, 7, -100, 9])
    ((1, 3), (4, 5))
    """
    spans: list[tuple[int, int]] = []
    for t, label in enumerate(labels):
        if label == IGNORE:
            continue
        if spans and spans[-1][1] == t:
            spans[-1] = (spans[-1][0], t + 1)
        else:
            spans.append((t, t + 1))
    return tuple(spans)


def _ended(sample: Sample, end_of_document: int | None, learn_end: bool) -> Sample:
    if end_of_document is None:
        return sample
    label = end_of_document if learn_end else IGNORE
    weights = None if sample.weights is None else (*sample.weights, 1.0)
    return Sample((*sample.ids, end_of_document), (*sample.labels, label), weights)


def _joined(samples: Sequence[Sample], sources: Sequence[int]) -> Packed:
    import torch

    chosen = [samples[i] for i in sources]
    lengths = torch.tensor([len(sample) for sample in chosen])
    labels = [label for sample in chosen for label in (IGNORE, *sample.labels[1:])[: len(sample)]]
    return Packed(
        ids=torch.tensor([token for sample in chosen for token in sample.ids], dtype=torch.long),
        labels=torch.tensor(labels, dtype=torch.long),
        position_ids=torch.cat([torch.arange(len(sample)) for sample in chosen]),
        document_ids=torch.arange(len(chosen)).repeat_interleave(lengths),
        cu_seqlens=torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]),
        sources=tuple(sources),
        spans=supervised_spans(labels),
        weights=torch.tensor([w for sample in chosen for w in _weights(sample)], dtype=torch.float64)
        if _weighted(chosen)
        else None,
    )


def _weighted(samples: Sequence[Sample]) -> bool:
    return any(sample.weights is not None for sample in samples)


def _weights(sample: Sample) -> tuple[float, ...]:
    """A sample's weights; ones where it has none of its own beside samples that do."""
    return (1.0,) * len(sample) if sample.weights is None else sample.weights


def _check_length(length: int) -> None:
    if length < 1:
        raise ValueError(f"length {length} holds no token; give at least 1")


def _check_fits(samples: Sequence[Sample], length: int) -> None:
    if samples:
        _check_length(length)
    for i, sample in enumerate(samples):
        if len(sample) > length:
            raise ValueError(f"sample {i} has {len(sample)} tokens and a row holds {length}: truncate it first")
