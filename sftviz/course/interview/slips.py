"""A line of code whose slip is to be found: drawn from the katas' own tables of slips, which are read and never run."""

import ast
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from sftviz.course.lesson import all_lessons
from sftviz.course.questions import Said

KATA = "kata.py"
CHOICES = 4


@dataclass(frozen=True)
class Snippet:
    """Code with one slip, and what is wrong with it. name: "lesson/place in the table"."""

    name: str
    lesson: str
    code: str
    cause: Said

    def choices(self, seed: int) -> list[Said]:
        """The cause among three others of the same table, in an order that the seed gives."""
        chance = Random(f"{seed}:{self.name}")
        others = [one.cause for one in _read(_path(self.lesson)).values() if one.cause != self.cause]
        offered = [self.cause, *chance.sample(others, min(CHOICES - 1, len(others)))]
        chance.shuffle(offered)
        return offered


def all_snippets() -> dict[str, Snippet]:
    """Every slip of every kata that is written as one expression, by name."""
    return {
        name: one
        for lesson in all_lessons()
        if (lesson.folder / KATA).is_file()
        for name, one in _read(lesson.folder / KATA).items()
    }


def _path(lesson: str) -> Path:
    return next(one.folder for one in all_lessons() if one.slug == lesson) / KATA


@cache
def _read(path: Path) -> Mapping[str, Snippet]:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    helpers = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found: dict[str, Snippet] = {}
    for made, en, zh in _slips(tree):
        name = f"{path.parent.name}/{len(found)}"
        used = [_plain(helpers[one]) for one in _used(made, helpers)]
        line = f"lambda {ast.unparse(made.args)}: {ast.unparse(made.body)}"
        found[name] = Snippet(name, path.parent.name, "\n\n\n".join([*used, line]), Said(en=en, zh=zh))
    return found


def _slips(tree: ast.Module) -> Iterator[tuple[ast.Lambda, str, str]]:
    """Rows `Slip(lambda …: …, "cause", "起因")`, in the order of the file."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="Slip"),
                args=[ast.Lambda() as made, ast.Constant(value=str() as en), ast.Constant(value=str() as zh)],
            ):
                if "{" not in en:  # a cause that names places is one of an attempt
                    yield made, en, zh


def _used(node: ast.AST, helpers: Mapping[str, ast.FunctionDef]) -> list[str]:
    """The helpers that a piece of code calls, those they call before them."""
    found: list[str] = []
    for name in (one.id for one in ast.walk(node) if isinstance(one, ast.Name) and one.id in helpers):
        found += [one for one in (*_used(helpers[name], helpers), name) if one not in found]
    return found


def _plain(helper: ast.FunctionDef) -> str:
    """Without its docstring, which may say what is right."""
    bare = copy(helper)
    bare.body = helper.body[1:] if ast.get_docstring(helper) else helper.body
    return ast.unparse(bare)
