"""Pasted text -> Chat. FORMATS lists every form that is recognised; a mistake is named by message and place."""

import codecs
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sftviz.chat.messages import ROLES, Chat, ChatError, Message, Notice
from sftviz.chat.read import rendered_text
from sftviz.chat.read.format import Format
from sftviz.chat.read.json_messages import finished, json_within, placed, read_messages, short
from sftviz.chat.read.json_text import (
    from_python_literal,
    is_list,
    is_object,
    kind,
    plain_value,
    read_json,
    refuse_deep,
    repeated_keys,
)
from sftviz.chat.read.texts import TEXT_FORMATS

__all__ = ["FORMATS", "LONGEST_CHAT", "Format", "from_python_literal", "parse"]

LONGEST_CHAT = 200_000
MOST_NOTICES = 20  # about further samples that cannot be read
JSON_START = re.compile(r"\s*(?:\{|\[(?!INST\]|SYSTEM_PROMPT\]|AVAILABLE_TOOLS\]))")
JSON_SCALAR = re.compile(
    r'-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|NaN|-?Infinity|"(?:[^"\\]|\\.)*"', re.DOTALL
)
SAMPLE_KEYS = ("messages", "conversations", "instruction", "prompt")
SHAREGPT_ROLES = {
    "human": "user", "user": "user", "system": "system",
    "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "model": "assistant",
    "function_call": "assistant",
    "observation": "tool", "tool": "tool", "function_response": "tool",
}  # fmt: skip


@dataclass(frozen=True)
class _Lines:
    """JSON Lines, one sample a line, each with its line number."""

    lines: list[tuple[int, str]]


def parse(pasted: str | bytes | Sequence[Any] | dict[str, Any] | Chat) -> Chat:
    """Read a chat in any form of FORMATS: text, the bytes of a file, or a list of message dicts.

    Raises ChatError naming what is wrong, where, and what to do.

    >>> parse("User: What is 2 + 2?\\nAssistant: 4").messages[1]
    Message(role='assistant', content='4', reasoning='', tool_calls=(), name=None, tool_call_id=None)
    """
    if isinstance(pasted, Chat):
        return pasted
    if isinstance(pasted, bytes):
        text, notices = _decoded(pasted)
    elif isinstance(pasted, str):
        text, notices = pasted, []
    else:
        return _from_value(plain_value(pasted))
    if text.startswith("\ufeff"):
        text = text.removeprefix("\ufeff")
        notices.append(Notice("byte_order_mark", "a byte-order mark stood before the text and was dropped"))
    if not text.strip():
        raise ChatError("empty", "nothing was pasted", remedy="paste a chat, or take a sample")
    _refuse_long(text)
    chat = _from_text(text)
    return replace(chat, notices=(*notices, *chat.notices))


def _refuse_long(text: str) -> None:
    if len(text) <= LONGEST_CHAT:
        return
    if text.lstrip()[:1] in ("[", "{"):
        refuse_deep(text[:LONGEST_CHAT])
    message = f"{len(text):,} characters; at most {LONGEST_CHAT:,} are read"
    raise ChatError("too_long", message, remedy="paste a part of it")


