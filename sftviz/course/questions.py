"""questions.yaml -> the ladder: question, answer, common wrong answers, the number that proves it, the lab state."""

import ast
import contextlib
import io
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

LEVELS = {"L1": "basics", "L2": "understanding", "L3": "defend it"}


class Said(BaseModel):
    """A text in both languages. Markdown, with formulas in dollars."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


class WrongAnswer(BaseModel):
    """What people often say, and why it is wrong."""

    model_config = ConfigDict(extra="forbid")

    claim: Said
    why: Said


class Proof(BaseModel):
    """A number that settles the question: Python whose last line is the number, the value it must have, what it is."""

    model_config = ConfigDict(extra="forbid")

    code: str
    value: float
    tolerance: float = 1e-4
    says: Said

    def compute(self) -> float:
        """Run the code and give the value of its last expression."""
        return float(value_of(self.code))


class Show(BaseModel):
    """A page, or a lesson whose lab it is, and the state of its widgets in which the answer can be seen."""

    model_config = ConfigDict(extra="forbid")

    page: str
    state: dict[str, Any] = {}


class Question(BaseModel):
    """One card of the ladder."""

    model_config = ConfigDict(extra="forbid")

    id: str
    level: Literal["L1", "L2", "L3"]
    question: Said
    answer: Said
    wrong: list[WrongAnswer] = []
    proof: Proof | None = None
    show: Show | None = None
    expects: str | None = None  # what the shown page displays in that state: the card's number, or a few words


@cache
def _parsed(path: Path, changed: float) -> tuple[Question, ...]:
    return tuple(Question.model_validate(row) for row in yaml.safe_load(path.read_text(encoding="utf-8")))


def read_questions(path: Path) -> list[Question]:
    """Every question of a file, in its order."""
    return list(_parsed(path, path.stat().st_mtime))


@cache
def value_of(code: str) -> Any:
    """Run the code of a lesson's own file, and give the value of its last expression; what it prints is not shown."""
    tree = ast.parse(code)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr):
        raise ValueError(f"the last line of a proof must be an expression, and is: {code.strip().splitlines()[-1]!r}")
    scope: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(ast.Module(tree.body[:-1], []), "<proof>", "exec"), scope)
        return eval(compile(ast.Expression(last.value), "<proof>", "eval"), scope)
