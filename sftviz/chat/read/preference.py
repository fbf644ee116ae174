"""Preference rows: chosen and rejected. One side is read as a chat; the loss of pairs is not shown."""

from dataclasses import replace
from typing import Any

from sftviz.chat.messages import Chat, ChatError
from sftviz.chat.read.conversations import LIST_KEYS
from sftviz.chat.read.json_text import is_list, is_object, kind
from sftviz.chat.read.pairs import joined
from sftviz.chat.read.places import key_place
from sftviz.chat.read.reading import Fields, Reading
from sftviz.chat.read.sample import chat_of
from sftviz.chat.read.turns import read_turns

ASKED_KEYS = ("prompt", "instruction", "question", "query", "input", *LIST_KEYS)
SIDES = {
    "chosen": ("chosen", "chosen_response"),
    "rejected": ("rejected", "rejected_response", "rejected_messages"),
}


def is_preference(value: Any) -> bool:
    return is_object(value) and any(value.get(key) is not None for keys in SIDES.values() for key in keys)


def read_preference(value: dict[str, Any], reading: Reading) -> Chat:
    fields, side = Fields(value, reading), reading.side or "chosen"
    taken = {name: fields.take(*keys) for name, keys in SIDES.items()}
    own = taken[side]
    reading.tell("preference_row", None, side=side, other="rejected" if side == "chosen" else "chosen")
    asked = next((key for key in ASKED_KEYS if fields.holds(key)), None)
    prompt = fields.take(asked) if asked else None
    if asked in LIST_KEYS and taken["chosen"] is None:  # ms-swift: the messages are the chosen side
        if side == "chosen":
            return chat_of(fields, read_turns(prompt, reading), "preference")
        prompt = prompt[:-1] if is_list(prompt) and prompt and _is_answer(prompt[-1]) else prompt
    if own is None:
        raise ChatError("side_missing", key_place(side), side=side)
    if is_object(own):
        own = [own]
    return _read_side(fields, prompt, asked, own, taken["rejected" if side == "chosen" else "chosen"])


def _read_side(fields: Fields, prompt: Any, asked: str | None, own: Any, other: Any) -> Chat:
    if isinstance(own, str):
        return _text_side(fields, prompt, own)
    if not is_list(own):
        raise ChatError("text_expected", key_place("chosen"), key="chosen", kind=kind(own))
    if isinstance(prompt, str):
        prompt = _prompt_turns(fields, prompt, asked, own)
    if prompt is None:
        turns = read_turns(own, fields.reading)
        return chat_of(fields, turns, "preference", completion_start=_shared(own, other))
    return joined(fields, prompt, own, "preference")


def _text_side(fields: Fields, prompt: Any, own: str) -> Chat:
    if prompt is None:  # Anthropic's hh: the whole dialogue on either side
        chat = fields.reading.read_text(own)
        around = chat_of(fields, chat.messages, "preference", completion_start=_last_reply(chat))
        return replace(chat, form="preference", completion_start=around.completion_start, messages=around.messages)
    if is_list(prompt):
        return joined(fields, prompt, [{"role": "assistant", "content": own}], "preference")
    return joined(fields, prompt, own, "preference")


def _last_reply(chat: Chat) -> int | None:
    replies = [i for i, message in enumerate(chat.messages) if message.role == "assistant"]
    return replies[-1] if replies else None


def _prompt_turns(fields: Fields, prompt: str, asked: str | None, own: list[Any]) -> list[Any] | None:
    """A prompt as text beside a side of messages: repeated in them, or the question they answer."""
    begins = own[0] if own else None
    if is_object(begins) and begins.get("role") not in ("assistant", "tool") and begins.get("from") not in ("gpt",):
        texts = [turn.get("content", turn.get("value")) for turn in own if is_object(turn)]
        if prompt not in texts:
            fields.reading.tell("prompt_beside_messages", key_place(asked or ""), prompt=repr(prompt[:40]))
        return None
    return [{"role": "user", "content": prompt}]


def _is_answer(turn: Any) -> bool:
    return is_object(turn) and (turn.get("role") == "assistant" or turn.get("from") == "gpt")


def _shared(own: list[Any], other: Any) -> int | None:
    """How many turns both sides begin with: TRL calls them the prompt."""
    if not is_list(other):
        return None
    pairs = enumerate(zip(own, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(own), len(other)))
