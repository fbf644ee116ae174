"""What is seen, for somebody else: a link, a command, a program, a notebook. The chat goes along only where asked."""

import json
import shlex
from pprint import pformat
from typing import Any

import streamlit as st

from sftviz import assets
from sftviz.supervision.policies import POLICIES
from sftviz.ui.components.copy_link import copy_link
from sftviz.ui.components.pickers import Choices
from sftviz.ui.components.upload import Upload
from sftviz.ui.language import t

FILE = "chat.txt"


def share_menu(given: str | Upload, choices: Choices) -> None:
    with st.popover("", icon=":material/share:", help=t("ui.share.menu"), key="share"):
        copy_link(given if isinstance(given, str) else None)
        file = given.name if isinstance(given, Upload) else FILE
        st.caption(t("ui.share.command"))
        st.code(command(choices, file), language="bash", wrap_lines=True)
        st.caption(t("ui.share.python"))
        st.code(program(choices, file), language="python", wrap_lines=True)
        text = given if isinstance(given, str) else None
        st.download_button(
            t("ui.share.notebook"),
            lambda: notebook(choices, file, text),
            file_name="sftviz.ipynb",
            mime="application/x-ipynb+json",
            key="share_notebook",
            on_click="ignore",
            width="stretch",
        )


def changed(choices: Choices) -> dict[str, Any]:
    """What differs from what `sftviz.inspect` would take by itself."""
    told: dict[str, Any] = {"policy": choices.policy}
    if choices.model != "sftviz/tiny-sft":
        told["model"] = choices.model
    if choices.tokenizer != (assets.reads(choices.model) or assets.TOKENIZER):
        told["tokenizer"] = choices.tokenizer
    if choices.template:
        told["template"] = choices.template
    if choices.online:
        told["online"] = True
    row = POLICIES[choices.policy]
    turned = {name: value for name, value in choices.knobs.items() if value != getattr(row, name)}
    return told | {name: sorted(value) if isinstance(value, frozenset) else value for name, value in turned.items()}


def command(choices: Choices, file: str) -> str:
    words = ["sftviz", "inspect", file]
    for name, value in changed(choices).items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value is False:
            words.append(f"--no-{name.replace('_', '-')}")
        elif isinstance(value, list):
            words += [part for one in value for part in ("--role", one)]
        else:
            words += [option, "none" if value is None else str(value)]
    return shlex.join(words)


def program(choices: Choices, file: str, text: str | None = None) -> str:
    """A program that makes the same inspection; text: the chat itself, else it is read from the file."""
    chat = f'open({file!r}, encoding="utf-8").read()' if text is None else pformat(text, width=110)
    given = "".join(f",\n    {name}={value!r}" for name, value in changed(choices).items())
    chat = chat.replace("\n", "\n    ")
    return f"import sftviz\n\nseen = sftviz.inspect(\n    {chat}{given},\n)\nseen"


def notebook(choices: Choices, file: str, text: str | None) -> str:
    """As Jupyter opens it; the chat is in it."""
    cells = [program(choices, file, text), "seen.frame()", "seen.findings"]
    return json.dumps(
        {
            "cells": [
                {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "execution_count": None, "outputs": [],
                 "source": source}
                for i, source in enumerate(cells)
            ],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        },
        ensure_ascii=False,
        indent=1,
    )  # fmt: skip
