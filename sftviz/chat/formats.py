"""Pasted text -> Chat. FORMATS lists every form that is recognised; a mistake is named by message and place."""

import codecs
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sftviz.chat import rendered_text
from sftviz.chat.json_text import JsonObject, from_python_literal, is_list, is_object, read_json
from sftviz.chat.messages import DOCUMENT, ROLES, Chat, ChatError, Message, Notice, ToolCall

__all__ = ["FORMATS", "LONGEST_CHAT", "Format", "from_python_literal", "parse"]

LONGEST_CHAT = 200_000
CONTROL_TOKEN = re.compile(r"<\|[^|<>\s]*\|>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>")
JSON_START = re.compile(r'\s*(?:\{|\[\s*[\[{"\]])')
THOUGHT = re.compile(r"\A\s*<think>\n*(.*?)\n*</think>\n*(.*)\Z", re.DOTALL)
SHAREGPT_ROLES = {
    "human": "user", "user": "user", "system": "system",
    "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "model": "assistant",
    "function_call": "assistant",
    "observation": "tool", "tool": "tool", "function_response": "tool",
}  # fmt: skip


@dataclass(frozen=True)
class Format:
    """A row of FORMATS. `reads` says whether the pasted value or text has this form; `read` makes the chat."""

    name: str
    title: str
    example: str
    reads: Callable[[Any], bool]
    read: Callable[[Any], Chat]
    template: str | None = None  # the template such text was written in


class _Function(BaseModel):
    name: str
    arguments: Any = Field(default_factory=dict)


class _Call(BaseModel):
    id: str | None = None
    function: _Function


class _Message(BaseModel):
    model_config = ConfigDict(strict=True)
    role: str
    content: str | list[Any] | None = None
    reasoning_content: str | None = None
    tool_calls: list[Any] | None = None
    name: str | None = None
    tool_call_id: str | None = None


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
        return _finished(_from_value(pasted), [])
    if text.startswith("\ufeff"):
        text = text.removeprefix("\ufeff")
        notices.append(Notice("byte_order_mark", "a byte-order mark stood before the text and was dropped"))
    if not text.strip():
        raise ChatError("empty", "nothing was pasted", remedy="paste a chat, or take a sample")
    if len(text) > LONGEST_CHAT:
        raise ChatError(
            "too_long", f"{len(text):,} characters; at most {LONGEST_CHAT:,} are read", remedy="paste a part of it"
        )
    return _finished(_from_text(text), notices)


def _from_text(text: str) -> Chat:
    for form in FORMATS.values():
        if form.template and form.reads(text):
            return replace(form.read(text), form=form.name, template=form.template)
    stripped = text.lstrip()
    if stripped[0] in '[{"' or re.fullmatch(r"-?\d[\d.eE+-]*|true|false|null|NaN", stripped.strip()):
        return _from_value(_json_or_lines(text))
    if FORMATS["transcript"].reads(text):
        return FORMATS["transcript"].read(text)
    return Chat((Message(DOCUMENT, text),), "text", template="plain")


def _json_or_lines(text: str) -> Any:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith(("{", "[")) for _, line in lines) and _is_json(lines[0][1]):
        return _Lines(lines)
    return read_json(text)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


class _Lines:
    """JSON Lines: one sample a line."""

    def __init__(self, lines: list[tuple[int, str]]):
        self.lines = lines


def _from_value(value: Any) -> Chat:
    for form in FORMATS.values():
        if not form.template and form.name not in ("transcript", "text") and form.reads(value):
            return form.read(value)
    raise _unrecognised(value)


def _unrecognised(value: Any) -> ChatError:
    if is_object(value):
        keys = ", ".join(map(repr, list(value)[:6])) or "no keys"
        wanted = "an object needs messages, conversations, instruction, or prompt and completion"
        return ChatError("not_a_chat", f"an object with {keys}", remedy=wanted)
    if value == []:
        return ChatError("no_messages", "the list holds no messages", remedy="add at least one")
    if is_list(value):
        return _not_a_message(value)
    return ChatError(
        "not_a_chat",
        f"expected a list of messages, got {_kind(value)}",
        remedy="paste JSON messages, rendered text, or User: … Assistant: …",
    )


