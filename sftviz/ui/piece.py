"""A piece of the app: it speaks the session's language, and where it fails it says so in its own place.

Streamlit would show a redacted box instead. `main` runs every page as a piece; a fragment is one too, because its own
rerun does not pass through `main`.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import streamlit as st

from sftviz.extras import missing_extra
from sftviz.ui.components.notes import Note, error_note, notes
from sftviz.ui.language import language, t
from sftviz.ui.state import address
from sftviz.ui.turn import turn
from sftviz.words import using

Arguments = ParamSpec("Arguments")
LONGEST = 300  # characters of a foreign message
_log = logging.getLogger(__name__)


@contextmanager
def piece(name: str) -> Iterator[None]:
    """Speak the session's language within the block, and write its knobs into the address; an exception becomes a note
    where the block stood."""
    with using(language()), address():
        try:
            yield
        except Exception as error:  # the border to every library: what they raise has no common type
            _log.exception("%s failed", name)
            notes([note_of(error)], key=f"failed_{name}")


def fragment(draw: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """`st.fragment`, as a piece of its own."""

    @st.fragment
    @wraps(draw)
    def drawn(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        with turn(), piece(f"{draw.__module__}.{draw.__qualname__}"):
            draw(*args, **kwargs)

    return drawn


def note_of(error: Exception) -> Note:
    """Our own errors in their words, in the session's language; of any other its name, and that the fault is ours."""
    error = missing_extra(error) or error
    if type(error).__module__.partition(".")[0] == "sftviz":
        return error_note(error)
    what = t("ui.piece.failed", kind=type(error).__name__, message=str(error)[:LONGEST] or "–")
    return {"severity": "error", "where": "", "message": what, "remedy": t("ui.piece.ours")}
