"""The terminal: `sftviz inspect` shows a sample, `sftviz check` is a gate for data, `sftviz compare` sets
training frameworks side by side, `sftviz app` opens the page."""

from importlib.metadata import version
from typing import Annotated

import typer

from sftviz.cli.border import console
from sftviz.cli.check import check_data
from sftviz.cli.compare import compare_sample
from sftviz.cli.inspect import inspect_sample
from sftviz.cli.interview import interview
from sftviz.cli.kata import katas
from sftviz.cli.launch import open_app
from sftviz.cli.model import models

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)


def _version(asked: bool) -> None:
    if asked:
        console.print(f"sftviz {version('sftviz')}", highlight=False)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say the version, and stop")
    ] = False,
) -> None:
    pass


app.command(name="inspect")(inspect_sample)
app.command(name="check")(check_data)
app.command(name="compare")(compare_sample)
app.command(name="app", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(open_app)
app.command(name="interview")(interview)
app.add_typer(models, name="model")
app.add_typer(katas, name="kata")
