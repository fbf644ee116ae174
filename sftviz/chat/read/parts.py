"""A content list -> what its parts are: text, thoughts, tool calls, tool results, media."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sftviz.chat.messages import ChatError, Message, ToolCall
from sftviz.chat.read.json_calls import read_arguments, read_call
from sftviz.chat.read.json_text import is_list, is_object, is_writable, kind, short
from sftviz.chat.read.marks import Range, part_range
from sftviz.chat.read.places import within
from sftviz.chat.read.reading import Fields, Reading
from sftviz.words import Said


@dataclass
class Parts:
    """What a content list holds. A tool's result is a turn of its own; `before_results` is the text ahead of it."""

    texts: list[str] = field(default_factory=list[str])
    thoughts: list[str] = field(default_factory=list[str])
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    results: list[Message] = field(default_factory=list[Message])
    ranges: list[Range] = field(default_factory=list[Range])
    before_results: int = 0  # how many of the texts stand before the first result

    @property
    def text(self) -> str:
        return "".join(self.texts)


# How a part's type is told where it has none: by the key that holds it
TYPE_BY_KEY = {
    "text": "text", "value": "text", "thinking": "thinking", "functionCall": "functionCall",
    "function_call": "functionCall",
    "functionResponse": "functionResponse", "function_response": "functionResponse",
    "toolUse": "toolUse", "toolResult": "toolResult", "inlineData": "inlineData", "inline_data": "inlineData",
    "fileData": "fileData", "file_data": "fileData", "image_url": "image_url", "image": "image", "audio": "audio",
    "video": "video", "document": "document", "content_type": "",
}  # fmt: skip
# What shows in the place of a part that is not text; how many tokens it becomes is the processor's business
MEDIA = {
    **dict.fromkeys(("image_url", "image", "input_image", "inlineData", "image_asset_pointer"), "<image>"),
    **dict.fromkeys(("audio_url", "audio", "input_audio"), "<audio>"),
    **dict.fromkeys(("video_url", "video", "input_video"), "<video>"),
    **dict.fromkeys(("file", "input_file", "document", "fileData"), "<file>"),
}


def read_parts(content: list[Any], reading: Reading, where: Said | None) -> Parts:
    parts = Parts()
    for j, part in enumerate(content, 1):
        place = within(where, Said("place.part", n=j))
        if isinstance(part, str):
            parts.texts.append(part)
        else:
            fields = Fields(part if is_object(part) else {}, reading, place)
            sort = _sort(part, place)
            READERS.get(sort, _media)(sort, fields, parts)
            fields.leave(
                "type", "cache_control", "citations", "annotations", "logprobs", "signature", "thoughtSignature"
            )
            fields.close()
    return parts


def _sort(part: Any, place: Said | None) -> str:
    if not is_object(part):
        raise ChatError("part_type", place, kind=kind(part))
    sort = part.get("type")
    if isinstance(sort, str) and sort:
        return sort
    return next((found for key, found in TYPE_BY_KEY.items() if part.get(key) is not None), "text")


def _text(sort: str, fields: Fields, parts: Parts) -> None:
    key = fields.first("text", "value", "content", sort) or "text"
    text = fields.raw(key)
    if not isinstance(text, str):
        raise ChatError("part_text", fields.where, kind=kind(text))
    if fields.take("thought") is True:  # Gemini
        parts.thoughts.append(text)
        return
    parts.ranges += part_range(fields, len(parts.text), text)
    _told_if_late(fields, parts)
    parts.texts.append(text)


def _thought(sort: str, fields: Fields, parts: Parts) -> None:
    """Anthropic's thinking, Mistral's list of texts, OpenAI's summary."""
    held = fields.take(sort, "thinking", "text", "value", "reasoning", "content", "summary")
    inner = read_parts(held, fields.reading, fields.where).text if is_list(held) else held
    if inner is not None and not isinstance(inner, str):
        raise ChatError("part_text", fields.where, kind=kind(inner))
    _told_if_late(fields, parts)
    parts.thoughts.append(inner or "")


