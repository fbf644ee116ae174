"""LLaMA-Factory's messages as it aligns them: a system message, and strict pairs of a request and a reply."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sftviz.chat.messages import Message
from sftviz.chat.spans import Kind
from sftviz.supervision.frameworks.made import Asked, NoRow
from sftviz.supervision.frameworks.own import content_of, raw
from sftviz.supervision.frameworks.pieces import Piece, piece
from sftviz.supervision.frameworks.slots import Slots

THOUGHT = re.compile(r"<think>\n(.*?)\n</think>\n\n", re.DOTALL)
REQUESTS, REPLIES = ("user", "tool"), ("assistant",)
OFF = "detailed thinking off"


@dataclass
class Turn:
    """A message as LLaMA-Factory aligns it. text: what stands in its slot, written as it writes it."""

    number: int
    message: Message
    text: str

    @property
    def is_call(self) -> bool:
        return bool(self.message.tool_calls)


def aligned(asked: Asked) -> tuple[Piece | None, list[Turn]]:
    """The system message, and strict pairs of request and reply; any other order is dropped."""
    openai = asked.option("formatting") == "openai"
    numbered = list(enumerate(asked.chat.messages))
    system: Piece | None = None
    if numbered and numbered[0][1].role == "system":
        system = content_of(numbered[0][1], 0) if raw(numbered[0][1]) else None
        numbered = numbered[1:]
    if openai:
        system = _thinking_off(system)
    turns = [Turn(i, message, _text(message, openai)) for i, message in numbered]
    turns = _joined_results(turns) if openai else turns
    ordered = all(turn.message.role in (REQUESTS, REPLIES)[i % 2] for i, turn in enumerate(turns))
    if not ordered or not turns or len(turns) % 2:
        raise NoRow("no_pairs", drops=True)
    return system, turns


def _thinking_off(system: Piece | None) -> Piece:
    if system is None:
        return piece(OFF, Kind(None, "system", "content"))
    told = "detailed thinking on" in system.text or OFF in system.text
    return system if told else system + piece(f"\n{OFF}", Kind(0, "system", "header"))


def _text(message: Message, openai: bool) -> str:
    thought = message.reasoning if message.inline is None and not openai else ""
    return f"<think>\n{thought}\n</think>\n\n{message.content}" if thought else raw(message)


def _joined_results(turns: Sequence[Turn]) -> list[Turn]:
    """Results in a row as one; results that nothing follows are lost."""
    made: list[Turn] = []
    waiting: list[Turn] = []
    for turn in turns:
        if turn.message.role == "tool":
            waiting.append(turn)
            continue
        if waiting:
            text = "\n</tool_response>\n<tool_response>\n".join(one.text for one in waiting)
            made.append(replace(waiting[0], text=text))
            waiting = []
        made.append(turn)
    return made


def shorten_thoughts(asked: Asked, slots: Slots, turns: list[Turn]) -> None:
    """Thoughts that a thinking template takes out: all of them, or those of earlier replies."""
    if not slots.thinks:
        return
    replies = turns[1::2]
    if asked.option("enable_thinking") is False:
        _forget(replies)
    if asked.option("mask_history"):
        _forget(replies[:-1])


def _forget(replies: Sequence[Turn]) -> None:
    for turn in replies:
        if not turn.is_call:
            turn.text = THOUGHT.sub("", turn.text).lstrip("\n")
