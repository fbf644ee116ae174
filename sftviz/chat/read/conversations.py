"""Lists of turns: OpenAI's messages, ShareGPT's conversations, Gemini's contents, and mixtures of them."""

from dataclasses import replace
from typing import Any

from sftviz.chat.messages import Chat, ChatError
from sftviz.chat.read.json_calls import json_within
from sftviz.chat.read.json_text import is_list, is_object, kind, looks_like_json
from sftviz.chat.read.places import key_place
from sftviz.chat.read.reading import Fields, Reading
from sftviz.chat.read.roles import role_of
from sftviz.chat.read.sample import chat_of
from sftviz.chat.read.turns import ROLE_KEYS, is_turn, read_turns

LIST_KEYS = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "contents", "chat")
NAMED_ROLES = 10


def list_key(value: dict[str, Any]) -> str | None:
    """The key that holds the turns of a sample."""
    return next((key for key in LIST_KEYS if isinstance(value.get(key), list | dict | str)), None)


def holds_turns(value: Any) -> bool:
    """A sample with a list of turns, a list of turns, or one turn."""
    if is_object(value):
        return list_key(value) is not None or is_turn(value)
    return is_list(value) and any(is_object(item) and set(item) & {*ROLE_KEYS, "content", "parts"} for item in value)


def is_openai(value: Any) -> bool:
    """Turns that say `role`, or messages of whatever kind."""
    if is_object(value) and "messages" in value and list_key(value) in ("messages", None):
        return not _say(value, "from", "parts")
    return holds_turns(value) and _say(value, "role", "content") and not _say(value, "from", "parts")


def is_gemini(value: Any) -> bool:
    return holds_turns(value) and (_say(value, "parts") or (is_object(value) and list_key(value) == "contents"))


def _say(value: Any, *keys: str) -> bool:
    """True where a turn has one of the keys."""
    return any(is_object(turn) and any(key in turn for key in keys) for turn in turns_within(value))


def is_alternating(value: Any) -> bool:
    """Texts only, or pairs of texts: UltraChat's data, an old history."""
    held = value.get("data") if is_object(value) else value
    if not is_list(held) or len(held) < (2 if is_object(value) else 1):
        return False
    texts = is_object(value) and all(isinstance(item, str) for item in held)
    return texts or all(is_list(turn) and len(turn) == 2 and all(isinstance(t, str) for t in turn) for turn in held)


def read_alternating(value: Any, reading: Reading) -> Chat:
    fields = Fields(value if is_object(value) else {}, reading)
    held = fields.raw("data") if is_object(value) else value
    return chat_of(fields, read_turns(held, reading), "alternating")


def turns_within(value: Any) -> list[Any]:
    """The turns of a sample, as far as they can be seen without reading it."""
    if is_object(value) and not is_turn(value):
        value = value.get(list_key(value) or "", [])
    return value if is_list(value) else [value] if is_object(value) else []


def read_conversation(value: Any, reading: Reading, form: str) -> Chat:
    if is_list(value) or (is_turn(value) and list_key(value) is None):
        turns: Any = value if is_list(value) else [value]
        chat = chat_of(Fields({}, reading), read_turns(turns, reading), form)
        _tell_sharegpt(turns, reading)
        return chat
    fields = Fields(value, reading)
    key = list_key(value) or "messages"
    turns = fields.raw(key)
    if isinstance(turns, str):
        if not looks_like_json(turns) and turns.strip():
            chat = reading.read_text(turns)
            around = chat_of(fields, chat.messages, chat.form)
            return replace(chat, messages=around.messages, tools=around.tools, variables=around.variables)
        turns = json_within(turns, key_place(key))
        reading.tell("json_in_text", key_place(key), "note")
    if not isinstance(turns, list | dict):
        raise ChatError("not_a_list_of_turns", key_place(key), kind=kind(turns))
    return chat_of(fields, read_turns(turns, reading), form)


def _tell_sharegpt(turns: list[Any], reading: Reading) -> None:
    """A bare list says nowhere that it is ShareGPT's: the roles it was read with are told."""
    words = dict.fromkeys(turn["from"] for turn in turns if is_object(turn) and isinstance(turn.get("from"), str))
    if words:
        told = [f"{word[:40]} → {role_of(word, exact=False)[:40]}" for word in list(words)[:NAMED_ROLES]]
        reading.tell("sharegpt_roles", None, "note", roles=", ".join(told))