def _hidden_thought(sort: str, fields: Fields, parts: Parts) -> None:
    fields.take("data", "encrypted_content")
    fields.reading.tell("thought_encrypted", fields.where)


def _told_if_late(fields: Fields, parts: Parts) -> None:
    if parts.calls:
        fields.reading.tell("parts_reordered", fields.where)


def _call(sort: str, fields: Fields, parts: Parts) -> None:
    """tool_use, toolUse, functionCall; LLaMA-Factory's tool_call, whose value is the JSON of the call."""
    held = fields.take(sort, "toolUse", "functionCall", "function_call", "value")
    if isinstance(held, str):
        parts.calls.append(read_call(held, fields.reading, fields.where))
    elif held is None:
        name, arguments, id = fields.raw("name"), fields.raw("input"), fields.take("id", "call_id")
        if arguments is None:
            arguments = fields.take("arguments", "args")
        if not isinstance(name, str):
            raise ChatError("tool_call", fields.where, kind=kind(fields.value))
        made = read_arguments(arguments, fields.reading, fields.where)
        parts.calls.append(ToolCall(name, made, None if id is None else str(id)))
    else:
        parts.calls.append(read_call(held, fields.reading, fields.where))


def _result(sort: str, fields: Fields, parts: Parts) -> None:
    """tool_result, toolResult, functionResponse: what the tool said, as a turn of the tool."""
    held = fields.take("toolResult", "functionResponse", "function_response")
    inner = fields.within(held) if is_object(held) else fields
    key = inner.first("content", "response", "output", "value", "text") or "content"
    said = result_text(inner.raw(key), fields.reading, fields.where)
    id, name = inner.take("tool_use_id", "toolUseId", "call_id", "id"), inner.take("name")
    if not parts.results:
        parts.before_results = len(parts.texts)
    if parts.before_results < len(parts.texts):
        fields.reading.tell("parts_reordered", fields.where)
    parts.results.append(
        Message("tool", said, name=None if name is None else str(name), tool_call_id=None if id is None else str(id))
    )
    if inner.raw("is_error"):
        fields.reading.tell("tool_error", fields.where, "note")
    if inner is not fields:
        inner.close()


def result_text(value: Any, reading: Reading, where: Said | None) -> str:
    """What a tool returned as text: a text as it is, text parts joined, an object as its JSON, which is told."""
    if isinstance(value, str) or value is None:
        return value or ""
    if is_list(value) and value and all(_is_part(item) for item in value):
        return read_parts(value, reading, where).text
    if not is_writable(value):
        raise ChatError("content_type", where, kind=kind(value))
    reading.tell("result_as_json", where, kind=kind(value))
    return json.dumps(value, ensure_ascii=False)


def _is_part(item: Any) -> bool:
    if isinstance(item, str):
        return True
    return is_object(item) and (isinstance(item.get("type"), str) or isinstance(item.get("text"), str))


def _media(sort: str, fields: Fields, parts: Parts) -> None:
    known = sort in MEDIA
    if fields.reading.media == "refuse" or not known:
        raise ChatError("not_text" if known else "part_unknown", fields.where, sort=short(sort))
    _told_if_late(fields, parts)
    parts.texts.append(MEDIA[sort])
    fields.reading.tell("media_placeholder", fields.where, sort=short(sort), shown=MEDIA[sort])
    fields.leave(*fields.value)


Reader = Callable[[str, Fields, Parts], None]
READERS: dict[str, Reader] = {
    **dict.fromkeys(("text", "input_text", "output_text", "summary_text", "reasoning_text", "refusal"), _text),
    **dict.fromkeys(("thinking", "reasoning", "thought", "thoughts"), _thought),
    **dict.fromkeys(("redacted_thinking",), _hidden_thought),
    **dict.fromkeys(("tool_use", "toolUse", "functionCall", "function_call", "tool_call", "server_tool_use"), _call),
    **dict.fromkeys(("tool_result", "toolResult", "functionResponse", "tool_response"), _result),
}
