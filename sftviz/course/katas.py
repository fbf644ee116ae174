"""Katas: implement it, derive it, defend it. A checker that speaks like a teacher, in terminal and notebook."""

import inspect
import runpy
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sftviz.course.content import PACKAGE
from sftviz.course.lesson import all_lessons
from sftviz.course.questions import Said
from sftviz.course.slips import UNWRITTEN

SECONDS = 30
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
            lines.append(f"  {self.reason.in_language(language)}")
        else:
            lines.append(DONE.in_language(language).format(source=inspect.getsourcefile(self.kata.reference)))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text()


DONE = Said(
    en="All checks pass. Compare with the project's own, in {source}, and say each line aloud: what is it for?",
    zh="全部通过。和项目自己的实现（{source}）对照一下，逐行说出它为什么在那里。",
)
ENDLESS = Said(
    en="Stopped after {seconds} seconds: the function does not come to an end. Is there a loop over the vocabulary?",
    zh="{seconds} 秒后被停止：函数没有结束。是不是对词表写了循环？",
)


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
    return {lesson.kata.name: lesson.kata for lesson in all_lessons() if (lesson.folder / "kata.py").exists()}


def find_kata(name: str) -> Kata:
    """The kata of that name; raises ValueError naming those there are."""
    katas = all_katas()
    if name not in katas:
        raise ValueError(f"kata {name!r} is unknown; there are {', '.join(katas)}")
    return katas[name]


def start(name: str, folder: Path) -> Path:
    """Write the starter file into a folder and give its path; raises FileExistsError rather than overwrite work."""
    kata = find_kata(name)
    path = folder / f"{name}.py"
    if path.exists():
        raise FileExistsError(f"{path} is there already, and might hold your work; rename it, or go on with it")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(kata.starter, encoding="utf-8")
    return path


def load_attempt(path: Path, function: str) -> Attempt:
    """The learner's function out of a file; raises ValueError where the file or the function is not there."""
    if not path.is_file():
        raise ValueError(f"{path} is not there; `sftviz kata start {path.stem}` writes it")
    try:
        attempt = runpy.run_path(str(path)).get(function)
    except Exception as error:  # whatever a learner's file raises
        raise ValueError(f"{path} does not run: {type(error).__name__}: {error}") from error
    if not inspect.isfunction(attempt):
        raise ValueError(f"{path} has no function {function}; keep the name the starter gave it")
    return attempt


def check_file(name: str, path: Path, language: str = "en") -> tuple[bool, str]:
    """Check a learner's file in a process of its own: whether it passes, and what to tell them.

    A loop without end is stopped after SECONDS. Raises ValueError for an unknown kata or a file that is not there.
    """
    kata = find_kata(name)
    if not path.is_file():
        load_attempt(path, kata.function)
    program = "from sftviz.course.katas import main; main()"
    command = [sys.executable, "-c", program, name, str(path.resolve()), language]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=PACKAGE.parent)
    except subprocess.TimeoutExpired:
        return False, ENDLESS.in_language(language).format(seconds=SECONDS)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def main() -> None:
    name, path, language = sys.argv[1:]
    try:
        verdict = check(name, load_attempt(Path(path), find_kata(name).function))
    except ValueError as error:
        sys.exit(str(error))
    print(verdict.text(language))
    sys.exit(not verdict)
