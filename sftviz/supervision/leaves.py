"""The leaves of a chat by name: "content", "tool_calls.0.arguments.city", "tools.1.function.description"."""

import json
from typing import Any

from sftviz.chat.messages import Chat
from sftviz.chat.read.json_text import is_list, is_object


def leaf_text(chat: Chat, source: int | None, field: str) -> str | None:
    """The text of a leaf as it was pasted; None where there is none of that name.

    source: index of the message; None for the tools.
    """
    if source is None:
        holder: Any = {"tools": list(chat.tools)}
    elif 0 <= source < len(chat.messages):
        one = chat.messages[source]
        calls = [{"name": call.name, "arguments": call.arguments, "id": call.id} for call in one.tool_calls]
        holder = {"content": one.content, "reasoning": one.reasoning, "name": one.name, "tool_calls": calls}
        holder["tool_call_id"] = one.tool_call_id
    else:
        return None
    return _walk(holder, field)


def whole_text(chat: Chat, source: int | None, field: str) -> str | None:
    """A whole call or tool, "tool_calls.1" or "tools.0", as JSON; None for any other field."""
    kind, _, number = field.partition(".")
    if not number.isdigit():
        return None
    if source is None and kind == "tools":
        return json.dumps(chat.tools[int(number)], ensure_ascii=False)
    if source is not None and kind == "tool_calls":
        call = chat.messages[source].tool_calls[int(number)]
        return json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False)
    return None


def _walk(holder: Any, path: str) -> str | None:
    """Keys may hold dots themselves: the longest key that fits is taken."""
    if not path:
        return holder if isinstance(holder, str) else None
    if is_list(holder):
        head, _, rest = path.partition(".")
        return _walk(holder[int(head)], rest) if head.isdigit() and int(head) < len(holder) else None
    if not is_object(holder):
        return None
    for key in sorted(map(str, holder), key=len, reverse=True):
        if path == key or path.startswith(f"{key}."):
            return _walk(holder[key], path[len(key) + 1 :])
    return None
