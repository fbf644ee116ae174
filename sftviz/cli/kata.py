"""`sftviz kata`: exercises in the terminal."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from sftviz.cli.border import console, user_mistakes
from sftviz.cli.options import Language

katas = typer.Typer(help="Exercises: implement it, derive it, defend it.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option(help="where your solutions live")]
KATA_FOLDER = Path("katas")


@katas.command("list")
def list_katas(lang: Language = "en") -> None:
    """Name every kata and say what it asks for."""
    with user_mistakes():
        from sftviz.course.katas import all_katas

        table = Table("kata", "", box=None)
        for kata in all_katas().values():
            table.add_row(kata.name, kata.title.in_language(lang))
        console.print(table)


@katas.command("start")
def start_kata(name: str, folder: Folder = KATA_FOLDER, lang: Language = "en") -> None:
    """Write a kata's starter file, and say what to do with it."""
    with user_mistakes():
        from sftviz.course.katas import find_kata, start

        path = start(name, folder)
        console.print(find_kata(name).task.in_language(lang), markup=False, highlight=False)
        console.print(f"{path}: write the body, then `sftviz kata check {name}`.", markup=False, highlight=False)


@katas.command("check")
def check_kata(name: str, folder: Folder = KATA_FOLDER, lang: Language = "en") -> None:
    """Try your solution against the kata's checks; the first that fails says what it saw."""
    with user_mistakes():
        from sftviz.course.katas import check_file

        passed, said = check_file(name, folder / f"{name}.py", lang)
    console.print(said, markup=False, highlight=False)
    raise typer.Exit(not passed)