def _not_a_message(value: list[Any]) -> ChatError:
    if is_list(value[0]):
        return ChatError("no_messages", "the sample has no messages", "sample 1", "add at least one")
    i = next((i for i, item in enumerate(value) if not is_object(item)), 0)
    if not isinstance(value[i], dict):
        return ChatError(
            "not_a_message", f"{_kind(value[i])}, expected an object", f"message {i + 1}", 'give {"role": …}'
        )
    return ChatError("role_missing", '"role" is missing', f"message {i + 1}", f"add one of {', '.join(ROLES)}")


def _read_messages(value: Any, form: str = "openai") -> Chat:
    holder = value if is_object(value) else {}
    raw = holder.get("messages", value)
    if is_object(raw):
        raw = [raw]
    if not is_list(raw):
        raise ChatError("not_a_chat", f"messages is {_kind(raw)}, expected a list", remedy="give a list of messages")
    if not raw:
        raise ChatError("no_messages", "the list holds no messages", remedy="add at least one")
    notices: list[Notice] = []
    messages = [_message(item, i, notices) for i, item in enumerate(raw)]
    return Chat(tuple(messages), form, tools=_tools(holder.get("tools")), notices=tuple(notices))


def _tools(value: Any) -> tuple[dict[str, Any], ...]:
    if not value:
        return ()
    if isinstance(value, str):
        value = read_json(value)
    if not is_list(value) or not all(is_object(tool) for tool in value):
        raise ChatError("tools", f"tools is {_kind(value)}, expected a list of objects", "tools", "see OpenAI's tools")
    return tuple(dict(tool) for tool in value)


def _message(item: Any, i: int, notices: list[Notice]) -> Message:
    where = f"message {i + 1}"
    if not is_object(item):
        raise ChatError("not_a_message", f"{_kind(item)}, expected an object", where, 'give {"role": …, "content": …}')
    if isinstance(item, JsonObject) and item.repeated:
        raise ChatError("duplicate_key", f"the key {item.repeated!r} is there twice", where, "keep one of them")
    item = _with_aliases(item)
    try:
        raw = _Message.model_validate(item)
    except ValidationError as error:
        raise _shape_error(error, where) from error
    content = _content(raw.content, where, notices, has_calls=bool(raw.tool_calls))
    reasoning = raw.reasoning_content or ""
    thought = THOUGHT.match(content) if raw.role == "assistant" and not reasoning else None
    if thought:
        reasoning, content = thought.groups()
    calls = tuple(_call(call, where, j, notices) for j, call in enumerate(raw.tool_calls or []))
    return Message(raw.role, content, reasoning, calls, raw.name, raw.tool_call_id)


def _with_aliases(item: dict[str, Any]) -> dict[str, Any]:
    reasoning = next((item[key] for key in ("reasoning_content", "reasoning", "thinking") if item.get(key)), None)
    return {**item, "reasoning_content": reasoning}


def _shape_error(error: ValidationError, where: str) -> ChatError:
    first = error.errors()[0]
    field = str(first["loc"][0])
    if first["type"] == "missing":
        return ChatError(f"{field}_missing", f'"{field}" is missing', where, f"add one of {', '.join(ROLES)}")
    wanted = "a list" if field == "tool_calls" else "text"
    return ChatError(f"{field}_type", f"{field} is {_kind(first['input'])}, expected {wanted}", where, f"give {wanted}")


def _content(content: str | list[Any] | None, where: str, notices: list[Notice], has_calls: bool) -> str:
    if content is None:
        if not has_calls:
            notices.append(Notice("empty_content", "the message has no content", where))
        return ""
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for j, part in enumerate(content):
        text = part if isinstance(part, str) else part.get("text") if is_object(part) else None
        kind = part.get("type", "text") if is_object(part) else "text"
        if kind not in ("text", "input_text", "output_text"):
            raise ChatError("not_text", f"part {j + 1} is {kind!r}: only text is read", where, "remove the part")
        if not isinstance(text, str):
            raise ChatError("content_type", f"part {j + 1} is {_kind(part)}, expected text", where, "give text")
        texts.append(text)
    notices.append(Notice("parts_joined", f"its {len(texts)} text parts were joined into one text", where))
    return "".join(texts)


