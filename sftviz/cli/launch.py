"""`sftviz app`."""

import typer

from sftviz.cli.border import user_mistakes


def open_app(context: typer.Context) -> None:
    """Open the app in the browser; further options go to `streamlit run`."""
    from sftviz.ui.launch import command, run

    with user_mistakes():
        run(command(context.args))
