"""ms-swift: contexts with a weight each, neighbours of one weight tokenized together, and ends that are put back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sftviz.chat.messages import Message
from sftviz.supervision import IGNORE
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset
from sftviz.supervision.frameworks.own import as_json, call_of, content_of, fitting, no_tool_list, part, raw
from sftviz.supervision.frameworks.pieces import EMPTY, Building, Piece, cut_rendering, sum_of
from sftviz.supervision.frameworks.said import explained, of_token, why
from sftviz.words import Said


@dataclass(frozen=True)
class Meta:
    """A template of ms-swift's. before, behind: round what a user asks."""

    before: tuple[str, str]  # header of a request, and of the reply after it
    end: str  # of a request and of a system message
    after_end: str
    system: str
    begins: str = ""
    agent: str | None = None
    thinks: bool = False
    stops: tuple[str, ...] = ()


METAS = {
    "chatml": Meta(
        ("<|im_start|>user\n", "<|im_start|>assistant\n"), "<|im_end|>", "\n", "<|im_start|>system\n",
        stops=("<|im_end|>",),
    ),
    "qwen3": Meta(
        ("<|im_start|>user\n", "<|im_start|>assistant\n"), "<|im_end|>", "\n", "<|im_start|>system\n",
        agent="hermes", thinks=True, stops=("<|endoftext|>", "<|im_end|>"),
    ),
    "llama3": Meta(
        ("<|start_header_id|>user<|end_header_id|>\n\n", "<|start_header_id|>assistant<|end_header_id|>\n\n"),
        "<|eot_id|>", "", "<|start_header_id|>system<|end_header_id|>\n\n", "<|begin_of_text|>", "llama3",
        stops=("<|eot_id|>",),
    ),
}  # fmt: skip
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
NO_THOUGHT = "<think>\n\n</think>\n\n"
EMPTY_THOUGHT = re.compile(r"^<think>\s*</think>\s*")


@dataclass
class _Turn:
    """A message as ms-swift prepares it: several replies in a row are one turn of several segments."""

    role: str
    segments: list[Piece]
    number: int | None
    opened: bool = False  # a tool's result brings its own header with it
    answered: bool = field(default=True)  # False: a reply that is left open for generation


@dataclass
class _Context:
    text: Piece
    weight: float


def encode(asked: Asked) -> Iterator[Labelled]:
    no_tool_list(asked.chat)
    name = fitting(asked, FRAMEWORK.templates)
    meta, base = METAS[name], str(asked.option("loss_scale"))
    system, turns = _prepared(asked, meta)
    if meta.thinks:
        _think(turns, base)
    _paired(turns)
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


def _prepared(asked: Asked, meta: Meta) -> tuple[Piece, list[_Turn]]:
    messages = list(enumerate(asked.chat.messages))
    system = EMPTY
    if messages and messages[0][1].role == "system":
        system = content_of(messages[0][1], 0)
        messages = messages[1:]
    turns: list[_Turn] = []
    for number, message in messages:
        if message.role == "tool":
            _add_result(turns, meta, number, message)
            continue
        segments = list(_segments(meta, number, message))
        before = turns[-1] if turns else None
        if before and before.role == message.role == "assistant":
            before.segments += segments
        elif before and before.role == message.role == "user":
            before.segments = [sum_of([*before.segments, *segments])]
        else:
            turns.append(_Turn(message.role, segments, number))
    return system, turns


def _segments(meta: Meta, number: int, message: Message) -> Iterator[Piece]:
    """What a message says; a reply that calls and says something gives two."""
    text = raw(message)
    if message.reasoning and message.inline is None:
        text = f"<think>\n{message.reasoning}\n</think>\n\n{message.content}"
    if text or not message.tool_calls:
        yield content_of(message, number, text)
    if message.tool_calls:
        if meta.agent is None:
            raise NoRow("no_agent_template")
        yield call_of("\n".join(_call(meta.agent, call.name, call.arguments) for call in message.tool_calls), number)


def _call(agent: str, name: str, arguments: object) -> str:
    if agent == "llama3":
        return as_json({"name": name, "parameters": arguments})
    return f"<tool_call>\n{as_json({'name': name, 'arguments': arguments})}\n</tool_call>"


def _add_result(turns: list[_Turn], meta: Meta, number: int, message: Message) -> None:
    """Results in a row are one turn, which ends the reply before it and opens the next."""
    if not turns or turns[-1].role not in ("assistant", "tool"):
        raise NoRow("order_refused", n=number + 1, role="tool")
    if meta.agent is None:
        raise NoRow("no_agent_template")
    said = content_of(message, number)
    if meta.agent == "llama3":
        header = part("<|start_header_id|>tool<|end_header_id|>\n\n", number, "tool", "header")
        said = header + said + part(meta.end, number, "tool", "end")
    else:
        said = (
            part("<tool_response>\n", number, "tool", "header")
            + said
            + part("\n</tool_response>", number, "tool", "header")
        )
    if turns[-1].role == "tool":
        turns[-1].segments.append(said)
    else:
        turns.append(_Turn("tool", [said], number, opened=True))


def _think(turns: list[_Turn], base: str) -> None:
    """An empty thought before a reply without any; of last_round only there, and earlier thoughts are taken out."""
    asked = [i for i, turn in enumerate(turns) if turn.role in ("user", "tool")]
    last_asked = asked[-1] if asked else -1
    for i, turn in enumerate(turns):
        if turn.role != "assistant":
            continue
        if base != "last_round" or i >= last_asked:
            if not turn.segments[0].text.startswith("<think>"):
                thought = part(NO_THOUGHT, turn.segments[0].kind_at(0).turn, "assistant", "empty_reasoning")
                turn.segments[0] = thought + turn.segments[0]
        elif base == "last_round":
            turn.segments[0] = _without_thought(turn.segments[0])


def _without_thought(said: Piece) -> Piece:
    start = said.text.rfind("</think>") + len("</think>") if "</think>" in said.text else 0
    kept = said.text[start:]
    start += len(kept) - len(kept.lstrip())
    return said.cut(start, start + len(kept.strip()))


def _paired(turns: list[_Turn]) -> None:
    if turns and turns[0].role == "assistant":
        turns.insert(0, _Turn("user", [EMPTY], None))
    if len(turns) % 2:
        turns.append(_Turn("assistant", [], None, answered=False))
    if not turns:
        raise NoRow("no_messages")
    for i, turn in enumerate(turns):
        if turn.role not in (("user", "tool"), ("assistant",))[i % 2]:
            raise NoRow("order_refused", n=(turn.number or 0) + 1, role=turn.role)


def _contexts(asked: Asked, meta: Meta, base: str, system: Piece, turns: Sequence[_Turn]) -> Iterator[_Context]:
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


def _suffix(meta: Meta, reply: _Turn) -> Iterator[_Context]:
    if not reply.segments[-1].text.endswith(meta.stops):
        yield _Context(_end(meta, reply), 1.0)


def _end(meta: Meta, turn: _Turn) -> Piece:
    number = turn.segments[-1].kinds[-1][1].turn if turn.segments[-1].kinds else turn.number
    return part(meta.end, number, "assistant", "end") + part(meta.after_end, number, "assistant", "after_end")


def _opening(meta: Meta, system: Piece) -> Piece:
    begins = part(meta.begins, None, None, "gap")
    if not system.text:
        return begins
    ended = part(meta.end, 0, "system", "end") + part(meta.after_end, 0, "system", "after_end")
    return begins + part(meta.system, 0, "system", "header") + system + ended


def _request(meta: Meta, request: _Turn, reply: int | None, before: int | None) -> Piece:
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
