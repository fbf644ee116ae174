"""How the terminal shows a sample, and many."""

import json
from typing import Any

from rich.table import Table
from rich.text import Text

from sftviz.cli.border import console, write
from sftviz.columns import COLUMNS
from sftviz.overview import overviews
from sftviz.strip import document
from sftviz.strip.sentence import summary
from sftviz.strip.terminal import Notes, Strip
from sftviz.words.visible import visible

# Columns of `sftviz.columns.COLUMNS` in the table; a prediction's stands beside the token that was predicted
TABLE_COLUMNS = (
    "position",
    "id",
    "text",
    "role",
    "part",
    "supervised",
    "weight",
    "nll",
    "probability",
    "rank",
    "reason",
)
HEADINGS = {"position": "#", "supervised": "loss?", "nll": "cost", "probability": "p", "reason": "why"}
WIDE = 110  # columns of a terminal from which the reasons are shown; JSON and HTML always have them


def write_text(seen: Any, *, with_strip: bool, with_table: bool) -> None:
    """The verdict first, then the strip, then what was found. A pipe gets whole lines."""
    whole = not console.is_terminal
    console.print(Text(str(summary(seen)), style="bold"), soft_wrap=whole)
    if with_strip:
        console.print(Strip(seen.rows()), soft_wrap=whole)
    console.print(Notes(seen.findings), soft_wrap=whole)
    if with_table:
        console.print(_table(seen))


def write_json(seen: Any) -> None:
    write(seen.to_json())


def write_html(seen: Any) -> None:
    write(document.of(seen))


def write_overviews(samples: Any, choices: dict[str, Any], *, as_json: bool) -> None:
    lines = overviews(samples, **choices)
    if as_json:
        for line in lines:
            write(json.dumps(line.to_dict(), ensure_ascii=False))
        return
    table = Table("#", "tokens", "supervised", "share", "errors", "warnings", "begins", box=None, pad_edge=False)
    for line in lines:
        share = "" if line.share is None else f"{line.share:.0%}"
        numbers = (line.tokens, line.supervised, share, line.errors, line.warnings)
        table.add_row(str(line.sample), *map(_cell, numbers), _cell(str(line.error) if line.error else line.begins))
    console.print(table)


def _table(seen: Any) -> Table:
    """One line a token: what it is, whether and why it is a target, what it cost."""
    shown = [name for name in TABLE_COLUMNS if name != "reason" or console.width >= WIDE]
    if not seen.supervision.is_weighted:
        shown.remove("weight")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in shown:
        table.add_column(HEADINGS.get(name, name), overflow="fold", no_wrap=name not in ("text", "reason"))
    for row in seen.rows():
        cells = [_cell(COLUMNS[name].own(row)) for name in shown]
        table.add_row(*cells, style=None if row.supervised else "dim")
    return table


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "·"
    if value is None:
        return ""
    return Text(f"{value:.4f}" if isinstance(value, float) else visible(str(value)))
