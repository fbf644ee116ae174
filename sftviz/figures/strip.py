"""The token strip where there is no app: HTML for Jupyter, text for a terminal. Supervised tokens are underlined."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from rich.console import Console, Group
from rich.text import Text

Row = Mapping[str, Any]

# Marks in place of what cannot be seen; control characters become their Unicode pictures
VISIBLE = {"\n": "⏎", "\t": "⇥", "\r": "␍", "\u00a0": "⍽"} | {
    chr(c): chr(0x2400 + c) for c in range(32) if c not in (9, 10, 13)
}
VISIBLE |= {
    chr(c): f"‹U+{c:04X}›"
    for c in (0x7F, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
}
MARKS = {"error": "✗", "warning": "!", "note": "i"}
STYLE = (
    "font-family:ui-monospace,monospace;line-height:2;white-space:pre-wrap;overflow-wrap:anywhere;max-width:60em",
    "border-bottom:3px solid #0072b2;background:rgba(0,114,178,.18);padding:1px 0;unicode-bidi:isolate",
    "border-bottom:1px dashed currentColor;opacity:.72;padding:1px 0;unicode-bidi:isolate",
)


def visible(text: str) -> str:
    """The text with every character that would not be seen, or would reorder its neighbours, written as a mark."""
    return "".join(VISIBLE.get(character, character) for character in text)


def to_html(rows: Sequence[Row], headline: str, findings: Iterable[Any] = ()) -> str:
    """The strip as HTML. Every text is escaped; each token's title holds its id, its reason and its cost."""
    block, supervised, ignored = STYLE
    turns = [
        f"<div><small>{escape(role or 'template')}</small> "
        f"{''.join(_chip(row, supervised, ignored) for row in turn)}</div>"
        for role, turn in _turns(rows)
    ]
    notes = [f"<div>{MARKS[f.severity]} {escape(_note(f))}</div>" for f in findings]
    legend = f'<div><span style="{supervised}">supervised</span> <span style="{ignored}">not supervised</span></div>'
    return f'<div style="{block}"><div>{escape(headline)}</div>{legend}{"".join(turns)}{"".join(notes)}</div>'


def to_rich(rows: Sequence[Row], headline: str, findings: Iterable[Any] = ()) -> Group:
    """The strip for a rich console: supervised tokens underlined and blue, the others dim."""
    lines = [Text(headline, style="bold")]
    for role, turn in _turns(rows):
        line = Text(f"{role or 'template':>9} ")
        for row in turn:
            line.append(visible(row["text"]), style="underline bold blue" if row["supervised"] else "dim")
        lines.append(line)
    colours = {"error": "red", "warning": "yellow", "note": "cyan"}
    lines += [Text(f"{MARKS[f.severity]} {_note(f)}", style=colours[f.severity]) for f in findings]
    return Group(*lines)


def to_terminal(drawn: Any, colour: bool) -> str:
    """What a rich console prints of a value, as a string."""
    width = shutil.get_terminal_size((100, 24)).columns
    console = Console(force_terminal=colour, no_color=not colour, width=width, highlight=False)
    with console.capture() as capture:
        console.print(drawn)
    return capture.get().rstrip("\n")


def _turns(rows: Sequence[Row]) -> Iterable[tuple[str | None, list[Row]]]:
    for _, turn in groupby(rows, key=lambda row: row["message"]):
        members = list(turn)
        yield members[0]["role"], members


def _chip(row: Row, supervised: str, ignored: str) -> str:
    cost = "" if row["nll"] is None else f"\nthe next token costs {row['nll']:.4f} nats"
    title = f"id {row['id']}, {row['part']}\n{row['reason']}{cost}"
    style = supervised if row["supervised"] else ignored
    return f'<span style="{style}" title="{escape(title, quote=True)}">{escape(visible(row["text"]))}</span>'


def _note(finding: Any) -> str:
    where = f"{finding.where}: " if finding.where else ""
    remedy = f" → {finding.remedy}" if finding.remedy else ""
    return f"{where}{finding.message}{remedy}"


def amounts(rows: Sequence[Row], color_by: str) -> dict[str, Any] | None:
    """What a colouring by amount draws: each token's own amount, and the ends of the scale; None for kinds.

    A token's amount stands in the row before it, at the position that predicted it.
    """
    column = {"loss": "nll", "probability": "probability", "entropy": "entropy", "grad_norm": "grad_norm"}.get(color_by)
    if column is None:
        return None
    values = [None, *(row[column] for row in rows[:-1])] if rows else []
    known = [value for value in values if value is not None]
    high = 1.0 if color_by == "probability" else max(known, default=1.0)
    return {"values": values, "low": 0.0, "high": high or 1.0}
