"""What stands beside the turns of a sample: system text, tools, template variables, weight, media, a KTO label."""

from collections.abc import Sequence
from typing import Any

from sftviz.chat.messages import Chat, ChatError, Message
from sftviz.chat.read.json_calls import json_within, read_tools
from sftviz.chat.read.json_text import is_list, is_object, kind
from sftviz.chat.read.marks import sample_weight
from sftviz.chat.read.parts import read_parts
from sftviz.chat.read.places import key_place
from sftviz.chat.read.reading import Fields, has_value
from sftviz.chat.read.turns import with_weight

SYSTEM_KEYS = ("system", "system_prompt", "systemPrompt", "system_message", "systemInstruction", "system_instruction")
MEDIA_KEYS = ("images", "image", "videos", "video", "audios", "audio")
LABEL_KEYS = ("label", "kto_tag", "kto_label")


def chat_of(
    fields: Fields,
    turns: Sequence[Message],
    form: str,
    *,
    system_keys: tuple[str, ...] = SYSTEM_KEYS,
    template: str | None = None,
    completion_start: int | None = None,
) -> Chat:
    """The chat of a sample's turns and of every key beside them that is read; the other keys are told."""
    system = _system(fields, system_keys)
    messages = [*system, *_weighed(fields, list(turns))]
    if system and turns and turns[0].role == "system":
        fields.reading.tell("two_systems", None)
    start = None if completion_start is None else completion_start + len(system)
    tools, variables = _tools(fields), _variables(fields)
    tell_beside(fields)
    fields.close()
    return Chat(tuple(messages), form, tools=tools, template=template, completion_start=start, variables=variables)


def _system(fields: Fields, keys: tuple[str, ...]) -> list[Message]:
    key = fields.first(*keys)
    said = fields.take(*keys)
    if said is None:
        return []
    if is_object(said):
        inner = fields.within(said, key_place(key or ""))
        said = inner.take("parts", "content", "text")
        inner.leave("role", "type")
        inner.close()
    if is_list(said):
        said = read_parts(said, fields.reading, key_place(key or "")).text
    if not isinstance(said, str):
        raise ChatError("system_type", key_place(key or ""), kind=kind(said))
    return [Message("system", said)]


def _weighed(fields: Fields, turns: list[Message]) -> list[Message]:
    weight = sample_weight(fields)
    if weight is None:
        return turns
    fields.reading.tell("sample_weight", None, "note", weight=weight)
    return with_weight(turns, "weight", weight)


def _tools(fields: Fields) -> tuple[dict[str, Any], ...]:
    found = [(key, fields.take(key)) for key in ("tools", "functions") if fields.holds(key)]
    return tuple(tool for key, value in found for tool in read_tools(value, fields.reading, key))


def _variables(fields: Fields) -> dict[str, Any]:
    """chat_template_kwargs, which TRL hands to the template."""
    given = fields.take("chat_template_kwargs")
    where = key_place("chat_template_kwargs")
    if isinstance(given, str):
        given = json_within(given, where)
    if not has_value(given):
        return {}
    if not is_object(given):
        raise ChatError("template_variables", where, kind=kind(given))
    return dict(given)


def tell_beside(fields: Fields) -> None:
    """Keys whose meaning is known and that the text does not show."""
    for key in MEDIA_KEYS:
        if fields.holds(key):
            held = fields.take(key)
            fields.reading.tell("media_beside", None, key=key, count=len(held) if is_list(held) else 1)
    for key in LABEL_KEYS:
        if isinstance(fields.value.get(key), bool):
            fields.reading.tell("kto_label" if fields.raw(key) else "kto_undesired", None, key=key)
