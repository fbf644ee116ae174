"""Whose chat is looked at: a sample, the reader's own text, or a file. No choice destroys what somebody typed."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from sftviz.chat.formats import FORMATS, parse_all
from sftviz.chat.messages import Chat, ChatError, Notice
from sftviz.chat.read.reading import Media, Side
from sftviz.chat.samples import SAMPLES
from sftviz.ui import state
from sftviz.ui.components.copy_link import take_chat_of_the_link
from sftviz.ui.components.draft import keep_draft
from sftviz.ui.components.upload import Upload, offer_upload, read_upload
from sftviz.ui.language import t, words_of

MINE = "mine"
FIRST = next(iter(SAMPLES))
SIDES: tuple[Side, ...] = ("chosen", "rejected")
MOST_KEPT = 20  # texts that can be brought back
SAMPLE = state.Choice("sample", FIRST, (*SAMPLES, MINE))
SIDE = state.Choice("side", "chosen", SIDES)
PLACEHOLDERS = state.Switch("placeholders", False)
KNOBS = (SAMPLE, SIDE, PLACEHOLDERS)


def settle() -> None:
    """Before anything is drawn: which text stands in the box. A text that is no sample's is the reader's own."""
    session = st.session_state
    chosen = SAMPLE.value()
    text = session.get("chat")
    if text is None or session.get("shown_sample") != chosen:
        session.chat = _text_of(chosen)
    elif text != _text_of(chosen):
        _keep(session.get("mine"))
        session.mine, session.sample = text, MINE
    session.shown_sample = session.sample


def choose_source() -> None:
    SAMPLE.selectbox(t("ui.inspect.source"), _title, width=150)


def drawer() -> str | Upload:
    """The box, a file, and what can be brought back; gives what is to be read."""
    take_chat_of_the_link("chat")
    with st.expander(
        t("ui.inspect.drawer", count=len(st.session_state.chat)), key="drawer", icon=":material/edit_note:"
    ):
        keep_draft("chat", "" if st.session_state.sample == MINE else st.session_state.sample)
        forms = ", ".join(words_of("format", form) for form in FORMATS.values())
        text = st.text_area(
            t("ui.inspect.chat"),
            height=260,
            placeholder=t("ui.inspect.placeholder"),
            help=t("ui.inspect.forms", forms=forms),
            key="chat",
            persist_state="session",
        )
        if st.session_state.get("before"):
            st.button(t("ui.inspect.undo"), key="undo", icon=":material/undo:", on_click=_undo)
        upload = offer_upload()
    return upload or text


def read(source: str | Upload) -> tuple[Sequence[Chat], Sequence[Notice]]:
    """The samples, and what was noticed of all; of a preference row the side asked for. Raises ChatError."""
    media: Media = "placeholder" if PLACEHOLDERS.value() else "refuse"
    samples, notices = _opened(source, media, None)
    if not any(notice.code == "preference_row" for notice in _first(samples).notices):
        return samples, notices
    side = SIDE.segmented(t("ui.inspect.side"), lambda name: t(f"ui.inspect.{name}"))
    return _opened(source, media, side)


def offer_placeholders(error: Exception) -> None:
    if getattr(error, "code", "") == "not_text":
        PLACEHOLDERS.checkbox(t("ui.inspect.placeholders"))


def _title(name: str) -> str:
    return t("ui.inspect.mine") if name == MINE else words_of("sample", SAMPLES[name])


def _text_of(name: str) -> str:
    return st.session_state.get("mine", "") if name == MINE else SAMPLES[name].text


def _keep(text: Any) -> None:
    before: list[str] = st.session_state.setdefault("before", [])
    if text and (not before or before[-1] != text):
        before.append(text)
        del before[:-MOST_KEPT]


def _undo() -> None:
    """The last own text, as it was before it was changed; no sample is lost by it."""
    session = st.session_state
    session.mine = session.chat = session.before.pop()
    session.sample = session.shown_sample = MINE


def _opened(source: str | Upload, media: Media, side: Side | None) -> tuple[Sequence[Chat], Sequence[Notice]]:
    if isinstance(source, Upload):
        paste = read_upload(source, media, side)
        return paste.samples, paste.notices
    return parse_all(source, media=media, side=side), ()


def _first(samples: Sequence[Chat]) -> Chat:
    """The first sample; where it is broken an empty one, so that the others can be reached."""
    try:
        return samples[0]
    except ChatError:
        if len(samples) < 2:
            raise
        return Chat((), "text")
