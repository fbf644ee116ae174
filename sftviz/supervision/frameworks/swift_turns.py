"""ms-swift's messages as it prepares them: replies in a row are one turn of segments, results bring a header."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sftviz.chat.messages import Message
from sftviz.supervision.frameworks.made import Asked, NoRow
from sftviz.supervision.frameworks.own import as_json, call_of, content_of, part, raw
from sftviz.supervision.frameworks.pieces import EMPTY, Piece, sum_of

NO_THOUGHT = "<think>\n\n</think>\n\n"


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


@dataclass
class Turn:
    """A message as ms-swift prepares it: several replies in a row are one turn of several segments."""

    role: str
    segments: list[Piece]
    number: int | None
    opened: bool = False  # a tool's result brings its own header with it
    answered: bool = field(default=True)  # False: a reply that is left open for generation


def prepared(asked: Asked, meta: Meta) -> tuple[Piece, list[Turn]]:
    messages = list(enumerate(asked.chat.messages))
    system = EMPTY
    if messages and messages[0][1].role == "system":
        system = content_of(messages[0][1], 0)
        messages = messages[1:]
    turns: list[Turn] = []
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
            turns.append(Turn(message.role, segments, number))
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
        text = "\n".join(_call(meta.agent, call.name, call.arguments) for call in message.tool_calls)
        yield call_of(text, number, message.tool_calls)


def _call(agent: str, name: str, arguments: object) -> str:
    if agent == "llama3":
        return as_json({"name": name, "parameters": arguments})
    return f"<tool_call>\n{as_json({'name': name, 'arguments': arguments})}\n</tool_call>"


def _add_result(turns: list[Turn], meta: Meta, number: int, message: Message) -> None:
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
        turns.append(Turn("tool", [said], number, opened=True))


def think(turns: list[Turn], base: str) -> None:
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


def paired(turns: list[Turn]) -> None:
    if turns and turns[0].role == "assistant":
        turns.insert(0, Turn("user", [EMPTY], None))
    if len(turns) % 2:
        turns.append(Turn("assistant", [], None, answered=False))
    if not turns:
        raise NoRow("no_messages")
    for i, turn in enumerate(turns):
        if turn.role not in (("user", "tool"), ("assistant",))[i % 2]:
            raise NoRow("order_refused", n=(turn.number or 0) + 1, role=turn.role)
