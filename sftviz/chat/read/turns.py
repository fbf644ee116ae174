"""One turn, in any dialect of role and content -> its messages. A mixture of dialects is read turn by turn."""

from dataclasses import replace
from typing import Any

from sftviz.chat.messages import ROLES, ChatError, Message, ToolCall, TrainingMark
from sftviz.chat.read.json_calls import json_within, read_calls
from sftviz.chat.read.json_text import is_list, is_object, kind, short
from sftviz.chat.read.marks import Range, read_mark
from sftviz.chat.read.parts import Parts, read_parts, result_text
from sftviz.chat.read.places import message_place
from sftviz.chat.read.reading import Fields, Reading, has_value
from sftviz.chat.read.roles import CALL_WORDS, SPEAKER_KEYS, check_role, role_of
from sftviz.chat.read.thought import split_thought

ROLE_KEYS = ("role", "from", "sender", "speaker", "author")
CONTENT_KEYS = ("content", "value", "parts", "text", "message")
REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")
MOST_MESSAGES = 20_000


def read_turns(turns: Any, reading: Reading, first: int = 1) -> list[Message]:
    """Every turn's messages. `first` is the number of the first turn, for the places."""
    if is_object(turns):
        turns = rows_of_columns(turns) or [turns]
    if not is_list(turns):
        raise ChatError("turns_type", kind=kind(turns))
    if not turns:
        raise ChatError("no_messages")
    if len(turns) > MOST_MESSAGES:
        raise ChatError("too_many_messages", count=len(turns), most=MOST_MESSAGES)
    if all(isinstance(turn, str) for turn in turns):
        return _alternating(turns, reading)
    return [message for n, turn in enumerate(turns, first) for message in _read_any(turn, n, reading)]


def rows_of_columns(value: dict[str, Any]) -> list[dict[str, Any]] | None:
    """A list of turns that Arrow holds as columns: {"role": [...], "content": [...]}; None where it is none."""
    columns = list(value.values())
    if not columns or not all(is_list(column) for column in columns) or not set(value) & {*ROLE_KEYS}:
        return None
    if len({len(column) for column in columns}) != 1:
        raise ChatError("columns_differ", keys=tuple(map(short, value)))
    return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]


def _alternating(turns: list[str], reading: Reading) -> list[Message]:
    """UltraChat and old ShareGPT: texts only, the user first."""
    if len(turns) < 2:
        raise ChatError("not_a_message", message_place(1), kind=kind(turns[0]))
    reading.tell("roles_by_turns", None, "note")
    roles = ("user", "assistant")
    return [_spoken(roles[i % 2], turn) for i, turn in enumerate(turns)]


def _read_any(turn: Any, n: int, reading: Reading) -> list[Message]:
    if (plain := _plain_turn(turn)) is not None:
        return [plain]
    if is_list(turn) and len(turn) == 2 and all(isinstance(said, str | None) for said in turn):
        return pair(turn, n, reading)
    if is_object(turn) and not set(turn) & {*ROLE_KEYS, "type", "parts"} and _speakers(turn):
        return _by_speaker(turn, n, reading)
    return read_turn(turn, n, reading)


def _plain_turn(turn: Any) -> Message | None:
    """The commonest turn, in a few steps: one of OpenAI's roles, a text, and nothing else."""
    if not is_object(turn) or len(turn) != 2:
        return None
    role, content = turn.get("role"), turn.get("content")
    return _spoken(role, content) if type(role) is str and role in ROLES and type(content) is str else None


def pair(said: list[Any], n: int, reading: Reading) -> list[Message]:
    """[asked, answered], as in a history."""
    both = zip(("user", "assistant"), said, strict=True)
    return [_spoken(role, text or "") for role, text in both if text is not None]


def _speakers(turn: dict[str, Any]) -> list[str]:
    """The keys that name who speaks, where they name at least a user or an assistant and hold text."""
    keys = [key for key, said in turn.items() if key.lower() in SPEAKER_KEYS and isinstance(said, str)]
    return keys if {SPEAKER_KEYS[key.lower()] for key in keys} & {"user", "assistant"} else []


def _by_speaker(turn: dict[str, Any], n: int, reading: Reading) -> list[Message]:
    """A turn keyed by its speakers: {"human": "Hi", "assistant": "Hello"}; XTuner's system, input, output."""
    fields, keys = Fields(turn, reading, message_place(n)), _speakers(turn)
    order = {"system": 0, "user": 1, "assistant": 2}
    keys = sorted((key for key in keys if turn[key]), key=lambda key: order[SPEAKER_KEYS[key.lower()]])
    roles = [SPEAKER_KEYS[key.lower()] for key in keys]
    if len(set(roles)) < len(roles):
        raise ChatError("speakers_twice", message_place(n), keys=tuple(keys))
    reading.tell("turns_by_speaker", None, "note", keys=tuple(keys), roles=tuple(roles))
    made = [_spoken(role, fields.raw(key)) for key, role in zip(keys, roles, strict=True)]
    fields.leave(*(key for key in _speakers(turn)))
    mark = read_mark(fields, "")
    fields.close()
    return [replace(message, mark=mark) if message.role == "assistant" else message for message in made]


def read_turn(turn: Any, n: int, reading: Reading) -> list[Message]:
    where = message_place(n)
    if not is_object(turn):
        raise ChatError("not_a_message", where, kind=kind(turn))
    fields = Fields(turn, reading, where)
    word, role = _role(fields, n)
    content = fields.raw(fields.first(*CONTENT_KEYS) or "content")
    is_call = word.strip().lower() in CALL_WORDS
    made = [_call_turn(content, fields)] if is_call else _messages(role, content, fields)
    fields.leave("type")
    fields.close()
    return made


