"""The token strip for a terminal, and for a pipe: a line breaks between tokens only."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from sftviz.columns import TokenRow
from sftviz.strip.static import MARKS, note, turns
from sftviz.supervision.checks import Finding
from sftviz.words import Said
from sftviz.words.visible import visible

ROLE = 9  # columns of the role before each turn
TRAINED, CONTEXT = "underline bold blue", "dim"
OPEN, CLOSE = "[[", "]]"  # round what is trained, where no style can show it
COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


@dataclass(frozen=True)
class Strip:
    """A turn a line, or as many as it takes. Trained tokens are underlined and blue; in a pipe they stand in [[ ]]."""

    rows: Sequence[TokenRow]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        width = None if options.no_wrap else options.max_width
        for role, turn in turns(self.rows):
            yield from _lines(visible(role or "template"), _pieces(turn, marked=not console.is_terminal), width)


@dataclass(frozen=True)
class Notes:
    """What the checks found, a line each."""

    findings: Iterable[Finding]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        for finding in self.findings:
            yield Text(f"{MARKS[finding.severity]} {note(finding)}", style=COLOURS[finding.severity])


def _pieces(turn: Sequence[TokenRow], *, marked: bool) -> Iterator[tuple[str, str]]:
    """(what is shown, its style) of each token; the marks belong to the first and the last token of a trained run."""
    for i, row in enumerate(turn):
        text = visible(row.text)
        if marked and row.supervised:
            begins = i == 0 or not turn[i - 1].supervised
            ends = i + 1 == len(turn) or not turn[i + 1].supervised
            text = f"{OPEN if begins else ''}{text}{CLOSE if ends else ''}"
        yield text, TRAINED if row.supervised else CONTEXT


def _lines(role: str, pieces: Iterable[tuple[str, str]], width: int | None) -> Iterator[Text]:
    """Lines no wider than the width, where no single token is."""
    line, used = Text(f"{role:>{ROLE}} "), max(ROLE, cell_len(role)) + 1
    for text, style in pieces:
        size = cell_len(text)
        if width is not None and used + size > width and used > ROLE + 1:
            yield _unbroken(line, used, width)
            line, used = Text(" " * (ROLE + 1)), ROLE + 1
        line.append(text, style=style)
        used += size
    yield _unbroken(line, used, width)


def _unbroken(line: Text, used: int, width: int | None) -> Text:
    """Only a token that is wider than a line is broken."""
    fits = width is None or used <= width
    line.no_wrap, line.overflow = fits, "ignore" if fits else "fold"
    return line


def to_rich(rows: Sequence[TokenRow], headline: Said, findings: Iterable[Finding] = ()) -> Group:
    """Headline, strip and findings for a rich console."""
    return Group(Text(str(headline), style="bold"), Strip(rows), Notes(tuple(findings)))


def to_terminal(drawn: Any, colour: bool) -> str:
    """What a rich console prints of a value, as a string. Without colour it is for a pipe, and no line is broken."""
    width = shutil.get_terminal_size((100, 24)).columns
    console = Console(force_terminal=colour, no_color=not colour, width=width, highlight=False)
    with console.capture() as capture:
        console.print(drawn, soft_wrap=not colour)
    return capture.get().rstrip("\n")
