"""Texts of frameworks that write chats themselves: the kinds of what stands in a turn, and text that stays text."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sftviz.chat.messages import Chat, ChatError, Message, ToolCall
from sftviz.chat.rendering import template_of
from sftviz.chat.spans import Kind
from sftviz.chat.tokenizers.protocol import Encoded, Tokenizer
from sftviz.supervision.frameworks.made import Asked, NoRow
from sftviz.supervision.frameworks.pieces import EMPTY, Piece, piece

THOUGHT = re.compile(r"\s*<think>(.*?)</think>\n*", re.DOTALL)
RESULTS = ("tool",)


def raw(message: Message) -> str:
    """The content as it came, with a thought that stands inside it."""
    return message.content if message.inline is None else message.inline


def content_of(message: Message, turn: int, text: str | None = None) -> Piece:
    """What a message says. text: as the framework writes it, where it changes it."""
    written = raw(message) if text is None else text
    if message.role != "assistant":
        part = "tool_result" if message.role in RESULTS else "content"
        return piece(written, Kind(turn, message.role, part, turn, "content"))
    found = THOUGHT.match(written)
    if not found:
        return piece(written, Kind(turn, message.role, "content", turn, "content"))
    part = "reasoning" if found[1].strip() else "empty_reasoning"
    thought = piece(found[0], Kind(turn, message.role, part, turn, "content"))
    return thought + piece(written[found.end() :], Kind(turn, message.role, "content", turn, "content"))


def thought_of(message: Message, turn: int, text: str) -> Piece:
    """A thought that came in a field of its own."""
    return piece(text, Kind(turn, message.role, "reasoning", turn, "reasoning"))


def part(text: str, turn: int | None, role: str | None, name: str) -> Piece:
    """What the framework's template writes in a turn."""
    return piece(text, Kind(turn, role, name))


def call_of(text: str, turn: int, calls: Sequence[ToolCall], first: int = 0) -> Piece:
    """Calls as a framework writes them: names, keys and texts of arguments are the message's, the rest its own."""
    kinds, at = [(0, Kind(turn, "assistant", "tool_call"))] if text else [], 0
    for field, leaf in _leaves(calls, first):
        start = text.find(leaf, at) if leaf else -1
        if start >= 0:
            at = start + len(leaf)
            kinds += [(start, Kind(turn, "assistant", "tool_call", turn, field))]
            kinds += [(at, Kind(turn, "assistant", "tool_call"))] if at < len(text) else []
    return Piece(text, tuple(kinds))


def _leaves(calls: Sequence[ToolCall], first: int) -> Iterator[tuple[str, str]]:
    for i, call in enumerate(calls, first):
        yield f"tool_calls.{i}.name", call.name
        for key, value in call.arguments.items() if isinstance(call.arguments, dict) else ():
            yield f"tool_calls.{i}.arguments.{key}#key", key
            if isinstance(value, str):
                yield f"tool_calls.{i}.arguments.{key}", value


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def as_text(tokenizer: Tokenizer, text: str) -> Encoded:
    """Tokens of a text in which a control token's text stays text."""
    encode = getattr(tokenizer, "encode_as_text", None)
    if encode is None:
        raise NoRow("no_literal_text", tokenizer=tokenizer.name)
    return encode(text)


def control(tokenizer: Tokenizer, text: str) -> int:
    """The id of a control token that a framework's template needs."""
    found = tokenizer.id_of(text)
    if found is None:
        raise NoRow("token_missing", token=text, tokenizer=tokenizer.name)
    return found


# How a family's templates are told by their marks, where the tokenizer's own stands in for a framework's
MARKS = (("<think>", "qwen3"), ("<|im_start|>", "chatml"), ("<|start_header_id|>", "llama3"))


def fitting(asked: Asked, known: Collection[str]) -> str:
    """The framework's own template that was asked for by name, or that writes the marks of the tokenizer's."""
    if asked.template is not None and asked.template in known:
        return asked.template
    if asked.template not in (None, "tokenizer"):
        raise NoRow("template_not_followed", template=asked.template[:40], known=tuple(known))
    try:
        resolved, _ = template_of(asked.chat, asked.tokenizer, asked.template, {})
    except ChatError as error:
        raise NoRow("template_refuses", told=error.what) from error
    if resolved.name in known:
        return resolved.name
    if resolved.trusted and "chatml" in known:  # the embedded tokenizer's own
        return "chatml"
    family = next((name for mark, name in MARKS if name in known and mark in resolved.jinja), None)
    if family is None:
        raise NoRow("template_not_followed", template=resolved.name, known=tuple(known))
    return family


def no_tool_list(chat: Chat) -> None:
    """A chat whose tools are listed: what the framework would write of the list is not followed here."""
    if chat.tools:
        raise NoRow("tools_not_followed")


__all__ = [
    "EMPTY", "as_json", "as_text", "call_of", "content_of", "control", "fitting", "no_tool_list", "part", "raw",
    "thought_of",
]  # fmt: skip
