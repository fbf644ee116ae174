"""ms-swift: contexts with a weight each, neighbours of one weight tokenized together, and ends that are put back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sftviz.supervision import IGNORE
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset
from sftviz.supervision.frameworks.own import fitting, no_tool_list, part
from sftviz.supervision.frameworks.pieces import EMPTY, Building, Piece, cut_rendering, sum_of
from sftviz.supervision.frameworks.said import explained, of_token, why
from sftviz.supervision.frameworks.swift_turns import METAS, NO_THOUGHT, Meta, Turn, paired, prepared, think
from sftviz.words import Said

FRAMEWORK = Framework(
    "swift",
    "ms-swift",
    "ms-swift 4.6.0",
    ("template/base.py", "template/templates/utils.py", "loss_scale/base.py"),
    "Apache-2.0",
    "ran",
    tuple(METAS),
)
PRESETS = (
    Preset(
        "swift/default",
        "ms-swift",
        "replies, end-of-turn and the line break after it; an empty reply before another turn has no trained end",
        {"loss_scale": "default"},
    ),
    Preset(
        "swift/last_round",
        "ms-swift, loss_scale: last_round",
        "what follows the last request or tool result; thoughts of earlier replies are taken out",
        {"loss_scale": "last_round"},
    ),
    Preset("swift/all", "ms-swift, loss_scale: all", "every token but the first", {"loss_scale": "all"}),
    Preset(
        "swift/ignore_empty_think",
        "ms-swift, ignore_empty_think",
        "as by default, without empty thoughts",
        {"loss_scale": "default", "ignore_empty_think": True},
    ),
)

EMPTY_THOUGHT = re.compile(r"^<think>\s*</think>\s*")


@dataclass
class _Context:
    text: Piece
    weight: float


def encode(asked: Asked) -> Iterator[Labelled]:
    no_tool_list(asked.chat)
    name = fitting(asked, FRAMEWORK.templates)
    meta, base = METAS[name], str(asked.option("loss_scale"))
    system, turns = prepared(asked, meta)
    if meta.thinks:
        think(turns, base)
    paired(turns)
    building, labels = Building(asked.tokenizer), list[int]()
    for context in _together(_contexts(asked, meta, base, system, turns)):
        ids = building.add(context.text)
        labels += ids if context.weight > 0 else [IGNORE] * len(ids)
    rendering = building.rendering(asked.chat, name)
    if not rendering.ids:
        raise NoRow("no_messages")
    returned = _put_ends_back(rendering.ids, labels, asked.tokenizer.encode(meta.end + meta.after_end).ids.tolist())
    labels[0] = IGNORE
    plain = why(rendering, labels, "fw_context")
    codes = ["fw_end_put_back" if t in returned else said.code.removeprefix("reason.") for t, said in enumerate(plain)]
    codes[0] = "fw_first"
    made = Labelled(rendering, labels, explained(rendering, labels, lambda t: codes[t]))
    yield from _within(asked, made)


def _within(asked: Asked, made: Labelled) -> Iterator[Labelled]:
    length, size = asked.option("max_length"), len(made.labels)
    over = asked.option("truncation", "delete")
    if length is None or size <= length:
        yield made
    elif over in ("left", "right", "split"):
        starts = range(0, size, length) if over == "split" else [0 if over == "right" else size - length]
        for start in starts:
            keep = slice(start, start + length)
            labels = [IGNORE, *made.labels[keep][1:]]
            reasons = [Said("reason.fw_first", what=of_token(made.rendering, start)), *made.reasons[keep][1:]]
            yield Labelled(cut_rendering(made.rendering, keep), labels, reasons)
    else:
        raise NoRow("too_long", drops=over == "delete", size=size, length=length)


def _contexts(asked: Asked, meta: Meta, base: str, system: Piece, turns: Sequence[Turn]) -> Iterator[_Context]:
    """Every piece of text with its weight, in the row's order."""
    everything = 1.0 if base == "all" else 0.0
    yield _Context(_opening(meta, system), everything)
    last_asked = max(i for i, turn in enumerate(turns) if turn.role != "assistant")
    for i in range(0, len(turns), 2):
        request, reply = turns[i], turns[i + 1]
        following = turns[i + 2] if i + 2 < len(turns) else None
        yield _Context(_request(meta, request, reply.number, turns[i - 1].number if i else None), everything)
        if not reply.answered:
            yield _Context(part(NO_THOUGHT if meta.thinks else "", None, "assistant", "empty_reasoning"), everything)
            return
        for segment in reply.segments:
            counts = base != "last_round" or i >= last_asked
            yield from _weighted(asked, segment, 1.0 if counts else 0.0)
        if following is None:
            yield from _suffix(meta, reply)
        elif following.role != "tool":
            yield _Context(_end(meta, reply), everything)


