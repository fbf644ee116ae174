"""What can be taken along: the progress, a deck for Anki, a sheet to print."""

from collections.abc import Mapping
from datetime import date

import streamlit as st

from sftviz.course.interview.cards import Card
from sftviz.course.interview.progress import LARGEST, Progress, read_progress
from sftviz.course.interview.sheets import anki_csv, sheet
from sftviz.ui.components.notes import error_note, notes
from sftviz.ui.language import language, t
from sftviz.words import SaidError


def menu(cards: Mapping[str, Card], progress: Progress) -> None:
    with st.expander(t("ui.interview.progress"), icon=":material/luggage:", key="take_along"):
        with st.container(horizontal=True):
            _file("download", progress.model_dump_json(indent=1), "sftviz-progress.json", "application/json")
            _file("anki", anki_csv(cards.values(), language()), f"sftviz-anki-{language()}.csv", "text/csv")
            _file("sheet", sheet(cards.values(), language()), f"sftviz-sheet-{language()}.md", "text/markdown")
        uploaded = st.file_uploader(t("ui.interview.load"), type="json", key="progress_file")
        if uploaded is not None:
            _taken_over(uploaded.file_id, uploaded.getvalue()[: LARGEST + 1], cards)


def _file(name: str, text: str, file: str, mime: str) -> None:
    st.download_button(
        t(f"ui.interview.{name}"), text, file_name=file, mime=mime, on_click="ignore", key=f"take_{name}"
    )


def _taken_over(file: str, content: bytes, cards: Mapping[str, Card]) -> None:
    """Take over, once, what a file says of cards that exist; say so, or what is wrong, while it is here."""
    read_before, told = st.session_state.get("progress_file_told", ("", 0))
    if read_before != file:
        told = _read(content, cards)
        st.session_state.progress_file_told = (file, told)
    if isinstance(told, SaidError):
        notes([error_note(told)], key="foreign_progress")
    else:
        st.success(t("ui.interview.marks_loaded", count=told))


def _read(content: bytes, cards: Mapping[str, Card]) -> int | SaidError:
    try:
        read = read_progress(content, date.today()).only(cards)
    except SaidError as error:
        return error
    st.session_state.progress.cards.update(read.cards)
    return len(read.cards)
