"""Bodies and exports of vendors: Gemini, OpenAI's Responses, ChatGPT's and Claude's exports."""

from typing import Any

from sftviz.chat.messages import Chat, ChatError, Message
from sftviz.chat.read.json_calls import read_call
from sftviz.chat.read.json_text import is_list, is_object, kind
from sftviz.chat.read.parts import read_parts, result_text
from sftviz.chat.read.places import key_place, message_place
from sftviz.chat.read.reading import Fields, Reading, has_value
from sftviz.chat.read.sample import SYSTEM_KEYS, chat_of
from sftviz.chat.read.turns import read_turn, read_turns

CONTENT_LIST = ("message", "function_call", "function_call_output", "reasoning")
EXPORT_TURN = ("role", "content", "parts", "text", "name")
CLAUDE_TURN = ("sender", "text", "content", "attachments", "files")


def is_responses(value: Any) -> bool:
    """A body, an answer, or both, of OpenAI's Responses."""
    if is_list(value):
        return any(is_object(item) and item.get("type") in CONTENT_LIST for item in value)
    return is_object(value) and (is_list(value.get("input")) or (is_list(value.get("output")) and "input" not in value))


def read_responses(value: Any, reading: Reading) -> Chat:
    fields = Fields(value if is_object(value) else {}, reading)
    items: list[Any] = list(value) if is_list(value) else []
    for key, role in (("input", "user"), ("output", "assistant")):
        held = fields.take(key)
        items += held if is_list(held) else [] if held is None else [{"role": role, "content": held}]
    turns = [message for n, item in enumerate(items, 1) for message in _item(item, n, reading)]
    if not turns:
        raise ChatError("no_messages")
    fields.leave("object", "status")
    return chat_of(fields, _joined_calls(turns), "responses", system_keys=("instructions", *SYSTEM_KEYS))


def _item(item: Any, n: int, reading: Reading) -> list[Message]:
    sort = item.get("type", "message") if is_object(item) else "message"
    if sort not in CONTENT_LIST:
        raise ChatError("item_unknown", message_place(n), sort=repr(str(sort)[:40]))
    if sort == "message":
        return read_turn({key: held for key, held in item.items() if key not in ("status", "id")}, n, reading)
    fields = Fields(item, reading, message_place(n))
    fields.leave("type", "status", "id")
    if sort == "function_call":
        kept = {key: held for key, held in item.items() if key not in ("type", "status", "id")}
        return [Message("assistant", tool_calls=(read_call(kept, reading, fields.where),))]
    if sort == "function_call_output":
        made = Message(
            "tool", result_text(fields.raw("output"), reading, fields.where), tool_call_id=fields.take("call_id")
        )
    else:
        parts: list[Any] = [*(fields.take("summary") or []), *(fields.take("content") or [])]
        if fields.take("encrypted_content"):
            reading.tell("thought_encrypted", fields.where)
        made = Message("assistant", reasoning=read_parts(parts, reading, fields.where).text)
    fields.close()
    return [made]


def _goes_on(last: Message, turn: Message) -> bool:
    """True where a thought, a text or a call belongs to the assistant's turn before it."""
    says = bool(turn.content or turn.reasoning)
    return last.role == turn.role == "assistant" and not (says and (last.tool_calls or last.content))


def _joined_calls(turns: list[Message]) -> list[Message]:
    """A thought, a text and calls that follow one another are items, but one turn of the assistant."""
    made: list[Message] = []
    for turn in turns:
        last = made[-1] if made else None
        if last and _goes_on(last, turn):
            made[-1] = Message(
                "assistant",
                last.content or turn.content,
                last.reasoning or turn.reasoning,
                last.tool_calls + turn.tool_calls,
                mark=last.mark or turn.mark,
            )
            continue
        made.append(turn)
    return made


def is_chatgpt_export(value: Any) -> bool:
    return is_object(value) and is_object(value.get("mapping"))


