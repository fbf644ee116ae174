"""Errors and findings as cards. They quote what people pasted, so the text goes in as text, never as Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from streamlit.components.v2 import component

from sftviz.ui.language import t

HERE = Path(__file__).parent


SEVERITIES = ("error", "warning", "note")


class Note(TypedDict):
    severity: str  # "error", "warning" or "note"
    where: str
    message: str
    remedy: str


_notes = component(
    "sftviz_notes", css=(HERE / "notes.css").read_text(), js=(HERE / "notes.js").read_text(), html="<ul></ul>"
)


def notes(items: Sequence[Note], *, key: str) -> None:
    """One card a note, in the order given."""
    if items:
        _notes(key=key, data={"notes": list(items), "names": {one: t(f"ui.notes.{one}") for one in SEVERITIES}})
