"""Tool calls and lists of tools, in OpenAI's shape, its old one, Anthropic's and Gemini's."""

from collections.abc import Iterator
from typing import Any

from sftviz.chat.messages import ChatError, ToolCall
from sftviz.chat.read.json_text import is_list, is_object, is_writable, kind, read_json, repeated_keys
from sftviz.chat.read.places import key_place, placed, within
from sftviz.chat.read.reading import Fields, Reading, has_value
from sftviz.words import Said

MOST_PATHS = 8
DECLARATIONS = ("functionDeclarations", "function_declarations")


def json_within(text: str, where: Said | None) -> Any:
    """The value of JSON that stands inside a string of the chat's JSON."""
    try:
        return read_json(text)
    except ChatError as error:
        raise placed(error, where) from error


def read_calls(value: Any, reading: Reading, where: Said | None) -> tuple[ToolCall, ...]:
    """tool_calls as a list, one call, or the JSON of either."""
    if isinstance(value, str):
        value = json_within(value, where)
    calls = value if is_list(value) else [value]
    return tuple(
        read_call(call, reading, within(where, Said("place.tool_call", n=j))) for j, call in enumerate(calls, 1)
    )


def read_call(call: Any, reading: Reading, where: Said | None) -> ToolCall:
    """A call: {"function": {"name", "arguments"}}, or the inner object alone; also name and args, or name and input."""
    if isinstance(call, str):
        call = json_within(call, where)
    outer = Fields(call if is_object(call) else {}, reading, where)
    inner = outer.raw("function") if "function" in outer.value else call
    if isinstance(inner, str) and "function" in outer.value:
        inner = {"name": inner} | {key: outer.raw(key) for key in ("arguments", "parameters") if key in outer.value}
    if not is_object(inner) or not isinstance(inner.get("name"), str):
        raise ChatError("tool_call", where, kind=kind(call))
    fields = outer if inner is call else outer.within(inner)
    outer.leave("type", "index")
    key = fields.first("arguments", "args", "input", "parameters")
    arguments = read_arguments(fields.raw(key) if key else None, reading, where)
    made = ToolCall(fields.raw("name"), arguments, _id(outer) or _id(fields))
    fields.close()
    if fields is not outer:
        outer.close()
    return made


def _id(fields: Fields) -> str | None:
    found = fields.take("id", "call_id", "tool_call_id", "toolUseId")
    return None if found is None else str(found)


def read_arguments(arguments: Any, reading: Reading, where: Said | None) -> dict[str, Any] | str:
    arguments = {} if arguments is None else arguments
    value = _value_within(arguments)
    if isinstance(arguments, str) and isinstance(value, str) and is_object(_value_within(value)):
        reading.tell("double_encoded", where)
        value = _value_within(value)
    if is_object(value) and is_writable(value):
        tell_nulls(value, reading, where)
        return dict(value)
    if not isinstance(arguments, str):
        raise ChatError("tool_arguments", where, kind=kind(arguments))
    if arguments.strip():
        reading.tell("arguments_are_text", where)
        return arguments
    reading.tell("arguments_are_blank", where, "note")
    return {}


def tell_nulls(value: Any, reading: Reading, where: Said | None) -> None:
    """Arrow gives every row the keys of all rows, null where a row has none: the template writes each null."""
    paths = list(_null_paths(value))
    if paths:
        more = len(paths) - MOST_PATHS
        named = tuple(paths[:MOST_PATHS])
        if more > 0:
            reading.tell("null_values_and_more", where, keys=named, more=more)
        else:
            reading.tell("null_values", where, keys=named)


def _null_paths(value: Any, prefix: str = "") -> Iterator[str]:
    if value is None:
        yield prefix or "null"
    pairs = value.items() if is_object(value) else enumerate(value) if is_list(value) else ()
    for key, item in pairs:
        yield from _null_paths(item, f"{prefix}.{key}" if prefix else str(key))


def _value_within(value: Any) -> Any:
    """The value of a string's JSON; whatever is not JSON as it is."""
    if not isinstance(value, str):
        return value
    try:
        read = read_json(value)
    except ChatError:
        return value
    return value if repeated_keys(read) else read


def read_tools(value: Any, reading: Reading, key: str = "tools") -> tuple[dict[str, Any], ...]:
    """The list of tools as it is written; one of another vendor's shape is put into OpenAI's, and that is told."""
    where = key_place(key)
    if isinstance(value, str):
        value = json_within(value, where) if value.strip() else None
    if not has_value(value):
        return ()
    if is_object(value):
        value = [value]
    if not is_list(value):
        raise ChatError("tools", where, kind=kind(value))
    tools = [made for j, tool in enumerate(value, 1) for made in _tool(tool, j, key, reading, where)]
    for tool in tools:
        tell_nulls(tool, reading, where)
    return tuple(tools)


def _tool(tool: Any, j: int, key: str, reading: Reading, where: Said) -> list[dict[str, Any]]:
    if isinstance(tool, str):
        tool = json_within(tool, where)
    if not is_object(tool) or not is_writable(tool):
        raise ChatError("tool", where, n=j, kind=kind(tool))
    declared = next((tool[name] for name in DECLARATIONS if is_list(tool.get(name))), None)
    if declared is not None:
        beside = Fields(tool, reading, where)
        beside.leave(*DECLARATIONS)
        beside.close()
    inner: list[Any] = declared if declared is not None else [tool]
    is_foreign = declared is not None or key == "functions" or "input_schema" in tool or _is_flat(tool)
    if not is_foreign:
        return [dict(tool)]
    reading.tell("tools_reshaped", where, "note")
    return [{"type": "function", "function": _function(item, j, where)} for item in inner]


def _is_flat(tool: dict[str, Any]) -> bool:
    """OpenAI's Responses: the function's keys stand beside its type."""
    return tool.get("type") == "function" and "function" not in tool and "name" in tool


def _function(item: Any, j: int, where: Said) -> dict[str, Any]:
    if not is_object(item):
        raise ChatError("tool", where, n=j, kind=kind(item))
    named = {"input_schema": "parameters"}
    return {named.get(key, key): value for key, value in item.items() if key != "type"}
