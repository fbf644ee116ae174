"""The leaves of a chat by name: "content", "tool_calls.0.arguments.city", "tools.1.function.description"."""

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
