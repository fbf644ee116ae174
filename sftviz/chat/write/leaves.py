"""Every leaf of a chat, numbered: what a template can quote. The same walk numbers them here and in the helper."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sftviz.chat.messages import Message
from sftviz.chat.read.json_text import is_list, is_object
from sftviz.chat.write.tracked import Tracked, TrackedFloat, TrackedInt
from sftviz.chat.write.values import Shapes

ALIASES = {"reasoning_content": "reasoning", "thinking": "reasoning"}


def dicts(messages: Iterable[Message], takes_parts: bool) -> list[dict[str, Any]]:
    """The messages as a template reads them; takes_parts: with every content as a list of one text."""
    found = [message.to_dict() for message in messages]
    if takes_parts:
        found = [{**message, "content": [{"type": "text", "text": message["content"]}]} for message in found]
    return found


@dataclass(frozen=True)
class Leaf:
    """A text of the chat. message: whose, None for a tool on offer. field: see `Span.field`.

    kind: "text" or "number", "constant" (true, false, null), "key" of an object, "shape": a container's punctuation.
    """

    message: int | None
    field: str
    kind: str
    text: str = ""

    @property
    def is_quoted(self) -> bool:
        """False for punctuation, which no character of the chat stands for."""
        return self.kind != "shape"

    @property
    def is_message_text(self) -> bool:
        return self.message is not None and self.kind == "text" and self.field in ("role", "content", "reasoning")


@dataclass(frozen=True)
class Item:
    """What a loop may go over: kind "turn", "call" or "tool"; index: which message, or which tool."""

    kind: str
    index: int


class Leaves:
    """The messages and tools of a chat with every leaf tracked, and the tables that its numbers point into.

    `instead` puts other words, untracked, in the place of some leaves.
    """

    def __init__(self, messages: list[dict[str, Any]], tools: list[Any], instead: dict[int, Any] | None = None):
        self.instead = instead or {}
        self.table: list[Leaf] = []
        self.items: list[Item] = []
        self.item_of: dict[int, int] = {}
        self.shapes = Shapes()
        self.messages = [self._message(message, i) for i, message in enumerate(messages)]
        self.tools = [self._item(self._value(tool, None, f"tools.{k}"), "tool", k) for k, tool in enumerate(tools)]

    def _message(self, message: dict[str, Any], i: int) -> dict[str, Any]:
        tracked: dict[str, Any] = {}
        for key, value in message.items():
            if key == "tool_calls":
                tracked[key] = [self._call(call, i, j) for j, call in enumerate(value)]
            elif key == "content" and is_list(value):
                tracked[key] = [{**part, "text": self._value(part["text"], i, key)} for part in value]
            else:
                tracked[key] = self._value(value, i, ALIASES.get(key, key))
        return self._item(tracked, "turn", i)

    def _call(self, call: dict[str, Any], i: int, j: int) -> dict[str, Any]:
        field = f"tool_calls.{j}"
        function = call["function"]
        tracked = {**call, "function": {**function, "name": self._value(function["name"], i, f"{field}.name")}}
        tracked["function"]["arguments"] = self._value(function["arguments"], i, f"{field}.arguments")
        shape = self._new(i, field, "shape")
        self.shapes.containers.update({id(tracked): shape, id(tracked["function"]): shape})
        if "id" in call:
            tracked["id"] = self._value(call["id"], i, f"{field}.id")
        return self._item(tracked, "call", i)

    def _item(self, value: Any, kind: str, index: int) -> Any:
        if is_object(value):
            self.item_of[id(value)] = len(self.items)
        self.items.append(Item(kind, index))
        return value

    def _new(self, message: int | None, field: str, kind: str, text: str = "") -> int:
        self.table.append(Leaf(message, field, kind, text))
        return len(self.table) - 1

    def _value(self, value: Any, message: int | None, field: str) -> Any:
        if isinstance(value, str):
            return self._text(value, self._new(message, field, "text", value))
        if is_object(value):
            return self._object(value, message, field)
        if is_list(value) or isinstance(value, tuple):
            return self._list([*value], message, field)
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = (TrackedInt if isinstance(value, int) else TrackedFloat)(value)
            number.leaf = self._new(message, field, "number", str(value))
            return self.instead.get(number.leaf, number)
        return value

    def _text(self, text: str, leaf: int) -> str:
        return self.instead[leaf] if leaf in self.instead else Tracked.leaf(text, leaf)

    def _object(self, value: dict[Any, Any], message: int | None, field: str) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        self.shapes.containers[id(made)] = self._new(message, field, "shape")
        for key, item in value.items():
            inner = f"{field}.{key}"
            name = self._text(key, self._new(message, f"{inner}#key", "key", key)) if isinstance(key, str) else key
            made[name] = self._value(item, message, inner)
            self._note_constant(made, key, item, message, inner)
        return made

    def _list(self, value: list[Any], message: int | None, field: str) -> list[Any]:
        made: list[Any] = []
        self.shapes.containers[id(made)] = self._new(message, field, "shape")
        for i, item in enumerate(value):
            made.append(self._value(item, message, f"{field}.{i}"))
            self._note_constant(made, i, item, message, f"{field}.{i}")
        return made

    def _note_constant(self, container: Any, key: Any, value: Any, message: int | None, field: str) -> None:
        if value is None or isinstance(value, bool):
            self.shapes.constants[id(container), key] = self._new(message, field, "constant", str(value))