def _call(call: Any, where: str, j: int, notices: list[Notice]) -> ToolCall:
    wrapped = call if is_object(call) and "function" in call else {"function": call}
    try:
        raw = _Call.model_validate(wrapped)
    except ValidationError as error:
        remedy = 'give {"function": {"name": …, "arguments": {…}}}'
        raise ChatError("tool_call", f"tool call {j + 1} is {_kind(call)} without a name", where, remedy) from error
    return ToolCall(raw.function.name, _arguments(raw.function.arguments, where, notices), raw.id)


def _arguments(arguments: Any, where: str, notices: list[Notice]) -> dict[str, Any] | str:
    if is_object(arguments):
        return dict(arguments)
    if not isinstance(arguments, str):
        raise ChatError("tool_call", f"arguments is {_kind(arguments)}, expected an object", where, "give an object")
    try:
        value = json.loads(arguments)
    except ValueError:
        return arguments
    if isinstance(value, str):
        notices.append(Notice("double_encoded", "the arguments of a tool call are JSON inside JSON, twice", where))
    return value if is_object(value) else arguments


def _read_samples(value: "_Lines | list[Any]") -> Chat:
    """The first sample; the others are kept beside it, and a line that cannot be read is noted."""
    if not isinstance(value, _Lines):
        first, *others = [_finished(_from_value(item), []) for item in value]
        return replace(first, others=tuple(others))
    chats: list[Chat] = []
    notices: list[Notice] = []
    for number, line in value.lines:
        try:
            chats.append(_finished(_from_value(read_json(line)), []))
        except ChatError as error:
            where = ", ".join(part for part in (f"line {number}", error.where) if part)
            notices.append(Notice(error.code, error.message, where))
    if not chats:
        raise ChatError(notices[0].code, notices[0].message, notices[0].where, "give one JSON object a line")
    notices = [*chats[0].notices, *notices]
    return replace(chats[0], form="jsonl", others=tuple(chats[1:]), notices=tuple(notices))


def _read_sharegpt(value: Any) -> Chat:
    turns = [value] if _has("from")(value) else value if is_list(value) else value["conversations"]
    if not is_list(turns) or not turns:
        raise ChatError("no_messages", "conversations holds no turns", remedy="add at least one")
    named = [_from_sharegpt(turn, i) for i, turn in enumerate(turns)]
    holder = value if is_object(value) else {}
    if holder.get("system"):
        named.insert(0, {"role": "system", "content": holder["system"]})
    chat = _read_messages({"messages": named, "tools": holder.get("tools")}, "sharegpt")
    pairs = dict.fromkeys(
        (str(turn["from"]), read["role"]) for turn, read in zip(turns, named[-len(turns) :], strict=True)
    )
    told = ", ".join(f"{old} → {new}" for old, new in pairs)
    return replace(chat, notices=(*chat.notices, Notice("sharegpt_roles", f"read as ShareGPT: {told}")))


def _from_sharegpt(turn: Any, i: int) -> dict[str, Any]:
    where = f"message {i + 1}"
    if not is_object(turn) or "from" not in turn:
        raise ChatError("role_missing", f'{_kind(turn)} without "from"', where, 'give {"from": "human", "value": …}')
    role = SHAREGPT_ROLES.get(str(turn["from"]).lower(), str(turn["from"]))
    if turn["from"] == "function_call":
        call = read_json(turn["value"]) if isinstance(turn.get("value"), str) else turn.get("value")
        return {"role": role, "content": "", "tool_calls": call if is_list(call) else [call]}
    return {"role": role, "content": turn.get("value")}


