"""The codes that the source says: read from its syntax, so that a code without a sentence is found before it is met."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAYERS = {
    "Said": "",
    "t": "",
    "tell": "",
    "pattern": "",
    "Notice": "finding.",
    "Finding": "finding.",
    "NoRow": "no_row.",
}


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of the package and of the lessons, by its path."""
    files = [*(ROOT / "sftviz").rglob("*.py"), *(ROOT / "lessons").rglob("*.py")]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(files)}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for path, tree in trees().items():
        for node in ast.walk(tree):
            yield f"{path}:{getattr(node, 'lineno', 0)}", node


@cache
def errors() -> frozenset[str]:
    """The names of SaidError and of every class that is made from it."""
    known, grown = {"SaidError"}, True
    classes = [node for _, node in nodes() if isinstance(node, ast.ClassDef)]
    while grown:
        more = {one.name for one in classes if any(getattr(base, "id", "") in known for base in one.bases)} - known
        known, grown = known | more, bool(more)
    return frozenset(known)


@cache
def said() -> dict[str, str]:
    """Every code that is a literal given to Said, t, tell, pattern, a notice or an error, and where."""
    found: dict[str, str] = {}
    for place, node in nodes():
        prefix = "error." if called(node) in errors() else SAYERS.get(called(node))
        if prefix is not None and isinstance(node, ast.Call) and node.args:
            found |= {prefix + text: place for text in literals(node.args[0])}
    return found


def called(node: ast.AST) -> str:
    """The name of what a node calls, after its last dot; "" where it calls nothing."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "id", "") or getattr(node.func, "attr", "")


def literals(given: ast.expr) -> list[str]:
    """The text of a literal, or both of `"a" if … else "b"`."""
    if isinstance(given, ast.IfExp):
        return literals(given.body) + literals(given.orelse)
    return [given.value] if isinstance(given, ast.Constant) and isinstance(given.value, str) else []


@cache
def patterns() -> frozenset[re.Pattern[str]]:
    """What f-strings like f"part.{name}" can say, as patterns; only those that begin with a word and a dot."""
    found = set()
    for _, node in nodes():
        if isinstance(node, ast.JoinedStr):
            head = node.values[0]
            if isinstance(head, ast.Constant) and re.match(r"[a-z_]+\.", str(head.value)):
                pieces = (re.escape(str(v.value)) if isinstance(v, ast.Constant) else "(.+)" for v in node.values)
                found.add(re.compile("".join(pieces)))
    return frozenset(found)


@cache
def constants() -> frozenset[str]:
    """Every literal of the source, as text; names with spaces also with underscores."""
    found = {str(node.value) for _, node in nodes() if isinstance(node, ast.Constant)}
    return frozenset(found | {text.replace(" ", "_") for text in found})


def is_used(code: str) -> bool:
    """Whether the source says the code: as it stands, or by an f-string whose holes are literals of the source."""
    if code in constants() or code in said():
        return True
    fits = (pattern.fullmatch(code) for pattern in patterns())
    return any(all(hole in constants() for hole in found.groups()) for found in fits if found)
