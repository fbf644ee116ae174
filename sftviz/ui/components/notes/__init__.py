"""Errors and findings as cards. They quote what people pasted, so the text goes in as text, never as Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

from streamlit.components.v2 import component

from sftviz.ui.language import language, t
from sftviz.words import SaidError, say

HERE = Path(__file__).parent


SEVERITIES = ("error", "warning", "note")


class Note(TypedDict):
    severity: str  # "error", "warning" or "note"
    where: str
    message: str
    remedy: str
    code: NotRequired[str]  # of an error: the same in every language, to search for


_notes = component(
    "sftviz_notes",
    css=(HERE / "notes.css").read_text(),
    js=(HERE / "notes.js").read_text(),
    html='<ul class="sftviz-notes"></ul>',
)


def notes(items: Sequence[Note], *, key: str) -> None:
    """One card a note, in the order given."""
    if items:
        _notes(key=key, data={"notes": list(items), "names": {one: t(f"ui.notes.{one}") for one in SEVERITIES}})


def error_note(error: Exception) -> Note:
    """A mistake as a card, in the session's language where it has sentences."""
    if not isinstance(error, SaidError):
        return {"severity": "error", "where": "", "message": str(error), "remedy": ""}
    where, what, remedy = (say(said, language()) if said else "" for said in (error.where, error.what, error.remedy))
    return {"severity": "error", "where": where, "message": what, "remedy": remedy, "code": error.code}
