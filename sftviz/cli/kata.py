"""`sftviz kata`: exercises in the terminal."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from sftviz.cli.border import console, user_mistakes
from sftviz.cli.options import Language

katas = typer.Typer(help="Exercises: implement it, derive it, defend it.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option(help="where your solutions live")]
KATA_FOLDER = Path("katas")


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False)


@katas.command("list")
def list_katas(folder: Folder = KATA_FOLDER, lang: Language = "en") -> None:
    """Name every kata, say what it asks for, and whether it passed."""
    with user_mistakes():
        from sftviz.course.attempts import passed
        from sftviz.course.katas import all_katas

        done = passed(folder)
        table = Table("", "kata", "", box=None)
        for kata in all_katas().values():
            table.add_row("✓" if kata.name in done else "", kata.name, kata.title.in_language(lang))
        console.print(table)


@katas.command("next")
def next_in_order(folder: Folder = KATA_FOLDER, lang: Language = "en") -> None:
    """Start the next kata in the order of the lessons, or say which one you are at."""
    with user_mistakes():
        from sftviz.course.attempts import next_kata, start

        kata = next_kata(folder)
        if kata is None:
            _say("Every kata has passed.")
            return
        path = folder / f"{kata.name}.py"
        if not path.exists():
            start(kata.name, folder)
        _say(kata.task.in_language(lang))
        _say(f"{path}: write the body, then `sftviz kata watch {kata.name}`.")


@katas.command("start")
def start_kata(name: str, folder: Folder = KATA_FOLDER, lang: Language = "en") -> None:
    """Write a kata's starter file, and say what to do with it."""
    with user_mistakes():
        from sftviz.course.attempts import start
        from sftviz.course.katas import find_kata

        path = start(name, folder)
        _say(find_kata(name).task.in_language(lang))
        _say(f"{path}: write the body, then `sftviz kata check {name}`.")


@katas.command("check")
def check_kata(name: str, folder: Folder = KATA_FOLDER, lang: Language = "en") -> None:
    """Try your solution against the kata's checks; the first that fails says what it saw."""
    with user_mistakes():
        from sftviz.course.attempts import check_file, note_passed

        is_right, said = check_file(name, folder / f"{name}.py", lang)
        if is_right:
            note_passed(name, folder)
    _say(said)
    raise typer.Exit(not is_right)


@katas.command("watch")
def watch_kata(name: str, folder: Folder = KATA_FOLDER, lang: Language = "en") -> None:
    """Check your solution now and whenever you save it, until it passes or you press Ctrl+C."""
    with user_mistakes(), contextlib.suppress(KeyboardInterrupt):
        from sftviz.course.attempts import note_passed, watch

        for is_right, said in watch(name, folder / f"{name}.py", lang):
            _say(f"{said}\n")
            if is_right:
                note_passed(name, folder)
                return


@katas.command("derive")
def derive_formula(
    name: Annotated[str, typer.Argument(help="none: list the formulas")] = "",
    formula: Annotated[str, typer.Argument(help="your formula, as Python: 'p - y'")] = "",
    lang: Language = "en",
) -> None:
    """Type a formula: it is proved, or refuted by a counterexample."""
    with user_mistakes():
        from sftviz.course.formulas import FORMULAS, check_formula

        if not name:
            for one in FORMULAS.values():
                _say(f"{one.name}: {one.asks.in_language(lang)}")
            return
        judged = check_formula(name, formula)
    _say(judged.text(lang))
    raise typer.Exit(not judged)
