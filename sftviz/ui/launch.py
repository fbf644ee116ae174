"""The command that starts the app with its safe settings, whatever folder it is started in."""

import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from sftviz import extras
from sftviz.words import SaidError

PORT = "--server.port"
HERE = Path(__file__).resolve().parent
INSTALLED = HERE / "config.toml"  # pyproject.toml puts the repository's own here in a wheel
SETTINGS = INSTALLED if INSTALLED.is_file() else HERE.parents[1] / ".streamlit" / "config.toml"


class PortTaken(SaidError):
    """Something else answers on the port that was asked for: sentences error.port_taken, remedy.port_taken."""


def command(given: Sequence[str], environment: Mapping[str, str] = os.environ) -> list[str]:
    """`streamlit run` of the app, with every setting that neither the options given nor the environment name.

    Raises MissingExtra where the app's libraries are not installed, and PortTaken.
    """
    extras.require("streamlit", "plotly", "torch", "transformers", "pandas", "jupytext")
    _refuse_a_taken_port(given, environment)
    named = {option.partition("=")[0] for option in given}
    settings = [
        f"--{option}={value}"
        for option, value in _settings(SETTINGS)
        if f"--{option}" not in named and _variable(option) not in environment
    ]
    return [sys.executable, "-m", "sftviz.ui.serve", "run", str(HERE / "entry" / "app.py"), *settings, *given]


def _refuse_a_taken_port(given: Sequence[str], environment: Mapping[str, str]) -> None:
    """A port that was asked for by number; without one Streamlit takes the next that is free."""
    options = " ".join(given).replace("=", " ").split()
    asked = options[options.index(PORT) + 1 :][:1] if PORT in options else [environment.get(_variable(PORT[2:]), "")]
    if not asked or not asked[0].isdecimal():
        return
    with socket.socket() as trial:
        trial.settimeout(1)
        if trial.connect_ex(("127.0.0.1", int(asked[0]))) == 0:
            raise PortTaken("port_taken", port=asked[0])


def run(started: Sequence[str]) -> NoReturn:
    """Become the server: who stops this process stops it, and leaves none behind. Windows waits for it."""
    if os.name == "posix":
        os.execv(started[0], list(started))
    raise SystemExit(subprocess.call(started))


def _settings(file: Path) -> Iterator[tuple[str, str]]:
    """Every option and value of a config.toml; a list has a pair for each of its items."""
    for option, value in _flat(tomllib.loads(file.read_text(encoding="utf-8"))):
        for one in value if isinstance(value, list) else [value]:
            yield option, str(one).lower() if isinstance(one, bool) else str(one)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _variable(option: str) -> str:
    """The environment variable that Streamlit reads for an option.

    >>> _variable("server.maxUploadSize")
    'STREAMLIT_SERVER_MAX_UPLOAD_SIZE'
    """
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", option.replace(".", "_"))
    snake = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words)
    return f"STREAMLIT_{snake.upper()}"
