"""Where the terminal begins: the consoles, the language, and a mistake of the user's as one line and exit code 2."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper

import typer
from rich.console import Console


def _speak_utf8() -> None:
    """Under LC_ALL=C, and on Windows where the output is redirected, a stream would die of the first Chinese letter."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


_speak_utf8()
console = Console(width=None if sys.stdout.isatty() else 160)
errors = Console(stderr=True, soft_wrap=True)  # a command to copy stays whole


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    from sftviz.words import LANGUAGES, using

    if lang not in LANGUAGES:
        raise ValueError(f"--lang {lang!r} is unknown; use {' or '.join(LANGUAGES)}")
    with using(lang):
        yield


@contextmanager
def user_mistakes() -> Iterator[None]:
    """A mistake of the user's is one red line, and exit code 2."""
    from sftviz.extras import Needed

    try:
        with Needed():
            yield
    except (OSError, ValueError) as error:
        errors.print(f"sftviz: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error


def write(text: str) -> None:
    """As UTF-8 whatever the terminal's own encoding is: a file that is redirected must hold every character."""
    sys.stdout.flush()
    sys.stdout.buffer.write(f"{text}\n".encode())
    sys.stdout.buffer.flush()
