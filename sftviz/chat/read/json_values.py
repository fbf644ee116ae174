"""JSON that stands inside other text: where each value begins and ends."""

import json
from typing import Any

DEEPEST = 64
SKIPPED = " \t\r\n,"
Found = tuple[int, int, Any]  # start, end, value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


DECODER = json.JSONDecoder(parse_constant=_refuse)


def value_at(text: str, at: int, end: int) -> Found | None:
    """The JSON value that begins at `at` and ends by `end`; None where there is none.

    >>> value_at('x {"a": 1} y', 2, 12)
    (2, 10, {'a': 1})
    """
    try:
        value, stop = DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    return (at, stop, value) if stop <= end else None


def values(text: str, at: int, end: int) -> tuple[list[Found], int]:
    """The JSON objects that follow one another, or are listed, from `at`; and where they stop.

    >>> [value for _, _, value in values('[{"a": 1}, {"b": 2}] rest', 0, 25)[0]]
    [{'a': 1}, {'b': 2}]
    """
    found: list[Found] = []
    start = at
    listed = False
    while True:
        start = _past_space(text, start, end)
        if start < end and text[start] == "[" and not listed and not found:
            listed, start = True, start + 1
            continue
        item = value_at(text, start, end) if start < end and text[start] == "{" else None
        if not item:
            break
        found.append(item)
        start = item[1]
    if listed and start < end and text[start] == "]":
        return found, start + 1
    return (found, found[-1][1]) if found else ([], at)


def _past_space(text: str, at: int, end: int) -> int:
    while at < end and text[at] in SKIPPED:
        at += 1
    return at