def _read_alpaca(value: dict[str, Any]) -> Chat:
    asked = value["instruction"]
    if value.get("input") and isinstance(asked, str):
        asked = f"{asked}\n\n### Input:\n{value['input']}"
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": value.get("output", "")}]
    if value.get("system"):
        turns.insert(0, {"role": "system", "content": value["system"]})
    chat = _read_messages(turns, "alpaca")
    return replace(chat, template="alpaca", completion_start=len(turns) - 1)


def _read_prompt_completion(value: dict[str, Any]) -> Chat:
    prompt, completion = value["prompt"], value["completion"]
    if isinstance(prompt, str) and isinstance(completion, str):
        chat = Chat((Message("user", prompt), Message("assistant", completion)), "prompt_completion", template="plain")
        return replace(chat, completion_start=1)
    if not is_list(prompt) or not is_list(completion):
        message = f"prompt is {_kind(prompt)} and completion {_kind(completion)}"
        raise ChatError("prompt_completion", message, remedy="give two texts or two lists of messages")
    chat = _read_messages({"messages": prompt + completion, "tools": value.get("tools")}, "prompt_completion")
    return replace(chat, completion_start=len(prompt))


def _finished(chat: Chat, notices: list[Notice]) -> Chat:
    """Roles and characters that would mislead, looked at once for every form."""
    own = [
        notice for i, message in enumerate(chat.messages) for notice in _role_notices(message.role, f"message {i + 1}")
    ]
    messages = tuple(_without_surrogates(message, f"message {i + 1}", own) for i, message in enumerate(chat.messages))
    return replace(chat, messages=messages, notices=(*notices, *own, *chat.notices))


def _role_notices(role: str, where: str) -> list[Notice]:
    if CONTROL_TOKEN.search(role):
        raise ChatError(
            "role_holds_control_token", f"the role {role[:40]!r} holds a control token", where, "name a role"
        )
    if role in (*ROLES, DOCUMENT):
        return []
    meant = role.strip().lower()
    if meant in ROLES:
        message = f"the role is {role!r}: did you mean {meant}? As it is, this turn is not supervised"
        return [Notice("role_near_miss", message, where)]
    return [Notice("unknown_role", f"the role {role[:80]!r} is unknown; nothing in this turn is supervised", where)]


def _without_surrogates(message: Message, where: str, notices: list[Notice]) -> Message:
    def mended(text: str) -> str:
        for at, character in enumerate(text):
            if "\ud800" <= character <= "\udfff":
                told = f"lone surrogate U+{ord(character):04X} at character {at}, shown and tokenized as U+FFFD"
                notices.append(Notice("lone_surrogate", told, where))
        return re.sub("[\ud800-\udfff]", "\ufffd", text)

    calls = tuple(replace(call, arguments=_mended(call.arguments, mended)) for call in message.tool_calls)
    return replace(
        message,
        role=mended(message.role),
        content=mended(message.content),
        reasoning=mended(message.reasoning),
        tool_calls=calls,
    )