def read_chatgpt_export(value: dict[str, Any], reading: Reading) -> Chat:
    """The branch of the tree that was shown last: from current_node up to the root."""
    fields = Fields(value, reading)
    nodes, current = fields.raw("mapping"), fields.take("current_node")
    path = _path(nodes, current if isinstance(current, str) and current in nodes else _last_leaf(nodes))
    left = sum(is_object(node) and has_value(node.get("message")) for node in nodes.values())
    held = [nodes[key]["message"] for key in path if is_object(nodes[key].get("message"))]
    if left > len(held):
        reading.tell("branches_left_out", key_place("mapping"), count=left - len(held))
    turns = [_export_turn(message) for message in held]
    spoken = [turn for turn in turns if turn is not None]
    fields.leave("id", "conversation_id", "title", "create_time", "update_time", "mapping")
    return chat_of(fields, read_turns(spoken, reading), "chatgpt_export")


def _last_leaf(nodes: dict[str, Any]) -> str:
    leaves = [key for key, node in nodes.items() if is_object(node) and not node.get("children")]
    if not leaves:
        raise ChatError("tree_without_end", key_place("mapping"))
    return leaves[-1]


def _path(nodes: dict[str, Any], key: str | None) -> list[str]:
    path: list[str] = []
    while isinstance(key, str) and is_object(nodes.get(key)) and key not in path[-1:] and len(path) <= len(nodes):
        path.append(key)
        key = nodes[key].get("parent")
    return path[::-1]


def _export_turn(message: dict[str, Any]) -> dict[str, Any] | None:
    """The turn of a node; None for the empty ones that every export begins with. Its weight is not a training mark."""
    content = message.get("content")
    parts: Any = None
    if is_object(content):
        parts = content.get("parts", content.get("text", content.get("result", content.get("thoughts"))))
    elif isinstance(content, str):
        parts = content
    texts: list[Any] = [parts] if isinstance(parts, str) else parts if is_list(parts) else []
    texts = [_export_part(part) for part in texts if has_value(part)]
    author = message.get("author")
    if not texts:
        return None
    named = {"name": author["name"]} if is_object(author) and isinstance(author.get("name"), str) else {}
    return {"author": author, "content": "".join(texts) if all(isinstance(t, str) for t in texts) else texts, **named}


def _export_part(part: Any) -> Any:
    if is_object(part) and "type" not in part and isinstance(part.get("content_type"), str):
        return {"type": part["content_type"], **{key: held for key, held in part.items() if key != "content_type"}}
    if is_object(part) and isinstance(part.get("content"), str):  # one of its thoughts
        return {"type": "thinking", "thinking": part["content"]}
    return part


def is_claude_export(value: Any) -> bool:
    return is_object(value) and is_list(value.get("chat_messages"))


def read_claude_export(value: dict[str, Any], reading: Reading) -> Chat:
    fields = Fields(value, reading)
    turns = [_claude_turn(turn) for turn in fields.raw("chat_messages")]
    fields.leave("uuid", "name", "created_at", "updated_at", "account", "summary")
    return chat_of(fields, read_turns(turns, reading), "claude_export")


def _claude_turn(turn: Any) -> Any:
    """`content` repeats `text` as parts: the parts are read where there are some."""
    if not is_object(turn):
        return turn
    kept = {key: held for key, held in turn.items() if key in CLAUDE_TURN and has_value(held)}
    if is_list(kept.get("content")) and isinstance(kept.get("text"), str):
        plain = [part for part in kept["content"] if is_object(part) and part.get("type") != "text"]
        shown = "".join(
            part["text"] for part in kept["content"] if is_object(part) and isinstance(part.get("text"), str)
        )
        if not plain or shown.strip() == kept["text"].strip():
            kept["content"] = [_bare_part(part) for part in kept["content"]]
            del kept["text"]
    kept.setdefault("content", kept.pop("text", ""))
    return kept


def _bare_part(part: Any) -> Any:
    if not is_object(part):
        return part
    return {key: held for key, held in part.items() if key not in ("start_timestamp", "stop_timestamp", "flags")}


def is_tree(value: Any) -> bool:
    """OpenAssistant's trees: every answer, not one of them, stands under replies."""
    return is_object(value) and (
        "message_tree_id" in value or (is_object(value.get("prompt")) and "replies" in value["prompt"])
    )


def refuse_tree(value: dict[str, Any], reading: Reading) -> Chat:
    raise ChatError("tree", keys=tuple(list(value)[:6]), kind=kind(value))
