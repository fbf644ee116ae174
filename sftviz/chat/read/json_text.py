"""JSON as people paste it, read strictly: every mistake is named with its line and column."""

import ast
import json
import math
import re
from collections.abc import Iterator
from typing import Any, TypeGuard

from sftviz.chat.messages import ChatError

DEEPEST = 64
LONGEST_NUMBER = 400
LONGEST_LITERAL = 200_000
BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"?|-?(?:NaN|Infinity)\b|-?\d[\d.eE+-]*', re.DOTALL)
SURROGATE = re.compile("[\ud800-\udfff]")
TYPED_FOR = {
    "“": '"', "”": '"', "„": '"', "‘": '"', "’": '"', "'": '"', "，": ",", "：": ":",
    "［": "[", "］": "]", "【": "[", "】": "]", "｛": "{", "｝": "}",
}  # fmt: skip


class JsonObject(dict[str, Any]):
    """A dict that remembers a key written twice, of which JSON readers silently keep the last."""

    repeated: str | None = None


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def kind(value: Any) -> str:
    """What a value is called in a message: "a string", "null", "an object"."""
    names = {"str": "a string", "bool": "a boolean", "int": "a number", "float": "a number", "list": "a list"}
    return "null" if value is None else names.get(value.__class__.__name__, "an object")


def read_json(text: str, first_line: int = 1) -> Any:
    """The value of a JSON text, objects as JsonObject. Raises ChatError with code, place and remedy.

    `first_line` is the number of the text's first line where it was cut from a longer text.
    """
    refuse_deep(text)  # before parsing: Python's reader recurses
    odd: list[str] = []

    def whole(digits: str) -> int:
        return int(digits) if len(digits) <= LONGEST_NUMBER else _noted(odd, digits)

    def real(digits: str) -> float:
        finite = len(digits) <= LONGEST_NUMBER and math.isfinite(float(digits))
        return float(digits) if finite else _noted(odd, digits)

    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=odd.append, parse_int=whole, parse_float=real
        )
    except json.JSONDecodeError as error:
        raise _explained(text, error, first_line) from error
    if odd:
        raise _odd_number(text, odd[0], first_line)
    return value


def refuse_deep(text: str) -> None:
    """Raises ChatError where brackets outside strings are nested deeper than DEEPEST."""
    depth = 0
    for match in BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group(), 0)
        if depth > DEEPEST:
            raise _too_deep(f"character {match.start()}")


def from_python_literal(text: str) -> str:
    """A Python literal (`[{'role': 'user'}]`, None, True) as JSON text. Raises ChatError where it is none.

    >>> from_python_literal("[{'role': 'user', 'content': None}]")
    '[{"role": "user", "content": null}]'
    """
    if len(text) > LONGEST_LITERAL:
        message = f"{len(text):,} characters; at most {LONGEST_LITERAL:,} can be converted"
        raise ChatError("too_long", message, remedy="convert a part of it")
    try:
        return json.dumps(ast.literal_eval(text.strip()), ensure_ascii=False, allow_nan=False)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        message = "neither JSON nor a Python literal that JSON can hold"
        raise ChatError("python_literal", message, remedy="paste JSON") from error


def plain_value(value: Any, depth: int = 0) -> Any:
    """A Python value as JSON would hold it: tuples as lists, keys as text. Raises ChatError where it is too deep."""
    if depth > DEEPEST:  # also where a list holds itself
        raise _too_deep("")
    if is_list(value) or _is_tuple(value):
        return [plain_value(item, depth + 1) for item in value]
    if is_object(value):
        return {str(key): plain_value(item, depth + 1) for key, item in value.items()}
    return value


def is_writable(value: Any) -> bool:
    """True where JSON can hold the value: no NaN, no bytes, no date."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def repeated_keys(value: Any) -> Iterator[str]:
    """Every key that stands twice in one object, however deep."""
    if isinstance(value, JsonObject) and value.repeated is not None:
        yield value.repeated
    inner = value.values() if is_object(value) else value if is_list(value) else ()
    for item in inner:
        yield from repeated_keys(item)


def without_surrogates(value: Any, told: list[str]) -> Any:
    """The value with every lone surrogate as U+FFFD; `told` gets one sentence for each text that held some."""
    if is_object(value):
        return {without_surrogates(key, told): without_surrogates(item, told) for key, item in value.items()}
    if is_list(value):
        return [without_surrogates(item, told) for item in value]
    first = SURROGATE.search(value) if isinstance(value, str) else None
    if first is None:
        return value
    mended, count = SURROGATE.subn("\ufffd", value)
    more = f" and {count - 1} more" if count > 1 else ""
    told.append(
        f"lone surrogate U+{ord(first.group()):04X} at character {first.start()}{more}, shown and tokenized as U+FFFD"
    )
    return mended


def line_and_column(text: str, at: int, first_line: int = 1) -> str:
    line = text.count("\n", 0, at) + first_line
    return f"line {line}, column {at - text.rfind(chr(10), 0, at)}"


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    made = JsonObject(pairs)
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            made.repeated = key
        seen.add(key)
    return made


def _noted(odd: list[str], digits: str) -> int:
    odd.append(digits)
    return 0


def _too_deep(where: str) -> ChatError:
    return ChatError("too_deep", f"nested deeper than {DEEPEST}", where, "a chat needs 6 levels; unpack the rest")


def _odd_number(text: str, number: str, first_line: int) -> ChatError:
    at = next(match.start() for match in NUMBER.finditer(text) if match.group() == number)
    place = line_and_column(text, at, first_line)
    if len(number) > LONGEST_NUMBER:
        return ChatError("number_too_long", f"a number of {len(number):,} digits", place, "write it as text")
    return ChatError("not_a_json_number", f"{number[:20]} is no JSON number", place, "write null, or text")


def _explained(text: str, error: json.JSONDecodeError, first_line: int) -> ChatError:
    place = line_and_column(text, error.pos, first_line)
    before, after = text[: error.pos].rstrip(), text[error.pos :].lstrip()
    if after[:1] in ("]", "}") and before.endswith(","):
        comma = line_and_column(text, len(before) - 1, first_line)
        return ChatError("json", "a comma stands before the closing bracket", comma, "remove the comma")
    if after.startswith(("//", "/*", "#")):
        return ChatError("json", "comments are not JSON", place, "remove the comment")
    if error.msg.startswith("Unterminated string"):
        return ChatError("json", "a string is not closed", place, 'close it with "')
    if error.msg.startswith("Invalid control character"):
        message = f"control character U+{ord(text[error.pos]):04X} inside a string"
        return ChatError("json", message, place, "write it as an escape: \\n for a line break")
    if _is_python(text):
        remedy = "convert it: from_python_literal(text), or json.dumps(value) where it was written"
        return ChatError("python_literal", "this is a Python literal, not JSON", place, remedy)
    if after[:1] in TYPED_FOR:
        message = f"{after[0]} (U+{ord(after[0]):04X}) is not JSON's punctuation"
        return ChatError("json", message, place, f"write {TYPED_FOR[after[0]]}")
    if not after:
        return ChatError("json", "the text ends before its brackets are closed", place, "paste the rest of it")
    what = error.msg[0].lower() + error.msg[1:]
    return ChatError("json", f"not valid JSON: {what}", place, "check the quotes, commas and brackets there")


def _is_python(text: str) -> bool:
    try:
        from_python_literal(text)
    except ChatError:
        return False
    return True