def _mended(value: Any, mended: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mended(value)
    if is_object(value):
        return {mended(key): _mended(item, mended) for key, item in value.items()}
    return [_mended(item, mended) for item in value] if is_list(value) else value


def _decoded(data: bytes) -> tuple[str, list[Notice]]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16"), [Notice("encoding", "the file is UTF-16; it was read as such")]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        raise ChatError("encoding", "the file is not UTF-8", f"byte {error.start}", "save it as UTF-8") from error


def _kind(value: Any) -> str:
    names = {"str": "a string", "bool": "a boolean", "int": "a number", "float": "a number", "list": "a list"}
    return "null" if value is None else names.get(value.__class__.__name__, "an object")


def _has(*keys: str) -> Callable[[Any], bool]:
    return lambda value: is_object(value) and all(key in value for key in keys)


def _is_list_of(*keys: str) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        if not is_list(value) or not value:
            return False
        return any(is_object(item) and any(key in item for key in keys) for item in value)

    return check


def _found(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda text: isinstance(text, str) and not JSON_START.match(text) and bool(pattern.search(text))


def _text_chat(read: Callable[[str], list[Message]], form: str) -> Callable[[str], Chat]:
    def made(text: str) -> Chat:
        notices: list[Notice] = []
        raw = [_message(message.to_dict(), i, notices) for i, message in enumerate(read(text))]
        if not raw:
            raise ChatError("no_messages", "no turn could be read from the text", remedy="is its first header whole?")
        return Chat(tuple(raw), form, notices=tuple(notices))

    return made


def _rows(*rows: Format) -> dict[str, Format]:
    return {row.name: row for row in rows}


def _is_samples(value: Any) -> bool:
    if isinstance(value, _Lines):
        return True
    return is_list(value) and bool(value) and all(_is_sample(item) for item in value)


def _is_sample(item: Any) -> bool:
    if is_list(item):
        return bool(item)
    return is_object(item) and any(key in item for key in ("messages", "conversations", "instruction", "prompt"))


FORMATS = _rows(
    Format(
        "chatml",
        "ChatML text",
        "<|im_start|>user\nHi<|im_end|>\n",
        _found(rendered_text.CHATML),
        _text_chat(rendered_text.turns_of(rendered_text.CHATML), "chatml"),
        "chatml",
    ),
    Format(
        "llama3",
        "Llama 3 text",
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>",
        _found(rendered_text.LLAMA3),
        _text_chat(rendered_text.turns_of(rendered_text.LLAMA3), "llama3"),
        "llama3",
    ),
    Format(
        "gemma",
        "Gemma text",
        "<start_of_turn>user\nHi<end_of_turn>\n",
        _found(rendered_text.GEMMA),
        _text_chat(rendered_text.turns_of(rendered_text.GEMMA), "gemma"),
        "gemma",
    ),
    Format(
        "phi",
        "Phi text",
        "<|user|>\nHi<|end|>\n",
        _found(rendered_text.PHI),
        _text_chat(rendered_text.turns_of(rendered_text.PHI), "phi"),
        "phi3",
    ),
    Format(
        "mistral",
        "Mistral text",
        "<s>[INST]Hi[/INST]Hello</s>",
        lambda text: _found(rendered_text.INST)(text) and ("[SYSTEM_PROMPT]" in text or "[INST] " not in text),
        _text_chat(rendered_text.read_llama2, "mistral"),
        "mistral",
    ),
    Format(
        "llama2",
        "Llama 2 text",
        "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello </s>",
        _found(rendered_text.INST),
        _text_chat(rendered_text.read_llama2, "llama2"),
        "llama2",
    ),
    Format(
        "alpaca_text",
        "Alpaca text",
        "### Instruction:\nHi\n\n### Response:\nHello",
        _found(rendered_text.ALPACA),
        _text_chat(rendered_text.read_alpaca, "alpaca_text"),
        "alpaca",
    ),
    Format("jsonl", "JSON Lines, first sample", '{"messages": […]}\n{"messages": […]}', _is_samples, _read_samples),
    Format(
        "openai",
        "OpenAI messages",
        '[{"role": "user", "content": "Hi"}]',
        lambda v: _has("messages")(v) or _has("role")(v) or _is_list_of("role", "content")(v),
        _read_messages,
    ),
    Format(
        "sharegpt",
        "ShareGPT",
        '{"conversations": [{"from": "human", "value": "Hi"}]}',
        lambda v: _has("conversations")(v) or _has("from", "value")(v) or _is_list_of("from")(v),
        _read_sharegpt,
    ),
    Format("alpaca", "Alpaca", '{"instruction": "…", "input": "", "output": "…"}', _has("instruction"), _read_alpaca),
    Format(
        "prompt_completion",
        "Prompt and completion",
        '{"prompt": "…", "completion": "…"}',
        _has("prompt", "completion"),
        _read_prompt_completion,
    ),
    Format(
        "transcript",
        "Transcript",
        "User: Hi\nAssistant: Hello",
        lambda v: isinstance(v, str) and rendered_text.is_transcript(v),
        _text_chat(rendered_text.read_transcript, "transcript"),
    ),
    Format(
        "text",
        "Plain text, one document",
        "The cat sat on the mat.",
        lambda v: isinstance(v, str),
        lambda v: Chat((Message(DOCUMENT, v),), "text"),
    ),
)
