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
    with st.expander(t("ui.interview.progress"), icon=":material/luggage:"):
        with st.container(horizontal=True):
            _file("download", progress.model_dump_json(indent=1), "sftviz-progress.json", "application/json")
            _file("anki", anki_csv(cards.values(), language()), f"sftviz-anki-{language()}.csv", "text/csv")
            _file("sheet", sheet(cards.values(), language()), f"sftviz-sheet-{language()}.md", "text/markdown")
        uploaded = st.file_uploader(t("ui.interview.load"), type="json", key="progress_file")
        if uploaded is not None and st.session_state.get("progress_loaded") != uploaded.file_id:
            st.session_state.progress_loaded = uploaded.file_id
            _load(uploaded.getvalue()[: LARGEST + 1], cards)


def _file(name: str, text: str, file: str, mime: str) -> None:
    st.download_button(
        t(f"ui.interview.{name}"), text, file_name=file, mime=mime, on_click="ignore", key=f"take_{name}"
    )


def _load(content: bytes, cards: Mapping[str, Card]) -> None:
    """Take over what a file says of cards that exist; say what was wrong with it otherwise."""
    try:
        read = read_progress(content, date.today()).only(cards)
    except SaidError as error:
        notes([error_note(error)], key="foreign_progress")
        return
    st.session_state.progress.cards.update(read.cards)
    st.success(t("ui.interview.marks_loaded", count=len(read.cards)))