def _weighted(asked: Asked, segment: Piece, weight: float) -> Iterator[_Context]:
    found = EMPTY_THOUGHT.match(segment.text) if asked.option("ignore_empty_think") and weight else None
    if found:
        yield _Context(segment.cut(0, found.end()), 0.0)
        segment = segment.cut(found.end())
    yield _Context(segment, weight)


def _suffix(meta: Meta, reply: Turn) -> Iterator[_Context]:
    if not reply.segments[-1].text.endswith(meta.stops):
        yield _Context(_end(meta, reply), 1.0)


def _end(meta: Meta, turn: Turn) -> Piece:
    number = turn.segments[-1].kinds[-1][1].turn if turn.segments[-1].kinds else turn.number
    return part(meta.end, number, "assistant", "end") + part(meta.after_end, number, "assistant", "after_end")


def _opening(meta: Meta, system: Piece) -> Piece:
    begins = part(meta.begins, None, None, "gap")
    if not system.text:
        return begins
    ended = part(meta.end, 0, "system", "end") + part(meta.after_end, 0, "system", "after_end")
    return begins + part(meta.system, 0, "system", "header") + system + ended


def _request(meta: Meta, request: Turn, reply: int | None, before: int | None) -> Piece:
    header = part(meta.before[1], reply, "assistant", "header")
    if not request.opened:
        number = request.number
        ended = part(meta.end, number, "user", "end") + part(meta.after_end, number, "user", "after_end")
        return part(meta.before[0], number, "user", "header") + request.segments[0] + ended + header
    number = request.number
    ends = part(meta.end, before, "assistant", "end")
    if meta.agent == "llama3":
        return sum_of([ends, *request.segments, header])
    ends = (
        ends + part(meta.after_end, before, "assistant", "after_end") + part(meta.before[0], number, "tool", "header")
    )
    between = part("\n", number, "tool", "header")
    said = sum_of(one if i == 0 else between + one for i, one in enumerate(request.segments))
    closing = part(meta.end, number, "tool", "end") + part(meta.after_end, number, "tool", "after_end")
    return ends + said + closing + header


def _together(contexts: Iterator[_Context]) -> Iterator[_Context]:
    """Neighbours of one weight are one text for the tokenizer."""
    held = _Context(EMPTY, 0.0)
    for context in contexts:
        if context.weight == held.weight:
            held = _Context(held.text + context.text, held.weight)
        else:
            yield held
            held = context
    yield held


def _put_ends_back(ids: Sequence[int], labels: list[int], suffix: Sequence[int]) -> set[int]:
    """After a trained stretch that the end-of-turn follows, that end is trained too. Gives the positions.

    A stretch must have a token, so an empty reply gets no end here.
    """
    returned: set[int] = set()
    start, size = 0, len(suffix)
    for i in range(1, len(labels) + 1):
        if labels[i - 1] >= 0 and i < len(labels) and labels[i] == IGNORE:
            start = i
            continue
        ended = start > 0 and labels[i - 1] == IGNORE and (i == len(labels) or labels[i] >= 0)
        if ended and i - start >= size and list(ids[start : start + size]) == list(suffix):
            labels[start : start + size] = suffix
            returned |= set(range(start, start + size))
    return returned
