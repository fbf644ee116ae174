"""What a template writes round a plain reply: learned once from a small chat of our own, so that no list is needed."""

import json
from functools import lru_cache
from typing import Any

from sftviz.chat.messages import Message
from sftviz.chat.write import engine
from sftviz.chat.write.control import THINK_BLOCK
from sftviz.chat.write.leaves import Leaves
from sftviz.chat.write.pieces import Piece, own_part, pieces
from sftviz.chat.write.server import render_bounded
from sftviz.chat.write.spans import Frame

PLAIN = (Message("user", "Ask"), Message("assistant", "Tell"), Message("user", "Ask"), Message("assistant", "Tell"))


def answer(jinja: str, trusted: bool, **job: Any) -> engine.Result:
    """The engine's answer, from this process for a template that comes with sftviz, else from the bounded helper."""
    longest = engine.LONGEST_TEXT if trusted else engine.LONGEST_UNTRUSTED
    whole = {"template": jinja, "longest": longest, "tracked": True, "tools": [], "variables": {}, **job}
    return engine.render(whole) if trusted else render_bounded(whole)


def frame_of(jinja: str, trusted: bool, variables: dict[str, Any]) -> Frame:
    return _frame(jinja, trusted, json.dumps(variables, sort_keys=True, default=str))


@lru_cache(256)
def _frame(jinja: str, trusted: bool, variables: str) -> Frame:
    named = json.loads(variables)
    bos = str(named.get("bos_token") or "")
    for messages in (PLAIN, PLAIN[:2]):
        dicts = [message.to_dict() for message in messages]
        told = answer(jinja, trusted, messages=dicts, variables=named)
        if told.get("runs"):
            return _learned(told["text"], pieces(told["text"], told["runs"], Leaves(dicts, [])), messages, bos)
    return Frame(bos=bos)


def _learned(text: str, found: list[Piece], messages: tuple[Message, ...], bos: str) -> Frame:
    header, ends = "", list[str]()
    for turn in range(1, len(messages), 2):
        run = [piece for piece in found if piece.turn == turn]
        words = [i for i, piece in enumerate(run) if own_part(piece, messages)]
        if words:
            before = "".join(text[piece.start : piece.end] for piece in run[: words[0]])
            after = "".join(text[piece.start : piece.end] for piece in run[words[-1] + 1 :])
            block = THINK_BLOCK.search(before)
            header = before[: block.start()] if block else before
            ends.append(after.strip())
    return Frame(header, tuple(dict.fromkeys(ends)), bos)
