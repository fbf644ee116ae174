"""What every chat is looked at for, whatever form it came in: roles, and characters that no text may hold."""

from dataclasses import replace
from typing import Any

from sftviz.chat.messages import DOCUMENT, Chat, ChatError, Message, Notice, ToolCall, Written
from sftviz.chat.read.json_text import has_surrogates, is_list, is_object, short, without_surrogates
from sftviz.chat.read.places import key_place, message_place, placed
from sftviz.chat.read.reading import Reading
from sftviz.chat.read.roles import CONTROL_TOKEN, check_role
from sftviz.chat.read.turns import MOST_MESSAGES, read_turn
from sftviz.words import Said

__all__ = ["CONTROL_TOKEN", "finished", "message_of", "placed", "short", "with_roles_checked"]


def message_of(item: Any, i: int, notices: list[Notice]) -> Message:
    """The i-th turn, counted from 0, of a text; what is told of it goes to `notices`."""
    reading = Reading(read_text=_document)
    made = read_turn(item, i + 1, reading)
    notices += reading.told()
    return made[0]


def _document(text: str) -> Chat:
    return Chat((Message(DOCUMENT, text),), "text", template="plain")


def with_roles_checked(chat: Chat) -> Chat:
    """A chat read from text: its roles are looked at, its messages counted."""
    if len(chat.messages) > MOST_MESSAGES:
        raise ChatError("too_many_messages", count=len(chat.messages), most=MOST_MESSAGES)
    reading = Reading(read_text=_document)
    for n, message in enumerate(chat.messages, 1):
        check_role(message.role, n, reading)
    told = [notice for notice in reading.told() if notice not in chat.notices]
    return replace(chat, notices=(*told, *chat.notices))


def finished(chat: Chat) -> Chat:
    """Lone surrogates would break every tokenizer: each is U+FFFD from here on, and told with its place."""
    notices: list[Notice] = []
    messages = [_without_surrogates(message, n, notices) for n, message in enumerate(chat.messages, 1)]
    tools = tuple(_mended(tool, key_place("tools"), notices) for tool in chat.tools)
    variables = _mended(dict(chat.variables), key_place("chat_template_kwargs"), notices)
    written = chat.written and _written(chat.written)
    told = [replace(notice, values=_clean(dict(notice.values))) for notice in (*notices, *chat.notices)]
    return replace(
        chat, messages=tuple(messages), tools=tools, variables=variables, written=written, notices=tuple(_once(told))
    )


def _written(written: Written) -> Written:
    """A role is read from the text: what is mended there is mended in it."""
    spans = tuple(replace(span, role=without_surrogates(span.role, [])) for span in written.spans)
    return Written(without_surrogates(written.text, []), spans)


def _once(notices: list[Notice]) -> list[Notice]:
    return list({repr(notice): notice for notice in notices}.values())


def _mended(value: Any, where: Said, notices: list[Notice]) -> Any:
    told: list[Said] = []
    mended = without_surrogates(value, told)
    notices += [Notice("lone_surrogate", where, dict(said.values)) for said in told]
    return mended


def _without_surrogates(message: Message, n: int, notices: list[Notice]) -> Message:
    names = ("role", "content", "reasoning", "name", "tool_call_id", "inline")
    if not message.tool_calls and not has_surrogates("".join(getattr(message, name) or "" for name in names)):
        return message
    calls = [[call.name, call.arguments, call.id] for call in message.tool_calls]
    held = {name: getattr(message, name) for name in names}
    if message.inline is not None:  # its halves repeat it
        halves = {name: without_surrogates(held.pop(name), []) for name in ("content", "reasoning")}
    else:
        halves = {}
    mended = _mended([held, calls], message_place(n), notices)
    return replace(message, tool_calls=tuple(ToolCall(*call) for call in mended[1]), **mended[0], **halves)


def _clean(value: Any) -> Any:
    """A notice's values, so that they can be printed."""
    if isinstance(value, tuple):
        return tuple(_clean(item) for item in value)  # pyright: ignore[reportUnknownVariableType]
    return without_surrogates(value, []) if isinstance(value, str) or is_object(value) or is_list(value) else value
