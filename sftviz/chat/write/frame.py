"""What a template writes round a plain reply: learned once from a small chat of our own, so that no list is needed."""

import json
from functools import lru_cache
from typing import Any

from sftviz.chat.messages import Message
from sftviz.chat.write import engine
from sftviz.chat.write.control import THINK_BLOCK, pattern
from sftviz.chat.write.leaves import Leaves, dicts
from sftviz.chat.write.pieces import Piece, is_plain_role, own_part, pieces
from sftviz.chat.write.server import render_bounded
from sftviz.chat.write.spans import Frame
from sftviz.chat.write.templates import Template

PLAIN = (Message("user", "Ask"), Message("assistant", "Tell"), Message("user", "Ask"), Message("assistant", "Tell"))


def answer(template: Template, **job: Any) -> engine.Result:
    """The engine's answer, from this process for a template that comes with sftviz, else from the bounded helper."""
    longest = engine.LONGEST_TEXT if template.trusted else engine.LONGEST_UNTRUSTED
    whole: engine.Job = {
        "template": template.jinja,
        "longest": longest,
        "tracked": True,
        "tools": [],
        "variables": {},
        **job,
    }
    return engine.render(whole) if template.trusted else render_bounded(whole)


def frame_of(template: Template, variables: dict[str, Any]) -> Frame:
    return _frame(template, json.dumps(variables, sort_keys=True, default=str))


@lru_cache(256)
def _frame(template: Template, variables: str) -> Frame:
    named = json.loads(variables)
    bos, eos = (str(named.get(name) or "") for name in ("bos_token", "eos_token"))
    for messages in (PLAIN, PLAIN[:2]):
        given = dicts(messages, template.takes_parts)
        told = answer(template, messages=given, variables=named)
        if told.get("runs"):
            found = pieces(told["text"], told["runs"], Leaves(given, []))
            return _learned(told["text"], found, messages, bos, eos)
    return Frame(bos=bos, eos=eos)


def _learned(text: str, found: list[Piece], messages: tuple[Message, ...], bos: str, eos: str) -> Frame:
    header, tails, ends = "", list[str](), dict[str, None]()
    tokens = pattern((), (eos,))
    for turn in range(1, len(messages), 2):
        run = [piece for piece in found if piece.turn == turn]
        words = [i for i, piece in enumerate(run) if own_part(piece, messages)]
        if not words:
            continue
        before = _text(text, run[: words[0]])
        block = THINK_BLOCK.search(before)
        header = before[: block.start()] if block else before
        tails.append(_text(text, run[words[-1] + 1 :]).strip())
        inside = _text(text, [piece for piece in run[words[-1] + 1 :] if piece.open is not None])
        ends |= dict.fromkeys(tokens.findall(inside.strip()) if tokens.match(inside.strip()) else ())
    plain = tails[0] if len(set(tails)) == 1 and tails[0] and not tokens.search(tails[0]) else ""
    first = next((piece.start for piece in found if piece.is_quoted and not is_plain_role(piece.leaf)), 0)
    return Frame(header, tuple(ends), plain, text[:first], bos, eos)


def _text(text: str, run: list[Piece]) -> str:
    return "".join(text[piece.start : piece.end] for piece in run)
