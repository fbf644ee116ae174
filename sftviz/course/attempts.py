"""A learner's file -> a verdict: tried in a process of its own, which imports once and is asked again at every save."""

import contextlib
import inspect
import io
import json
import queue
import runpy
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from sftviz.course.content import PACKAGE
from sftviz.course.katas import Attempt, Kata, all_katas, check, find_kata
from sftviz.course.questions import Said

SECONDS = 30  # for one check; imports are not counted
IMPORTS = 300  # seconds after which a process that has not begun is given up
LOOK = 0.3  # seconds between two looks at a watched file
PASSED = ".passed"  # beside the solutions: the katas that passed, one a line

ENDLESS = Said(
    en="Stopped after {seconds} seconds: the function does not come to an end. Is there a loop over the vocabulary?",
    zh="{seconds} 秒后被停止：函数没有结束。是不是对词表写了循环？",
)
ENDED = Said(
    en="The process ended while your function ran: does the file call exit?",
    zh="函数运行时进程结束了：文件里是不是调用了 exit？",
)


def start(name: str, folder: Path) -> Path:
    """Write the starter file into a folder and give its path; raises FileExistsError rather than overwrite work."""
    kata = find_kata(name)
    path = folder / f"{name}.py"
    if path.exists():
        raise FileExistsError(f"{path} is there already, and might hold your work; rename it, or go on with it")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(kata.starter, encoding="utf-8")
    return path


def passed(folder: Path) -> set[str]:
    """The katas whose solutions in this folder have passed."""
    kept = folder / PASSED
    return set(kept.read_text(encoding="utf-8").split()) if kept.is_file() else set()


def note_passed(name: str, folder: Path) -> None:
    (folder / PASSED).write_text("\n".join(sorted(passed(folder) | {name})) + "\n", encoding="utf-8")


def next_kata(folder: Path) -> Kata | None:
    """The first kata, in the order of the lessons, that has not passed yet; None where all have."""
    done = passed(folder)
    return next((kata for kata in all_katas().values() if kata.name not in done), None)


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


class Checker:
    """A process that checks a learner's file, again and again; one that does not come to an end is replaced."""

    def __init__(self, name: str, path: Path, language: str = "en"):
        """Raises ValueError for an unknown kata or a file that is not there."""
        kata = find_kata(name)
        if not path.is_file():
            load_attempt(path, kata.function)
        program = "from sftviz.course.attempts import main; main()"
        self._command = [sys.executable, "-c", program, name, str(path.resolve()), language]
        self._language = language
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def check(self) -> tuple[bool, str]:
        """Whether the file passes as it stands now, and what to tell its writer."""
        process = self._running()
        assert process.stdin is not None
        process.stdin.write("check\n")
        process.stdin.flush()
        try:
            answer = self._answers.get(timeout=SECONDS)
        except queue.Empty:
            self._stop()
            return False, ENDLESS.in_language(self._language).format(seconds=SECONDS)
        if answer is None:
            self._stop()
            return False, ENDED.in_language(self._language)
        told: dict[str, Any] = json.loads(answer)
        return told["passed"], told["said"]

    def _running(self) -> subprocess.Popen[str]:
        """The process, with everything imported: the clock starts after that."""
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                cwd=PACKAGE.parent,
            )
            self._answers = queue.Queue()
            threading.Thread(target=_read, args=(self._process, self._answers), daemon=True).start()
            if self._answers.get(timeout=IMPORTS) is None:
                raise ValueError("the process that checks katas does not start; what it said stands above")
        return self._process

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _read(process: subprocess.Popen[str], answers: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        answers.put(line)
    answers.put(None)


def check_file(name: str, path: Path, language: str = "en") -> tuple[bool, str]:
    """Check a learner's file: whether it passes, and what to tell them. A loop without end is stopped after SECONDS."""
    with Checker(name, path, language) as checker:
        return checker.check()


def watch(name: str, path: Path, language: str = "en") -> Iterator[tuple[bool, str]]:
    """A verdict now, and one whenever the file was saved."""
    seen: float | None = None
    with Checker(name, path, language) as checker:
        while True:
            with contextlib.suppress(FileNotFoundError):  # an editor writes another file and renames it
                if (now := path.stat().st_mtime) != seen:
                    seen = now
                    yield checker.check()
            time.sleep(LOOK)


def main() -> None:
    """In the process: says that it is ready, then answers each line that it is sent with one line of JSON."""
    name, path, language = sys.argv[1:]
    answers = sys.stdout
    kata = find_kata(name)
    print("ready", file=answers, flush=True)
    for _ in sys.stdin:
        printed = io.StringIO()  # what a solution prints is told with the verdict, and is no answer of this process
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                verdict = check(kata, load_attempt(Path(path), kata.function))
                is_right, said = bool(verdict), verdict.text(language)
            except ValueError as error:
                is_right, said = False, str(error)
        whole = "\n".join(filter(None, [printed.getvalue().strip(), said]))
        print(json.dumps({"passed": is_right, "said": whole}), file=answers, flush=True)
