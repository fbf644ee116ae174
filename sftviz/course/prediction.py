"""prediction.yaml -> what a reader commits to before the lesson: the question, the answer that code gives, and why."""

import math
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from sftviz.course.questions import Said, value_of

Kind = Literal["number", "choice", "order", "match", "mark"]
Value = float | str | list[int] | list[str]
EXACT = 1e-3  # relative: how near a stored number must be to what its code gives
HOLES = {"said", "answer", "missed", "added"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Option(_Strict):
    """What can be chosen, ordered or matched. Plain text, with `code` in backticks."""

    id: str
    says: Said


class Scale(_Strict):
    """The slider of a number."""

    least: float
    most: float
    logarithmic: bool = False


class Marks(_Strict):
    """What is painted: the tokens that code gives, or a grid of rows and columns whose cells are counted row by row."""

    code: str | None = None
    grid: tuple[int, int] | None = None

    @property
    def texts(self) -> list[str]:
        """The tokens, or a blank for every cell."""
        return list(value_of(self.code)) if self.code else [""] * math.prod(self.grid or (0,))


class Answer(_Strict):
    """What is right: Python whose last expression gives it, and its stored result, which a test holds to the code."""

    code: str
    value: Value

    def compute(self) -> Value:
        """What the code gives, with Python's own numbers and lists."""
        made = value_of(self.code)
        if isinstance(made, str):
            return made
        made = made.tolist() if hasattr(made, "tolist") else made
        return list(made) if isinstance(made, (list, tuple)) else float(made)


class Usual(_Strict):
    """An answer that many give, and why it is not so."""

    answer: Value
    why: Said


class Prediction(_Strict):
    """A question to commit to. `surprise` and `right` are said where the lesson proves the answer."""

    kind: Kind
    question: Said
    unit: Said | None = None
    scale: Scale | None = None
    options: list[Option] = []
    to: list[Option] = []
    tokens: Marks | None = None
    answer: Answer
    tolerance: float = 0.05
    surprise: Said
    right: Said
    usual: list[Usual] = []

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Raises ValueError where a part is missing, or an answer cannot be given."""
        if (self.kind == "number") != (self.scale is not None):
            raise ValueError("a number has a scale, and nothing else has one")
        if (self.kind in ("choice", "order", "match")) != bool(self.options):
            raise ValueError(f"options are for choice, order and match; this is {self.kind}")
        if (self.kind == "match") != bool(self.to):
            raise ValueError("a match has `to`, and nothing else has it")
        if (self.kind == "mark") != (self.tokens is not None):
            raise ValueError("a mark has tokens, and nothing else has them")
        for answer in (self.answer.value, *(usual.answer for usual in self.usual)):
            if not self.takes(answer):
                raise ValueError(f"{answer!r} is no answer that can be given to a {self.kind}")
        for said in (self.surprise, self.right):
            for text in (said.en, said.zh):
                if unknown := {hole for _, hole, _, _ in Formatter().parse(text) if hole is not None} - HOLES:
                    raise ValueError(f"{text!r} has the hole {unknown}; there are {sorted(HOLES)}")
        return self

    def takes(self, value: Any) -> bool:
        """Whether a value, which may come from a browser, is an answer that can be given."""
        if self.kind == "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if self.kind == "choice":
            return isinstance(value, str) and value in _ids(self.options)
        if not isinstance(value, list) or not all(isinstance(one, (int, str)) for one in value):
            return False
        if self.kind == "order":
            return sorted(map(str, value)) == sorted(_ids(self.options))
        if self.kind == "match":
            return len(value) == len(self.options) and all(one in _ids(self.to) for one in value)
        return len(set(map(str, value))) == len(value) and all(isinstance(one, int) and one >= 0 for one in value)

    def is_right(self, said: Value) -> bool:
        """A number within the tolerance, relative to the answer; marks in any order; anything else exactly."""
        return self._same(said, self.answer.value)

    def why(self, said: Value) -> Said | None:
        """Why a usual wrong answer is wrong, where it is one."""
        if self.is_right(said):
            return None
        return next((usual.why for usual in self.usual if self._same(said, usual.answer)), None)

    def verdict(self, said: Value, language: str) -> str:
        """What is said where the lesson proves the answer. Markdown."""
        values = {"said": self.worded(said, language), "answer": self.worded(self.answer.value, language)}
        if self.kind == "mark":
            given, wanted = set(map(str, _listed(said))), set(map(str, _listed(self.answer.value)))
            values |= {"missed": str(len(wanted - given)), "added": str(len(given - wanted))}
        told = self.right if self.is_right(said) else self.surprise
        return told.in_language(language).format(**{"missed": "", "added": ""} | values)

    def worded(self, value: Value, language: str) -> str:
        """An answer in words; of marks, how many they are."""
        if isinstance(value, list):
            if self.kind == "mark":
                return str(len(value))
            if self.kind == "match":
                pairs = zip(self.options, value, strict=True)
                return "; ".join(f"{one.says.in_language(language)} → {self._says(to, language)}" for one, to in pairs)
            return " → ".join(self._says(one, language) for one in value)
        return self._says(value, language) if isinstance(value, str) else number(value)

    def answer_in_words(self, language: str) -> str:
        """The answer for who has committed to none: of marks, the tokens themselves or the cells by row and column."""
        value = self.answer.value
        if self.tokens is None or not isinstance(value, list):
            return self.worded(value, language)
        if self.tokens.code:
            texts = self.tokens.texts
            return " ".join(f"`{texts[int(place)]!r}`" for place in value)
        columns = (self.tokens.grid or (1, 1))[1]
        return " ".join(f"({int(place) // columns + 1}, {int(place) % columns + 1})" for place in value)

    def _says(self, name: object, language: str) -> str:
        return next(one.says.in_language(language) for one in (*self.options, *self.to) if one.id == name)

    def _same(self, one: Value, other: Value) -> bool:
        if isinstance(one, (int, float)) and isinstance(other, (int, float)):
            return math.isclose(one, other, rel_tol=0, abs_tol=self.tolerance * abs(other) or 1e-9)
        if self.kind == "mark":
            return sorted(map(str, _listed(one))) == sorted(map(str, _listed(other)))
        return one == other


def read_prediction(path: Path) -> Prediction | None:
    """The prediction of a lesson's folder; None where it has none yet."""
    return _parsed(path, path.stat().st_mtime) if path.is_file() else None


@cache
def _parsed(path: Path, changed: float) -> Prediction:
    return Prediction.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def number(value: float) -> str:
    """Four digits, and no more: 9, 19.5, 4,096, 250,000.

    >>> number(19.4999), number(250_000.0), number(9.0)
    ('19.5', '250,000', '9')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _ids(options: list[Option]) -> set[str]:
    return {option.id for option in options}


def _listed(value: Value) -> list[Any]:
    return value if isinstance(value, list) else [value]
