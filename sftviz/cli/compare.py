"""`sftviz compare`: one sample as several training frameworks would train it, side by side."""

import json
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from sftviz.cli import options as given
from sftviz.cli.border import console, speaking, user_mistakes, write
from sftviz.cli.options import template_text
from sftviz.cli.source import open_source

SHOWN = 12  # tokens of a group whose text is shown


class Format(StrEnum):
    text = "text"
    json = "json"


def _names(incomplete: str) -> list[str]:
    from sftviz.supervision.frameworks import FRAMEWORKS, PRESETS
    from sftviz.supervision.policies import POLICIES

    before, comma, last = incomplete.rpartition(",")
    known = (*FRAMEWORKS, *PRESETS, *POLICIES)
    return [f"{before}{comma}{name}" for name in known if name.startswith(last)]


With = Annotated[
    str,
    typer.Option(
        "--with",
        help="frameworks, which means their defaults, presets as trl/assistant_only, and policies, by commas; or all",
        autocompletion=_names,
    ),
]
MaxLength = Annotated[int | None, typer.Option(help="cut as each framework cuts", min=1)]


def compare_sample(
    file: Annotated[str, typer.Argument(help="as `sftviz inspect` takes it; - for standard input")],
    frameworks: With = "all",
    tokenizer: given.Tokenizer = "sftviz/tiny",
    template: given.Template = None,
    max_length: MaxLength = None,
    sample: Annotated[int, typer.Option(help="which sample of a file of many; the first is 1", min=1)] = 1,
    format: Annotated[Format, typer.Option(help="how to write it")] = Format.text,
    side: given.SideOption = None,
    media: given.MediaOption = given.Media.refuse,
    online: given.Online = False,
    lang: given.Language = "en",
) -> None:
    """Show what each framework would train of a sample, where they differ, and what a model trained so would do."""
    with user_mistakes(), speaking(lang):
        from sftviz.supervision.frameworks import FRAMEWORKS, side_by_side

        chat = open_source(file, side, media, online).sample(sample)
        names = list(FRAMEWORKS) if frameworks == "all" else [name.strip() for name in frameworks.split(",")]
        cut = {} if max_length is None else {"max_length": max_length}
        seen = side_by_side(chat, names, tokenizer, template_text(template), **cut)
        if format is Format.json:
            write(json.dumps(seen.to_dict(), ensure_ascii=False, indent=1))
        else:
            _show(seen)


def _show(seen: Any) -> None:
    from sftviz.words import tell
    from sftviz.words.visible import visible

    whole = not console.is_terminal
    console.print(_matrix(seen), soft_wrap=whole)
    for column in seen.columns:
        if not column.same_ids:
            console.print(Text(tell("side.other_text", name=column.name), style="dim"), soft_wrap=whole)
        if column.only_here:
            texts = column.row.rendering.tokens.texts
            own = visible("".join(texts[t] for t in column.only_here[:SHOWN]))
            line = tell("side.only_here", name=column.name, count=len(column.only_here))
            console.print(Text(f"{line}  {own}", style="dim"), soft_wrap=whole)
    for made in seen.without:
        code = "side.dropped" if made.drops else "side.raises"
        line = tell(code, name=made.preset.name, why=made.no_row)
        console.print(Text(visible(line), style="yellow"), soft_wrap=whole)
    console.print()
    for one in seen.differences:
        text = "".join(seen.axis.tokens.texts[t] for t in one.positions[:SHOWN])
        console.print(Text(f"{one.said}  {visible(text)}"), soft_wrap=whole)
        console.print(Text(f"    {', '.join(one.trained_by)}", style="dim"), soft_wrap=whole)
    console.print()
    for would, names in seen.consequences.items():
        console.print(Text(tell("side.would", names=names, would=would)), soft_wrap=whole)


def _matrix(seen: Any) -> Table:
    """A line a preset: which parts it trains."""
    from sftviz.words import tell

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(tell("side.preset"), no_wrap=True)
    matrix = seen.matrix
    parts = list(next(iter(matrix.values())))
    for part in parts:
        table.add_column(tell(f"side.part.{part}"))
    for name, cells in matrix.items():
        told = [tell(f"side.state.{cells[part].state}") for part in parts]
        table.add_row(name, *told)
    return table