def _decoded(data: bytes) -> tuple[str, list[Notice]]:
    marks = {codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
    encoding = next((name for mark, name in marks.items() if data.startswith(mark)), "UTF-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ChatError("encoding", f"the file is not {encoding}", f"byte {error.start}", "save it as UTF-8") from error
    told = [] if encoding == "UTF-8" else [Notice("encoding", f"the file is {encoding}; it was read as such")]
    return text, told


def _from_text(text: str) -> Chat:
    for form in FORMATS.values():
        if form.is_text and form.reads(text):
            return finished(form.read(text))
    return _from_value(_json_or_lines(text))


def _looks_like_json(text: str) -> bool:
    if rendered_text.is_transcript(text):  # [User]: … begins like a list
        return False
    return bool(JSON_START.match(text) or JSON_SCALAR.fullmatch(text.strip()))


def _json_or_lines(text: str) -> Any:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(lines) > 1 and JSON_START.match(lines[0][1]) and _is_json(lines[0][1]):
        return _Lines(lines)
    return read_json(text)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _from_value(value: Any, *, in_samples: bool = False) -> Chat:
    for form in FORMATS.values():
        if not form.is_text and not (in_samples and form.name == "jsonl") and form.reads(value):
            if form.name != "jsonl":  # each sample looks for itself
                _refuse_repeated(value)
            return finished(form.read(value))
    raise _unrecognised(value)


def _refuse_repeated(value: Any) -> None:
    """A key written twice: JSON readers keep the last without a word."""
    holder: dict[str, Any] = value if is_object(value) else {}
    turns = value if is_list(value) else holder.get("messages", holder.get("conversations"))
    places = [(f"message {i}", turn) for i, turn in enumerate(turns, 1)] if is_list(turns) else []
    for where, part in [*places, ("", value)]:
        for key in repeated_keys(part):
            raise ChatError("duplicate_key", f"the key {short(key)} is there twice", where, "keep one of them")


def _unrecognised(value: Any) -> ChatError:
    if is_object(value):
        keys = ", ".join(map(short, list(value)[:6])) or "no keys"
        wanted = "an object needs messages, conversations, instruction, or prompt and completion"
        return ChatError("not_a_chat", f"an object with {keys}", remedy=wanted)
    if value == []:
        return ChatError("no_messages", "the list holds no messages", remedy="add at least one")
    if is_list(value):
        return _not_a_message(value)
    return ChatError(
        "not_a_chat",
        f"expected a list of messages, got {kind(value)}",
        remedy="paste JSON messages, rendered text, or User: … Assistant: …",
    )


def _not_a_message(value: list[Any]) -> ChatError:
    i = next((i for i, item in enumerate(value) if not is_object(item)), 0)
    where = f"message {i + 1}"
    if not is_object(value[i]):
        return ChatError("not_a_message", f"{kind(value[i])}, expected an object", where, 'give {"role": …}')
    return ChatError("role_missing", '"role" is missing', where, f"add one of {', '.join(ROLES)}")


def _read_samples(value: _Lines | list[Any]) -> Chat:
    """The first sample; the others are kept beside it, and one that cannot be read is noted."""
    first, *further = _samples(value)
    chat = _sample(*first)
    others: list[Chat] = []
    notices: list[Notice] = []
    for place, sample in further:
        try:
            others.append(_sample(place, sample))
        except ChatError as error:
            notices.append(Notice(error.code, error.message, error.where))
    if len(notices) > MOST_NOTICES:
        more = f"{len(notices) - MOST_NOTICES} further samples cannot be read either"
        notices = [*notices[:MOST_NOTICES], Notice("more_bad_samples", more)]
    form = "jsonl" if isinstance(value, _Lines) else chat.form
    return replace(chat, form=form, others=tuple(others), notices=(*chat.notices, *notices))


def _samples(value: _Lines | list[Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Each sample's place, and how to get its value."""
    if isinstance(value, _Lines):
        for number, line in value.lines:
            yield f"line {number}", partial(read_json, line, number)
        return
    for i in range(len(value)):
        yield f"sample {i + 1}", partial(value.__getitem__, i)


def _sample(place: str, get: Callable[[], Any]) -> Chat:
    try:
        return _from_value(get(), in_samples=True)
    except ChatError as error:
        raise error if error.where.startswith("line ") else placed(error, place) from error


def _read_sharegpt(value: Any) -> Chat:
    bare = not _has("conversations")(value)
    turns = [value] if _has("from")(value) else value if is_list(value) else value["conversations"]
    if not is_list(turns) or not turns:
        raise ChatError("no_messages", "conversations holds no turns", remedy="add at least one")
    named = [_from_sharegpt(turn, i) for i, turn in enumerate(turns, 1)]
    roles = dict.fromkeys((str(turn["from"]), read["role"]) for turn, read in zip(turns, named, strict=True))
    holder = value if is_object(value) else {}
    if holder.get("system"):
        named.insert(0, {"role": "system", "content": holder["system"]})
    chat = read_messages({"messages": named, "tools": holder.get("tools")}, "sharegpt")
    told = ", ".join(f"{old[:40]} → {new[:40]}" for old, new in list(roles)[:10])
    notices = [Notice("sharegpt_roles", f"read as ShareGPT: {told}")] if bare else []
    return replace(chat, notices=(*chat.notices, *notices))


def _from_sharegpt(turn: Any, i: int) -> dict[str, Any]:
    where = f"message {i}"
    if not is_object(turn) or "from" not in turn:
        raise ChatError("role_missing", f'{kind(turn)} without "from"', where, 'give {"from": "human", "value": …}')
    said = turn.get("value")
    role = SHAREGPT_ROLES.get(str(turn["from"]).lower(), str(turn["from"]))
    if turn["from"] != "function_call":
        return {"role": role, "content": said}
    call = json_within(said, where) if isinstance(said, str) else said
    return {"role": role, "content": "", "tool_calls": call if is_list(call) else [call]}


def _read_alpaca(value: dict[str, Any]) -> Chat:
    asked, given = value["instruction"], value.get("input")
    if given and not isinstance(given, str):
        raise ChatError("content_type", f"input is {kind(given)}, expected text", "input", "give text")
    if given and isinstance(asked, str):
        asked = f"{asked}\n\n### Input:\n{given}"
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": value.get("output", "")}]
    if value.get("system"):
        turns.insert(0, {"role": "system", "content": value["system"]})
    chat = read_messages(turns, "alpaca")
    return replace(chat, template="alpaca", completion_start=len(turns) - 1)


def _read_prompt_completion(value: dict[str, Any]) -> Chat:
    prompt, completion = value["prompt"], value["completion"]
    if isinstance(prompt, str) and isinstance(completion, str):
        chat = Chat((Message("user", prompt), Message("assistant", completion)), "prompt_completion", template="plain")
        return replace(chat, completion_start=1)
    if not is_list(prompt) or not is_list(completion):
        message = f"prompt is {kind(prompt)} and completion {kind(completion)}"
        raise ChatError("prompt_completion", message, remedy="give two texts or two lists of messages")
    chat = read_messages({"messages": prompt + completion, "tools": value.get("tools")}, "prompt_completion")
    return replace(chat, completion_start=len(prompt))


def _has(*keys: str) -> Callable[[Any], bool]:
    return lambda value: is_object(value) and all(key in value for key in keys)


def _is_list_of(*keys: str) -> Callable[[Any], bool]:
    """True of a list in which at least one object has one of the keys: the others are mistakes to be named."""

    def check(value: Any) -> bool:
        if not is_list(value) or not value or _is_samples(value):
            return False
        return any(is_object(item) and any(key in item for key in keys) for item in value)

    return check


def _is_samples(value: Any) -> bool:
    if isinstance(value, _Lines):
        return True
    if not is_list(value) or not value:
        return False
    return is_list(value[0]) or (is_object(value[0]) and any(key in value[0] for key in SAMPLE_KEYS))


def _rows(*rows: Format) -> dict[str, Format]:
    return {row.name: row for row in rows}


# In the order tried: the forms of text first among themselves, then those of JSON
FORMATS = _rows(
    Format(
        "openai",
        "OpenAI messages",
        '[{"role": "user", "content": "Hi"}]',
        "A list of messages, or an object with messages and tools, as the OpenAI API takes them.",
        lambda v: _has("messages")(v) or _has("role")(v) or _is_list_of("role", "content")(v),
        read_messages,
    ),
    Format(
        "jsonl",
        "JSON Lines, first sample",
        '{"messages": […]}\n{"messages": […]}',
        "One sample a line, or a JSON list of samples; the first is shown, the others are kept beside it.",
        _is_samples,
        _read_samples,
    ),
    Format(
        "sharegpt",
        "ShareGPT",
        '{"conversations": [{"from": "human", "value": "Hi"}]}',
        "Turns of from and value, as FastChat and LLaMA-Factory store them; human is the user, gpt the assistant.",
        lambda v: _has("conversations")(v) or _has("from", "value")(v) or _is_list_of("from")(v),
        _read_sharegpt,
    ),
    Format(
        "alpaca",
        "Alpaca",
        '{"instruction": "…", "input": "", "output": "…"}',
        "One instruction, an optional input, one output, as in Stanford Alpaca's data.",
        _has("instruction"),
        _read_alpaca,
    ),
    Format(
        "prompt_completion",
        "Prompt and completion",
        '{"prompt": "…", "completion": "…"}',
        "Two texts that are joined without a template, or two lists of messages, as TRL takes them.",
        _has("prompt", "completion"),
        _read_prompt_completion,
    ),
    *TEXT_FORMATS.values(),
)
