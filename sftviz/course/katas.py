"""Katas: implement it, derive it, defend it. A checker that speaks like a teacher, in terminal and notebook."""

import inspect
import textwrap
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sftviz.course.formulas import formulas_of
from sftviz.course.lesson import Lesson, all_lessons
from sftviz.course.questions import Said
from sftviz.course.slips import UNWRITTEN

HARDEST = "L3"
Attempt = Callable[..., Any]


@dataclass(frozen=True)
class Check:
    """One thing a solution must get right. find(attempt) gives what is wrong in a sentence, or None."""

    name: Said
    find: Callable[[Attempt], Said | None]


@dataclass(frozen=True)
class Kata:
    """A function to write. starter: the file a learner begins with; reference: what passes, for reading afterwards."""

    name: str
    function: str
    title: Said
    task: Said
    starter: str
    checks: Sequence[Check]
    reference: Attempt


@dataclass(frozen=True)
class Verdict:
    """What the checker has to say: the checks passed, and the first that failed with its reason."""

    kata: Kata
    passed: tuple[Check, ...]
    failed: Check | None = None
    reason: Said | None = None

    def __bool__(self) -> bool:
        return self.failed is None

    def text(self, language: str = "en") -> str:
        """The verdict in words, a line a check."""
        lines = [f"✓ {check.name.in_language(language)}" for check in self.passed]
        if self.failed and self.reason:
            lines.append(f"✗ {self.failed.name.in_language(language)}")
            lines.append(textwrap.indent(self.reason.in_language(language), "  "))
        else:
            lines += _afterwards(self.kata, language)
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text()


DONE = Said(
    en="All checks pass. This is the project's own, in {source}. Say each line aloud: what is it for?",
    zh="全部通过。这是项目自己的实现（{source}）。逐行说出它为什么在那里：",
)
DERIVE = Said(
    en='Derive it: {asks}\n`sftviz kata derive {name} "…"`', zh='推导：{asks}\n`sftviz kata derive {name} "……"`'
)
DEFEND = Said(en="Defend it: {question}", zh="答辩：{question}")


def _afterwards(kata: Kata, language: str) -> list[str]:
    """What a learner who has passed reads: the project's lines, a formula to derive, a question to defend it."""
    source = textwrap.indent(inspect.getsource(kata.reference).rstrip(), "    ")
    lines = [DONE.in_language(language).format(source=inspect.getsourcefile(kata.reference)), "", source]
    lesson = _lesson_of(kata)
    if lesson is None:
        return lines
    for formula in formulas_of(lesson.slug)[:1]:
        asks = formula.asks.in_language(language)
        lines += ["", DERIVE.in_language(language).format(asks=asks, name=formula.name)]
    for question in [question for question in lesson.questions if question.level == HARDEST][:1]:
        lines += ["", DEFEND.in_language(language).format(question=question.question.in_language(language))]
    return lines


def _lesson_of(kata: Kata) -> Lesson | None:
    return next((lesson for lesson in all_lessons() if lesson.has_kata and lesson.kata is kata), None)


def check(kata: str | Kata, attempt: Attempt) -> Verdict:
    """Try a function against a kata's checks, in order, and stop at the first that fails.

    In a notebook: `check("token_nll", my_function)`.
    """
    chosen = find_kata(kata) if isinstance(kata, str) else kata
    passed: list[Check] = []
    for one in chosen.checks:
        reason = _reason(one, attempt)
        if reason is not None:
            return Verdict(chosen, tuple(passed), one, reason)
        passed.append(one)
    return Verdict(chosen, tuple(passed))


def _reason(one: Check, attempt: Attempt) -> Said | None:
    try:
        return one.find(attempt)
    except Exception as error:  # whatever a learner's function raises is part of the lesson
        if _is_unwritten(attempt):
            return UNWRITTEN
        where = traceback.extract_tb(error.__traceback__)[-1]
        at = f"line {where.lineno}: {where.line}" if where.line else f"line {where.lineno}"
        said = f"{type(error).__name__}: {error} ({at})"
        return Said(en=f"it stopped with {said}", zh=f"运行中断：{said}")


def _is_unwritten(attempt: Attempt) -> bool:
    code = getattr(attempt, "__code__", None)
    return code is not None and code.co_consts[-1] in (None, Ellipsis) and len(code.co_code) <= 8


def all_katas() -> dict[str, Kata]:
    """The kata of every lesson, by name."""
    return {lesson.kata.name: lesson.kata for lesson in all_lessons() if lesson.has_kata}


def find_kata(name: str) -> Kata:
    """The kata of that name; raises ValueError naming those there are."""
    katas = all_katas()
    if name not in katas:
        raise ValueError(f"kata {name!r} is unknown; there are {', '.join(katas)}")
    return katas[name]
