"""JSON as people paste it, read strictly: every mistake is named with its line and column."""

import ast
import json
import math
import re
from collections.abc import Iterable
from typing import Any, TypeGuard

from sftviz.chat.messages import ChatError
from sftviz.words import Said

DEEPEST = 64
LONGEST_NUMBER = 400
LONGEST_LITERAL = 200_000
LONG_NUMBER = re.compile(r"\d" * 20)  # what holds none of these has no number to look at: rows of ids are read faster
BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"?|-?(?:NaN|Infinity)\b|-?\d[\d.eE+-]*', re.DOTALL)
JSON_SCALAR = re.compile(
    r'-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|NaN|-?Infinity|"(?:[^"\\]|\\.)*"', re.DOTALL
)
ITEM = r"""(?:-?\d[\d.eE+-]*|(?:null|true|false|None|True|False|NaN|-?Infinity)\b)"""
# What may follow the opening brackets: an object, a string, a number or word that ends so, a Python string, nothing
JSON_ITEM = re.compile(
    rf"""\[[\[\s]*(?:\{{(?![{{%])|["“”„]|{ITEM}\s*(?:,\s*(?:{ITEM}|["\[\]{{]|$)|\]\s*(?:[\],]|//|/\*|\#|$))"""
    r"""|['‘][^'’\n]*['’]\s*[],:]|$)"""
)
CLOSED_AT_ONCE = re.compile(r"[\[\]{},\s]*")  # [], [[]], [{}
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


def kind(value: Any) -> Said:
    """What a value is called in a message: a string, null, an object."""
    names = {"str": "string", "bool": "boolean", "int": "number", "float": "number", "list": "list"}
    return Said("kind." + ("null" if value is None else names.get(value.__class__.__name__, "object")))


def short(value: Any) -> str | Said:
    """A value as a message quotes it: a text's first characters, else what sort of value it is."""
    return repr(value[:40]) if isinstance(value, str) else kind(value)


def looks_like_json(text: str) -> bool:
    """True where a text is meant as JSON: whether it is well-formed or not. `[Chapter 1] …` and `[10:00] …` are not.

    >>> looks_like_json('[{"role": "user"'), looks_like_json("[2024-05-01 10:00] User: Hi"), looks_like_json("[1] // x")
    (True, False, True)
    """
    text = text.strip()
    if text.startswith("{"):
        return not text.startswith(("{{", "{%", "{#"))
    if not text.startswith("["):
        return bool(JSON_SCALAR.fullmatch(text))
    return bool(JSON_ITEM.match(text) or CLOSED_AT_ONCE.fullmatch(text))


def read_json(text: str, first_line: int = 1) -> Any:
    """The value of a JSON text, objects as JsonObject. Raises ChatError with code, place and remedy.

    `first_line` is the number of the text's first line where it was cut from a longer text.
    """
    odd: list[str] = []

    def whole(digits: str) -> int:
        return int(digits) if len(digits) <= LONGEST_NUMBER else _noted(odd, digits)

    def real(digits: str) -> float:
        finite = len(digits) <= LONGEST_NUMBER and math.isfinite(float(digits))
        return float(digits) if finite else _noted(odd, digits)

    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=odd.append,
            parse_float=real,
            parse_int=whole if LONG_NUMBER.search(text) else None,
        )
    except json.JSONDecodeError as error:
        raise _explained(text, error, first_line) from error
    except RecursionError as error:
        raise too_deep(text) from error
    if is_deep(value):
        raise too_deep(text)
    if odd:
        raise _odd_number(text, odd[0], first_line)
    return value


def too_deep(text: str = "") -> ChatError:
    """The error for what is nested deeper than DEEPEST, with the character where a JSON text crosses it."""
    depth = 0
    for match in BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group(), 0)
        if depth > DEEPEST:
            return ChatError("too_deep", Said("place.character", n=match.start()), deepest=DEEPEST)
    return ChatError("too_deep", deepest=DEEPEST)


