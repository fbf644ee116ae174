"""Which message a template is at: every `for` tells when it comes to an item, in names that no template can say."""

import threading
from typing import Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.visitor import NodeTransformer

from sftviz.chat.read.json_text import is_object
from sftviz.chat.write.leaves import Leaves
from sftviz.chat.write.tracked import EVENT, NOTHING, TEMPLATE, Tracked, event, runs

MOST_KEYS = 32  # a dict with more is no message that a template has built anew


class Progress:
    """The loops that are open while a template runs; what it says of them goes into the text as events."""

    def __init__(self, leaves: Leaves):
        self.leaves = leaves
        self.turns = {item.index: k for k, item in enumerate(leaves.items) if item.kind == "turn"}
        self.frames: list[list[int]] = []  # [number, item it is at, 1 where its items are numbers]
        self.count = 0

    def begin(self) -> str:
        self.frames.append([self.count, NOTHING, 0])
        self.count += 1
        return ""

    def at(self, value: Any) -> str:
        frame = self.frames[-1]
        frame[2] = int(type(value) is int)
        item = self._item(value)
        if item == NOTHING == frame[1]:
            return ""
        frame[1] = item
        return event(EVENT, frame[0], item)

    def bound(self, value: Any) -> str:
        """`{% set message = messages[i] %}` in a loop over numbers: the loop is at that message."""
        item = self._item(value) if self.frames and self.frames[-1][2] and isinstance(value, dict) else NOTHING
        if item == NOTHING or self.leaves.items[item].kind != "turn":
            return ""
        self.frames[-1][1] = item
        return event(EVENT, self.frames[-1][0], item)

    def end(self) -> str:
        number, item, _ = self.frames.pop()
        return "" if item == NOTHING else event(EVENT, number, NOTHING)

    def _item(self, value: Any) -> int:
        known = self.leaves.item_of.get(id(value))
        if known is not None:
            return known
        return self._rebuilt(value) if is_object(value) and len(value) <= MOST_KEYS else NOTHING

    def _rebuilt(self, value: dict[Any, Any]) -> int:
        # A template may build its own message dicts: their texts still know whose they are
        texts = [item for item in value.values() if type(item) is Tracked and item]
        leaves = {run[1] for text in texts for run in runs(text) if run[0] and run[1] > TEMPLATE}
        owners = {self.leaves.table[leaf].message for leaf in leaves if self.leaves.table[leaf].is_message_text}
        owner = owners.pop() if len(owners) == 1 else None
        return NOTHING if owner is None else self.turns[owner]


class Loops(Extension):
    """The calls that `instrument` puts round loops. Progress is one a thread, set while a template runs."""

    now = threading.local()

    @property
    def _progress(self) -> Progress | None:
        return getattr(self.now, "progress", None)

    def begin(self) -> str:
        return self._progress.begin() if self._progress else ""

    def at(self, value: Any) -> str:
        return self._progress.at(value) if self._progress else ""

    def bound(self, value: Any) -> str:
        return self._progress.bound(value) if self._progress else ""

    def end(self) -> str:
        return self._progress.end() if self._progress else ""


class instrument(NodeTransformer):
    """Put the calls round every loop over single names, and after every name set inside one."""

    def __init__(self, environment: Any):
        self.environment = environment
        self.depth = 0

    def visit_For(self, node: nodes.For) -> Any:
        self.depth += 1
        visited: Any = self.generic_visit(node)
        node = visited
        self.depth -= 1
        if not isinstance(node.target, nodes.Name):
            return node
        node.body.insert(0, self._call("at", node.lineno, node.target.name))
        return [self._call("begin", node.lineno), node, self._call("end", node.lineno)]

    def visit_Assign(self, node: nodes.Assign) -> Any:
        visited: Any = self.generic_visit(node)
        node = visited
        if not self.depth or not isinstance(node.target, nodes.Name):
            return node
        return [node, self._call("bound", node.lineno, node.target.name)]

    def visit_Macro(self, node: nodes.Macro) -> Any:
        depth, self.depth = self.depth, 0
        visited: Any = self.generic_visit(node)
        node = visited
        self.depth = depth
        return node

    def _call(self, name: str, line: int, argument: str | None = None) -> nodes.Node:
        function = nodes.ExtensionAttribute(Loops.identifier, name)
        arguments = [nodes.Name(argument, "load")] if argument else []
        call = nodes.Output([nodes.Call(function, arguments, [], None, None)])
        call.set_lineno(line)
        call.set_environment(self.environment)
        return call
