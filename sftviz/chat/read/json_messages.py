"""JSON objects -> messages: OpenAI's shape, its parts, calls and reasoning; and what every chat is checked for."""

import re
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sftviz.chat.messages import DOCUMENT, ROLES, Chat, ChatError, Message, Notice, ToolCall
from sftviz.chat.read import rendered_text
from sftviz.chat.read.json_text import (
    is_list,
    is_object,
    is_writable,
    kind,
    read_json,
    repeated_keys,
    without_surrogates,
)

CONTROL_TOKEN = re.compile(r"<[|｜][^|｜<>\s]*[|｜]>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>")
REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")


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


def read_messages(value: Any, form: str = "openai") -> Chat:
    holder = value if is_object(value) else {}
    raw = holder.get("messages", value)
    if is_object(raw):
        raw = [raw]
    if not is_list(raw):
        raise ChatError("not_a_chat", f"messages is {kind(raw)}, expected a list", remedy="give a list of messages")
    if not raw:
        raise ChatError("no_messages", "the list holds no messages", remedy="add at least one")
    notices: list[Notice] = []
    messages = [message_of(item, i, notices) for i, item in enumerate(raw)]
    return Chat(tuple(messages), form, tools=_tools(holder.get("tools")), notices=tuple(notices))


def _tools(value: Any) -> tuple[dict[str, Any], ...]:
    if not value:
        return ()
    if isinstance(value, str):
        value = json_within(value, "tools")
    remedy = 'give [{"type": "function", "function": {"name": …, "parameters": …}}]'
    if not is_list(value):
        raise ChatError("tools", f"tools is {kind(value)}, expected a list of objects", "tools", remedy)
    for j, tool in enumerate(value, 1):
        if not is_object(tool) or not is_writable(tool):
            raise ChatError("tools", f"tool {j} is {kind(tool)} that is no JSON object", "tools", remedy)
    return tuple(dict(tool) for tool in value)


def json_within(text: str, where: str) -> Any:
    """The value of JSON that stands inside a string of the chat's JSON."""
    try:
        return read_json(text)
    except ChatError as error:
        raise placed(error, where) from error


def placed(error: ChatError, place: str) -> ChatError:
    """The same error, told from one level up."""
    where = f"{place}, {error.where}" if error.where else place
    return ChatError(error.code, error.message, where, error.remedy)


def message_of(item: Any, i: int, notices: list[Notice]) -> Message:
    where = f"message {i + 1}"
    if not is_object(item):
        raise ChatError("not_a_message", f"{kind(item)}, expected an object", where, 'give {"role": …, "content": …}')
    reasoning_key = next((key for key in REASONING_KEYS if item.get(key)), REASONING_KEYS[0])
    calls = item.get("tool_calls") or ([item["function_call"]] if item.get("function_call") else None)
    try:
        raw = _Message.model_validate({**item, "reasoning_content": item.get(reasoning_key), "tool_calls": calls})
    except ValidationError as error:
        raise _shape_error(error, where, reasoning_key) from error
    content = _content(raw, where, notices)
    reasoning = raw.reasoning_content or ""
    if raw.role == "assistant" and not reasoning:
        reasoning, content = rendered_text.split_thought(content) or ("", content)
    made = [_call(call, where, j, notices) for j, call in enumerate(raw.tool_calls or [], 1)]
    return Message(raw.role, content, reasoning, tuple(made), raw.name, raw.tool_call_id)


def _shape_error(error: ValidationError, where: str, reasoning_key: str) -> ChatError:
    first = error.errors()[0]
    field = str(first["loc"][0])
    if first["type"] == "missing":
        return ChatError(f"{field}_missing", f'"{field}" is missing', where, f"add one of {', '.join(ROLES)}")
    wanted = "a list" if field == "tool_calls" else "text"
    told = reasoning_key if field == "reasoning_content" else field
    return ChatError(f"{field}_type", f"{told} is {kind(first['input'])}, expected {wanted}", where, f"give {wanted}")


def _content(raw: _Message, where: str, notices: list[Notice]) -> str:
    content = "" if raw.content is None else raw.content
    if is_list(content):
        return _joined_parts(content, where, notices)
    if content or raw.tool_calls:
        return str(content)
    if raw.content is None:
        notices.append(Notice("empty_content", "the message has no content", where))
    elif raw.role == "assistant":
        notices.append(Notice("empty_reply", "the reply is empty: at most its end token is supervised", where))
    return ""