def is_deep(value: Any, deepest: int = DEEPEST) -> bool:
    """True where lists and objects are nested deeper than `deepest`."""
    level: list[Any] = [value]
    for _ in range(deepest + 1):
        level = [item for holder in level for item in _within(holder) if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _within(value: Any) -> Iterable[Any]:
    return value.values() if is_object(value) else value if is_list(value) else ()


def from_python_literal(text: str) -> str:
    """A Python literal (`[{'role': 'user'}]`, None, True) as JSON text. Raises ChatError where it is none.

    >>> from_python_literal("[{'role': 'user', 'content': None}]")
    '[{"role": "user", "content": null}]'
    """
    if len(text) > LONGEST_LITERAL:
        raise ChatError("literal_too_long", count=len(text), most=LONGEST_LITERAL)
    try:
        return json.dumps(ast.literal_eval(text.strip()), ensure_ascii=False, allow_nan=False)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ChatError("no_python_literal") from error


def is_writable(value: Any) -> bool:
    """True where JSON can hold the value: no NaN, no bytes, no date."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def repeated_keys(value: Any) -> list[str]:
    """Every key that stands twice in one object, however deep."""
    found = list[str]()
    level: list[Any] = [value]
    while level:
        found += [item.repeated for item in level if isinstance(item, JsonObject) and item.repeated is not None]
        level = [item for holder in level for item in _within(holder) if isinstance(item, dict | list)]
    return found


def has_surrogates(text: str) -> bool:
    return not text.isascii() and SURROGATE.search(text) is not None


def without_surrogates(value: Any, told: list[Said]) -> Any:
    """The value with every lone surrogate as U+FFFD; `told` gets one Said for each text that held some."""
    if is_object(value):
        return {without_surrogates(key, told): without_surrogates(item, told) for key, item in value.items()}
    if is_list(value):
        return [without_surrogates(item, told) for item in value]
    if not isinstance(value, str) or value.isascii():
        return value
    first = SURROGATE.search(value)
    if first is None:
        return value
    mended, count = SURROGATE.subn("\ufffd", value)
    told.append(Said("finding.lone_surrogate", code=f"U+{ord(first.group()):04X}", n=first.start(), count=count))
    return mended


def line_and_column(text: str, at: int, first_line: int = 1) -> Said:
    line = text.count("\n", 0, at) + first_line
    return Said("place.line_and_column", line=line, column=at - text.rfind(chr(10), 0, at))


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


def _odd_number(text: str, number: str, first_line: int) -> ChatError:
    at = next(match.start() for match in NUMBER.finditer(text) if match.group() == number)
    place = line_and_column(text, at, first_line)
    if len(number) > LONGEST_NUMBER:
        return ChatError("number_too_long", place, digits=len(number))
    return ChatError("not_a_json_number", place, number=number[:20])


def _explained(text: str, error: json.JSONDecodeError, first_line: int) -> ChatError:
    place = line_and_column(text, error.pos, first_line)
    before, after = text[: error.pos].rstrip(), text[error.pos :].lstrip()
    if after[:1] in ("]", "}") and before.endswith(","):
        return ChatError("json_trailing_comma", line_and_column(text, len(before) - 1, first_line))
    if after.startswith(("//", "/*", "#")):
        return ChatError("json_comment", place)
    if error.msg.startswith("Unterminated string"):
        return ChatError("json_open_string", place)
    if error.msg.startswith("Invalid control character"):
        return ChatError("json_control_character", place, character=f"U+{ord(text[error.pos]):04X}")
    if _is_python(text):
        return ChatError("python_literal", place)
    if after[:1] in TYPED_FOR:
        return ChatError(
            "json_punctuation", place, typed=after[0], code=f"U+{ord(after[0]):04X}", meant=TYPED_FOR[after[0]]
        )
    if not after:
        return ChatError("json_open_bracket", place)
    return ChatError("json", place, what=error.msg[0].lower() + error.msg[1:])


def _is_python(text: str) -> bool:
    try:
        from_python_literal(text)
    except ChatError:
        return False
    return True
