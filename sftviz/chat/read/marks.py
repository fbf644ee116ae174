"""What a sample itself says of a turn's training: weight, train, loss and their kin -> TrainingMark."""

import math
from collections.abc import Iterable
from typing import Any

from sftviz.chat.messages import ChatError, TrainingMark
from sftviz.chat.read.json_text import is_list, is_object, short
from sftviz.chat.read.places import within
from sftviz.chat.read.reading import Fields
from sftviz.words import Said

Range = tuple[int, int, float]

# weight: OpenAI, Together, mistral-finetune. train, training, train_detail: Axolotl. loss: ms-swift, slime.
# loss_weight: LLaMA-Factory. loss_scale: ms-swift. loss_mask: slime, verl. output_with_loss: XTuner. trainable: others
MARK_KEYS = (
    "weight", "loss_weight", "loss_scale", "train", "training", "trainable", "loss", "loss_mask", "step_loss_mask",
    "output_with_loss",
)  # fmt: skip
DETAIL_KEYS = ("train_detail", "training_detail")
AMBIGUOUS_KEYS = ("mask", "masked")  # True: trained, or left out?


def read_mark(fields: Fields, content: str, ranges: Iterable[Range] = ()) -> TrainingMark | None:
    """The mark of a turn, or None. `ranges` were marked by the turn's parts."""
    key, weight = _turns_own(fields)
    detail = fields.first(*DETAIL_KEYS)
    marked = [*ranges, *(_detail(fields.take(detail), detail, content, fields) if detail else ())]
    for name in AMBIGUOUS_KEYS:
        if fields.holds(name):
            fields.reading.tell("mask_is_ambiguous", fields.where, key=name, value=short(fields.take(name)))
    if weight == 0:  # not trained at all: the ranges inside it have nothing to say, as in Axolotl
        marked = []
    return TrainingMark(key or detail or "part", weight, tuple(marked)) if key or marked else None


def _turns_own(fields: Fields) -> tuple[str, float | None]:
    """(key, weight). A false stands above every number; two numbers that differ are a mistake."""
    values = {key: fields.take(key) for key in MARK_KEYS if fields.holds(key)}
    weights = {key: _weight(value, key, fields.where) for key, value in values.items()}
    refused = next((key for key, value in values.items() if value is False), None)
    if refused:
        return refused, 0.0
    numbers = {key: weight for key, weight in weights.items() if values[key] is not True}
    if len(set(numbers.values())) > 1:
        raise ChatError("marks_differ", fields.where, keys=tuple(numbers))
    return next(iter((numbers or weights).items()), ("", None))


def part_range(fields: Fields, start: int, text: str) -> list[Range]:
    """What a part of a content list says of its own characters: weight, train or loss."""
    given = [(key, fields.take(key)) for key in MARK_KEYS if fields.holds(key)]
    return [(start, start + len(text), _weight(value, key, fields.where)) for key, value in given[:1] if text]


def _weight(value: Any, key: str, where: Said | None) -> float:
    """True is 1, False 0, a number itself. Raises ChatError for anything else."""
    if not isinstance(value, bool | int | float) or not math.isfinite(value):
        told = str(value) if isinstance(value, float) else short(value)
        raise ChatError("mark_value", within(where, Said("place.key", key=key)), key=key, value=told)
    return float(value)


def _detail(value: Any, key: str, content: str, fields: Fields) -> list[Range]:
    """Axolotl's train_detail: characters begin_offset to end_offset, both inside the range."""
    where = within(fields.where, Said("place.key", key=key))
    if not is_list(value):
        raise ChatError("mark_detail", where, key=key)
    return [made for item in value for made in _one_detail(item, key, content, fields, where)]


def _one_detail(item: Any, key: str, content: str, fields: Fields, where: Said | None) -> list[Range]:
    if not is_object(item):
        raise ChatError("mark_detail", where, key=key)
    within_detail = fields.within(item, where)
    begin, end = within_detail.raw("begin_offset"), within_detail.raw("end_offset")
    weight = _weight(within_detail.raw("train"), "train", where)
    within_detail.close()
    if not _is_offset(begin) or not _is_offset(end) or end < begin:
        raise ChatError("mark_range", where, begin=str(begin)[:40], end=str(end)[:40])
    if end >= len(content):
        fields.reading.tell("mark_range_cut", where, end=end, last=len(content) - 1)
    stop = min(end + 1, len(content))
    return [(begin, stop, weight)] if begin < stop else []


def _is_offset(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def sample_weight(fields: Fields) -> float | None:
    """The weight of a whole sample, as Fireworks has it; None where there is none, or it is 1."""
    if not fields.holds("weight"):
        return None
    weight = _weight(fields.take("weight"), "weight", fields.where)
    return None if weight == 1 else weight
