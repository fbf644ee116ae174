"""Numbers, lists and objects of a chat written as text (JSON, or as Python shows them), with the origin kept."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sftviz.chat.write.tracked import TEMPLATE, Tracked, TrackedFloat, TrackedInt, joined, runs

ESCAPED = re.compile(r'["\\\x00-\x1f]')
ESCAPED_ASCII = re.compile(r'["\\]|[^ -~]')
SCALARS = (str, int, float, bool, type(None))


class Shapes:
    """Which leaf a container's own punctuation belongs to, and its true, false and null, which cannot be tracked."""

    def __init__(self) -> None:
        self.containers: dict[int, int] = {}
        self.constants: dict[tuple[int, Any], int] = {}

    def leaf(self, container: Any, inherited: int) -> int:
        return self.containers.get(id(container), inherited)

    def constant(self, container: Any, key: Any, inherited: int) -> int:
        return self.constants.get((id(container), key), inherited)


class Writer:
    """`json.dumps` or `repr` of a value that holds tracked leaves.

    >>> Writer(Shapes(), indent=None, separators=None, ascii_only=False, sort_keys=False).text({"a": [1, None]})
    '{"a": [1, null]}'
    """

    def __init__(self, shapes: Shapes, *, indent: Any, separators: Any, ascii_only: bool, sort_keys: bool):
        self.shapes = shapes
        self.indent = " " * indent if isinstance(indent, int) else indent
        self.comma, self.colon = separators or ((", ", ": ") if indent is None else (",", ": "))
        self.ascii_only, self.sort_keys = ascii_only, sort_keys

    def text(self, value: Any) -> str:
        return joined(self._value(value, TEMPLATE, TEMPLATE, 0))

    def _value(self, value: Any, shape: int, constant: int, level: int) -> Iterator[str]:
        if isinstance(value, str):
            yield from self._string(value, shape)
        elif isinstance(value, Mapping):
            held: Mapping[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
            yield from self._object(held, self.shapes.leaf(held, shape), level)
        elif isinstance(value, list | tuple):
            yield from self._list(value, self.shapes.leaf(value, shape), level)
        elif isinstance(value, TrackedInt | TrackedFloat):
            yield str(value)
        else:
            yield _own(self._plain(value), constant)

    def _object(self, value: Mapping[Any, Any], shape: int, level: int) -> Iterator[str]:
        items = sorted(value.items()) if self.sort_keys else value.items()
        opened = _own("{", shape)
        for key, item in items:
            yield opened
            yield self._line(shape, level + 1)
            yield from self._key(key, shape)
            yield _own(self.colon, shape)
            yield from self._value(item, shape, self.shapes.constant(value, key, shape), level + 1)
            opened = _own(self.comma, shape)
        yield self._line(shape, level) if value else opened
        yield _own("}", shape)

    def _list(self, value: Any, shape: int, level: int) -> Iterator[str]:
        opened = _own("[", shape)
        for i, item in enumerate(value):
            yield opened
            yield self._line(shape, level + 1)
            yield from self._value(item, shape, self.shapes.constant(value, i, shape), level + 1)
            opened = _own(self.comma, shape)
        yield self._line(shape, level) if value else opened
        yield _own("]", shape)

    def _line(self, shape: int, level: int) -> str:
        return "" if self.indent is None else _own("\n" + self.indent * level, shape)

    def _key(self, key: Any, shape: int) -> Iterator[str]:
        yield from self._string(key if isinstance(key, str) else json.loads(json.dumps(json.dumps(key))), shape)

    def _string(self, text: str, shape: int) -> Iterator[str]:
        yield _own('"', shape)
        yield from escaped(text, ESCAPED_ASCII if self.ascii_only else ESCAPED, self._escape)
        yield _own('"', shape)

    def _escape(self, character: str) -> str:
        return json.dumps(character, ensure_ascii=self.ascii_only)[1:-1]

    def _plain(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=self.ascii_only)


class Shown(Writer):
    """A list or an object as Python's own str() shows it."""

    def __init__(self, shapes: Shapes):
        super().__init__(shapes, indent=None, separators=(", ", ": "), ascii_only=False, sort_keys=False)

    def _key(self, key: Any, shape: int) -> Iterator[str]:
        return self._value(key, shape, shape, 0)

    def _string(self, text: str, shape: int) -> Iterator[str]:
        quote = '"' if "'" in text and '"' not in text else "'"
        pattern = re.compile(r"[\\" + quote + r"]|[^ -~]")
        yield _own(quote, shape)
        yield from escaped(text, pattern, lambda one: "\\" + one if one == quote else repr(one)[1:-1])
        yield _own(quote, shape)

    def _plain(self, value: Any) -> str:
        return str(value)


def escaped(text: str, pattern: re.Pattern[str], escape: Callable[[str], str]) -> Iterator[str]:
    """The text with the characters a pattern finds escaped; an escape has the origin of its character."""
    at = 0
    for found in pattern.finditer(text):
        yield text[at : found.start()]
        one = text[found.start() : found.end()]
        origin = next((run for run in runs(one) if run[0]), None)
        put = escape(found.group())
        yield Tracked(put, known=[(len(put), *origin[1:3], 0)]) if origin and origin[1] != TEMPLATE else put
        at = found.end()
    yield text[at:]


def _own(text: str, leaf: int) -> str:
    return text if leaf == TEMPLATE or not text else Tracked(text, known=[(len(text), leaf, 0, 0)])