def _joined_parts(parts: list[Any], where: str, notices: list[Notice]) -> str:
    texts = [_part(part, f"{where}, part {j}") for j, part in enumerate(parts, 1)]
    notices.append(Notice("parts_joined", f"its {len(texts)} text parts were joined into one text", where))
    return "".join(texts)


def _part(part: Any, where: str) -> str:
    if isinstance(part, str):
        return part
    sort = part.get("type", "text") if is_object(part) else "text"
    if sort not in ("text", "input_text", "output_text"):
        message = f"{short(sort)} is not text: images and sound are not supported"
        raise ChatError("not_text", message, where, "remove the part; the text parts can stay")
    text = part.get("text") if is_object(part) else part
    if not isinstance(text, str):
        raise ChatError("content_type", f"the part's text is {kind(text)}, expected text", where, "give text")
    return text


def _call(call: Any, where: str, j: int, notices: list[Notice]) -> ToolCall:
    where = f"{where}, tool call {j}"
    wrapped = call if is_object(call) and "function" in call else {"function": call}
    try:
        raw = _Call.model_validate(wrapped)
    except ValidationError as error:
        remedy = 'give {"function": {"name": …, "arguments": {…}}}'
        raise ChatError("tool_call", f"{kind(call)} without a function name", where, remedy) from error
    return ToolCall(raw.function.name, _arguments(raw.function.arguments, where, notices), raw.id)


def _arguments(arguments: Any, where: str, notices: list[Notice]) -> dict[str, Any] | str:
    value = _value_within(arguments)
    if isinstance(arguments, str) and isinstance(value, str) and is_object(_value_within(value)):
        notices.append(Notice("double_encoded", "the arguments are JSON inside JSON, twice; they were unpacked", where))
        value = _value_within(value)
    if is_object(value) and is_writable(value):
        return dict(value)
    if not isinstance(arguments, str):
        message = f"arguments is {kind(arguments)}, expected an object that JSON can hold"
        raise ChatError("tool_call", message, where, 'give {"name": value, …}')
    notices.append(Notice("arguments_are_text", "the arguments are no JSON object; they are kept as text", where))
    return arguments


def _value_within(value: Any) -> Any:
    """The value of a string's JSON; whatever is not JSON as it is."""
    if not isinstance(value, str):
        return value
    try:
        read = read_json(value)
    except ChatError:
        return value
    return value if next(repeated_keys(read), None) is not None else read


def finished(chat: Chat) -> Chat:
    """Roles and characters that would mislead, looked at once for every form; a second look adds nothing."""
    notices: list[Notice] = []
    messages: list[Message] = []
    for i, message in enumerate(chat.messages, 1):
        notices += _role_notices(message.role, f"message {i}")
        messages.append(_without_surrogates(message, f"message {i}", notices))
    told: list[str] = []
    tools = tuple(without_surrogates(tool, told) for tool in chat.tools)
    notices += [Notice("lone_surrogate", sentence, "tools") for sentence in told]
    clean = [Notice(n.code, without_surrogates(n.message, []), n.where) for n in (*notices, *chat.notices)]
    return replace(chat, messages=tuple(messages), tools=tools, notices=tuple(dict.fromkeys(clean)))


def _role_notices(role: str, where: str) -> list[Notice]:
    if CONTROL_TOKEN.search(role):
        message = f"the role {short(role)} holds a control token"
        raise ChatError("role_holds_control_token", message, where, f"name a role: {', '.join(ROLES)}")
    if role in (*ROLES, DOCUMENT):
        return []
    meant = role.strip().lower()
    if meant in ROLES:
        message = f"the role is {role!r}: did you mean {meant}? As it is, this turn is not supervised"
        return [Notice("role_near_miss", message, where)]
    return [Notice("unknown_role", f"the role {short(role)} is unknown; nothing in this turn is supervised", where)]


def _without_surrogates(message: Message, where: str, notices: list[Notice]) -> Message:
    told: list[str] = []
    fields = {name: getattr(message, name) for name in ("role", "content", "reasoning", "name", "tool_call_id")}
    calls = [ToolCall(*without_surrogates([call.name, call.arguments, call.id], told)) for call in message.tool_calls]
    mended = replace(message, tool_calls=tuple(calls), **without_surrogates(fields, told))
    notices += [Notice("lone_surrogate", sentence, where) for sentence in told]
    return mended


def short(value: Any) -> str:
    return repr(value[:40] if isinstance(value, str) else kind(value))
