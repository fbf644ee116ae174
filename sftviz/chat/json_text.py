"""JSON as people paste it, read strictly: every mistake is named with its line and column."""

import ast
import json
import re
from typing import Any, TypeGuard

from sftviz.chat.messages import ChatError

DEEPEST = 64
LONGEST_NUMBER = 400
LONGEST_LITERAL = 200_000
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]|-?(?:NaN|Infinity)\b|-?\d[\d.eE+-]*', re.DOTALL)


class JsonObject(dict[str, Any]):
    """A dict that remembers a key written twice, of which JSON readers silently keep the last."""

    repeated: str | None = None


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def read_json(text: str) -> Any:
    """The value of a JSON text, objects as JsonObject. Raises ChatError with code, place and remedy."""
    _scan(text)
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise _explained(text, error) from error


def from_python_literal(text: str) -> str:
    """A Python literal (`[{'role': 'user'}]`, None, True) as JSON text. Raises ChatError where it is none.

    >>> from_python_literal("[{'role': 'user', 'content': None}]")
    '[{"role": "user", "content": null}]'
    """
    if len(text) > LONGEST_LITERAL:
        raise ChatError("too_long", f"{len(text):,} characters; at most {LONGEST_LITERAL:,} can be converted")
    try:
        return json.dumps(ast.literal_eval(text.strip()), ensure_ascii=False)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ChatError("python_literal", "neither JSON nor a Python literal", remedy="paste JSON") from error


def line_and_column(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - text.rfind(chr(10), 0, at)}"


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    made = JsonObject(pairs)
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            made.repeated = key
        seen.add(key)
    return made


def _scan(text: str) -> None:
    """What Python's reader accepts or chokes on: deep nesting, NaN, numbers without end."""
    depth = 0
    for match in TOKEN.finditer(text):
        token, place = match.group(), line_and_column
        if token in "[{":
            depth += 1
            if depth > DEEPEST:
                raise ChatError(
                    "too_deep", f"nested deeper than {DEEPEST}", f"character {match.start()}", "a chat needs 6"
                )
        elif token in "]}":
            depth -= 1
        elif token.lstrip("-") in ("NaN", "Infinity") or (token[0] in "-0123456789" and _overflows(token)):
            raise ChatError(
                "not_a_json_number", f"{token[:20]} is no JSON number", place(text, match.start()), "remove it"
            )
        elif token[0] in "-0123456789" and len(token) > LONGEST_NUMBER:
            raise ChatError(
                "number_too_long", f"a number of {len(token):,} digits", place(text, match.start()), "remove it"
            )


def _overflows(number: str) -> bool:
    try:
        return "e" in number.lower() and abs(float(number)) == float("inf")
    except ValueError:
        return False  # json's own reader will say what is wrong with it


def _explained(text: str, error: json.JSONDecodeError) -> ChatError:
    place = line_and_column(text, error.pos)
    here, before = text[error.pos : error.pos + 2], text[: error.pos].rstrip()
    if here[:1] in "]}" and before.endswith(","):
        return ChatError("json", "a comma stands before the closing bracket", place, "remove the comma")
    if "//" in (here, text[error.pos : error.pos + 3].strip()[:2]) or here[:1] == "#":
        return ChatError("json", "comments are not JSON", place, "remove the comment")
    if error.msg.startswith("Unterminated string"):
        return ChatError("json", "a string is not closed", place, 'close it with "')
    if error.msg.startswith("Invalid control character"):
        character = text[error.pos] if error.pos < len(text) else ""
        remedy = "write it as an escape: \\n for a line break"
        return ChatError("json", f"control character U+{ord(character or ' '):04X} inside a string", place, remedy)
    if _is_python(text):
        return ChatError(
            "python_literal", "this is a Python literal, not JSON", place, "convert it with json.dumps(...)"
        )
    what = error.msg[0].lower() + error.msg[1:]
    return ChatError("json", f"not valid JSON: {what}", place, "check the quotes, commas and brackets there")


def _is_python(text: str) -> bool:
    try:
        from_python_literal(text)
    except ChatError:
        return False
    return True