def _role(fields: Fields, n: int) -> tuple[str, str]:
    """(the data's word, the role it means). Where the key is not OpenAI's, translating is what the form is for."""
    key = fields.first(*ROLE_KEYS)
    if key is None and "parts" in fields.value:  # Gemini: one who speaks without a role is the user
        return "user", "user"
    if key is None:
        raise ChatError("role_missing", fields.where, roles=ROLES)
    word = fields.raw(key)
    if is_object(word) and isinstance(word.get("role"), str):  # ChatGPT's export
        word = word["role"]
    if not isinstance(word, str):
        raise ChatError("role_type", fields.where, key=key, kind=kind(word), roles=ROLES)
    exact = key == "role" and "parts" not in fields.value
    role = role_of(word, exact=exact)
    check_role(role, n, fields.reading)
    if exact and role != word:
        fields.reading.tell("role_read_as", fields.where, "note", word=short(word), role=role)
    return word, role


def _call_turn(content: Any, fields: Fields) -> Message:
    """A turn whose text is the JSON of its calls: ShareGPT's function_call, ms-swift's tool_call."""
    value = json_within(content, fields.where) if isinstance(content, str) else content
    calls = read_calls(value, fields.reading, fields.where)
    reasoning = _reasoning(fields)
    return Message("assistant", "", reasoning, calls, mark=read_mark(fields, ""))


def _messages(role: str, content: Any, fields: Fields) -> list[Message]:
    calls = _calls(fields)
    parts = _parts(role, content, fields)
    heads = _identity(fields)
    reasoning = _reasoning(fields) or "\n".join(thought for thought in parts.thoughts if thought)
    mark = read_mark(fields, parts.text, parts.ranges)
    calls = (*calls, *parts.calls)
    if not parts.results:
        _tell_empty(content, parts.text, calls, fields)
        return [finished_message(Message(role, parts.text, reasoning, calls, *heads, mark=mark), fields)]
    before, after = "".join(parts.texts[: parts.before_results]), "".join(parts.texts[parts.before_results :])
    around = [[Message(role, text, mark=mark)] if text else [] for text in (before, after)]
    if reasoning or calls:
        around[0] = [Message(role, before, reasoning, calls, *heads, mark=mark)]
    return [*around[0], *(replace(result, mark=mark) for result in parts.results), *around[1]]


def _parts(role: str, content: Any, fields: Fields) -> Parts:
    if is_object(content) and role != "tool" and (content.get("content_type") or isinstance(content.get("type"), str)):
        content = [content]
    if role == "tool" and not isinstance(content, str | None):
        return Parts([result_text(content, fields.reading, fields.where)])
    if is_list(content):
        parts = read_parts(content, fields.reading, fields.where)
        if parts.texts:
            fields.reading.tell("parts_joined", fields.where, "note", count=len(parts.texts))
        return parts
    if not isinstance(content, str | None):
        raise ChatError("content_type", fields.where, kind=kind(content))
    return Parts([content or ""])


def _identity(fields: Fields) -> tuple[str | None, str | None]:
    """(name, tool_call_id)."""
    found: list[str | None] = []
    for name, others in (("name", ()), ("tool_call_id", ("call_id", "tool_use_id"))):
        value = fields.take(name, *others)
        if value is not None and not isinstance(value, str):
            raise ChatError("field_type", fields.where, key=name, kind=kind(value))
        found.append(value)
    return found[0], found[1]


def _calls(fields: Fields) -> tuple[ToolCall, ...]:
    called = fields.take("tool_calls", "toolCalls")
    old = fields.take("function_call")
    if called is not None and not isinstance(called, list | str):
        raise ChatError("tool_calls_type", fields.where, kind=kind(called))
    new = read_calls(called, fields.reading, fields.where) if called else ()
    return (*new, *(read_calls(old, fields.reading, fields.where) if old else ()))


def _reasoning(fields: Fields) -> str:
    key = fields.first(*REASONING_KEYS)
    value = fields.take(*REASONING_KEYS)
    if is_list(value):
        return read_parts(value, fields.reading, fields.where).text
    if value is None:
        return fields.raw(key) or "" if key else ""
    if not isinstance(value, str):
        raise ChatError("field_type", fields.where, key=key, kind=kind(value))
    return value


def _tell_empty(content: Any, text: str, calls: tuple[ToolCall, ...], fields: Fields) -> None:
    if content is None and not text and not calls:
        fields.reading.tell("empty_content", fields.where)


def finished_message(message: Message, fields: Fields | None = None) -> Message:
    """A thought inside a reply is split off for display; where ranges count characters of the whole, it stays whole."""
    found = None if message.reasoning or message.role != "assistant" else split_thought(message.content)
    if found is None:
        return message
    if message.mark and message.mark.ranges:
        if fields:
            fields.reading.tell("thought_not_split", fields.where, "note")
        return message
    return replace(message, reasoning=found[0], content=found[1], inline=message.content)


def _spoken(role: str, text: str) -> Message:
    """A turn that is nothing but text."""
    return finished_message(Message(role, text))


def with_weight(messages: list[Message], key: str, weight: float) -> list[Message]:
    """A weight of the whole sample, on each of its replies: it multiplies the reply's own."""

    def weighed(message: Message) -> Message:
        if message.role != "assistant":
            return message
        own = message.mark
        if own is None:
            return replace(message, mark=TrainingMark(key, weight))
        ranges: tuple[Range, ...] = tuple((start, end, part * weight) for start, end, part in own.ranges)
        return replace(
            message, mark=replace(own, weight=weight * (1.0 if own.weight is None else own.weight), ranges=ranges)
        )

    return [weighed(message) for message in messages]


def is_turn(value: Any) -> bool:
    """True of an object that says who speaks."""
    return is_object(value) and any(has_value(value.get(key)) for key in ROLE_KEYS)
