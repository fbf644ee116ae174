"""The terminal: `sftviz app` opens the page, `sftviz inspect FILE` shows a chat's tokens, supervision and loss."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(width=None if sys.stdout.isatty() else 160)
errors = Console(stderr=True)

TABLE_COLUMNS = {  # column: heading
    "position": "#", "id": "id", "text": "text", "role": "role", "part": "part", "supervised": "loss?",
    "nll": "nats", "probability": "p(next)", "rank": "rank", "reason": "why",
}  # fmt: skip
# The repository's .streamlit/config.toml in short, for a folder that has none
SAFE_SETTINGS = (
    "--server.address=127.0.0.1", "--server.showEmailPrompt=false", "--server.fileWatcherType=none",
    "--browser.gatherUsageStats=false", "--client.showErrorDetails=none",
)  # fmt: skip
WIDE = 110  # columns of a terminal from which the reasons are shown; JSON and HTML always have them


class Format(StrEnum):
    text = "text"
    table = "table"
    json = "json"
    html = "html"


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(help="a file with a chat in any usual form, or - for standard input")],
    tokenizer: Annotated[str, typer.Option(help="a name, a folder or a Hub id")] = "sftviz/tiny",
    template: Annotated[str | None, typer.Option(help="a template's name, 'tokenizer', or a .jinja file")] = None,
    policy: Annotated[
        str, typer.Option(help="pretrain, assistant_only, last_assistant or completion_only")
    ] = "assistant_only",
    model: Annotated[str, typer.Option(help="a name, a folder, a Hub id, or 'none' for no loss")] = "sftviz/tiny-sft",
    end: Annotated[str, typer.Option(help="end-of-turn supervised: each, last or none")] = "each",
    format: Annotated[Format, typer.Option(help="how to write it")] = Format.table,
    online: Annotated[bool, typer.Option(help="let Hub ids be downloaded")] = False,
) -> None:
    """Show every token of a chat: supervised or not, why, and what it costs."""
    with _user_mistakes():
        pasted = _read(file)
        import sftviz

        seen = sftviz.inspect(
            pasted, tokenizer, _template(template), policy, None if model == "none" else model, online=online, end=end
        )
    _write(seen, format)


@app.command(name="app", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def open_app(context: typer.Context) -> None:
    """Open the app in the browser; further options go to `streamlit run`."""
    script = _app_script()
    command = [sys.executable, "-m", "streamlit", "run", str(script), *SAFE_SETTINGS, *context.args]
    raise typer.Exit(subprocess.call(command))


katas = typer.Typer(help="Exercises: implement it, derive it, defend it.", no_args_is_help=True)
app.add_typer(katas, name="kata")
Language = Annotated[str, typer.Option("--lang", help="en or zh")]
Folder = Annotated[Path, typer.Option(help="where your solutions live")]
KATA_FOLDER = Path("katas")


@katas.command("list")
def list_katas(lang: Language = "en") -> None:
    """Name every kata and say what it asks for."""
    from lessons.katas import all_katas

    table = Table("kata", "", box=None)
    for kata in all_katas().values():
        table.add_row(kata.name, kata.title.in_language(lang))
    console.print(table)


@katas.command("start")
def start_kata(name: str, folder: Folder = KATA_FOLDER, lang: Language = "en") -> None:
    """Write a kata's starter file, and say what to do with it."""
    from lessons.katas import find_kata, start

    with _user_mistakes():
        path = start(name, folder)
        console.print(find_kata(name).task.in_language(lang), markup=False, highlight=False)
        console.print(f"{path}: write the body, then `sftviz kata check {name}`.", markup=False, highlight=False)


@katas.command("check")
def check_kata(name: str, folder: Folder = KATA_FOLDER, lang: Language = "en") -> None:
    """Try your solution against the kata's checks; the first that fails says what it saw."""
    from lessons.katas import check_file

    with _user_mistakes():
        passed, said = check_file(name, folder / f"{name}.py", lang)
    console.print(said, markup=False, highlight=False)
    raise typer.Exit(not passed)


@contextmanager
def _user_mistakes() -> Iterator[None]:
    """A mistake of the user's is one red line, and exit code 2."""
    try:
        yield
    except (OSError, ValueError) as error:
        errors.print(f"sftviz: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error


def _app_script() -> Path:
    spec = find_spec("sftviz.ui.app")
    if spec is None or spec.origin is None:
        raise typer.BadParameter("the app is not installed beside the package")
    return Path(spec.origin)


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _template(choice: str | None) -> str | None:
    if choice and choice.endswith((".jinja", ".j2")):
        return Path(choice).read_text(encoding="utf-8")
    return choice


def _write(seen: Any, form: Format) -> None:
    if form is Format.json:
        print(json.dumps(_document(seen), ensure_ascii=False, indent=1))
    elif form is Format.html:
        print(f'<!doctype html><meta charset="utf-8"><title>sftviz</title>{seen._repr_html_()}')
    elif form is Format.text:
        console.print(seen)
    else:
        console.print(_table(seen))
        console.print(seen)


def _document(seen: Any) -> dict[str, Any]:
    columns = list(seen.frame().columns)
    return {
        "template": seen.rendering.template.name,
        "tokenizer": seen.rendering.tokenizer.name,
        "policy": seen.supervision.policy.name,
        "loss": None if seen.losses is None else {name: seen.loss(name) for name in ("token", "sample", "sequence")},
        "findings": [vars(finding) for finding in seen.findings],
        "tokens": [{column: row[column] for column in columns} for row in seen.rows()],
    }


def _table(seen: Any) -> Table:
    """One line a token; nats and p(next) are the price of the next token."""
    columns = [name for name in TABLE_COLUMNS if name != "reason" or console.width >= WIDE]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(TABLE_COLUMNS[name], overflow="fold", no_wrap=name not in ("text", "reason"))
    for row in seen.rows():
        table.add_row(*[_cell(row[name]) for name in columns], style=None if row["supervised"] else "dim")
    return table


def _cell(value: Any) -> Any:
    from rich.text import Text

    from sftviz.figures.strip import visible

    if isinstance(value, bool):
        return "yes" if value else "·"
    if value is None:
        return ""
    return Text(f"{value:.4f}" if isinstance(value, float) else visible(str(value)))
