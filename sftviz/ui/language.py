"""English or Simplified Chinese: one control, and `?lang=` in the address. The sentences stand in sftviz.words."""

from typing import Any

import streamlit as st

from sftviz import words
from sftviz.words import LANGUAGES, Language, Said

NAMES: dict[Language, str] = {"en": "English", "zh": "简体中文"}


def language() -> Language:
    """The language of this session: what the control says, at first what the address asks for, else English."""
    asked = st.session_state.get("language") or st.query_params.get("lang")
    return asked if asked in LANGUAGES else "en"


def t(code: str, /, **values: Any) -> str:
    """The app's sentence for a code, in the session's language.

    A code without a sentence is shown as it is: a test finds it, and a page must not die of it.
    """
    return words.say(Said(code, **values), language()) if words.known(code) else code


def pattern(code: str) -> str:
    """The sentence with its holes open, for a script in the page that fills them itself."""
    return words.sentences(language())[code]


def words_of(table: str, row: Any, field: str = "title") -> str:
    """What a row of a core table says of itself, in the session's language."""
    return words.row(table, row, field, language())


def explained(table: str, row: Any) -> str:
    """A row's meaning, and where it is from."""
    source = words_of(table, row, "source")
    return t("ui.common.meaning_and_source", meaning=words_of(table, row, "meaning"), source=source)


def introduced(table: str, row: Any, field: str = "meaning") -> str:
    """A row's title in bold, and its meaning (or another field): Markdown."""
    return t("ui.common.title_and_meaning", title=words_of(table, row), meaning=words_of(table, row, field))


def named(table: str, name: str, english: str) -> str:
    """The same for a table that holds a plain text."""
    return words.named(table, name, english, language())


def sentence(said: str) -> str:
    """A table's words as a sentence: a capital at the head, a full stop at the end."""
    return t("ui.common.sentence", words=f"{said[0].upper()}{said[1:]}")


def told(said: Said | str) -> str:
    """What the core says of a chat, in the session's language; what it says as a plain text stays as it is."""
    return words.say(said, language()) if isinstance(said, Said) else said


def choose_language() -> None:
    """The control, in the sidebar; the address follows, so that a link opens in the same language."""
    st.session_state.setdefault("language", language())
    with st.sidebar:
        st.segmented_control("Language · 语言", LANGUAGES, format_func=NAMES.__getitem__, key="language", required=True)
    if language() != "en":
        st.query_params["lang"] = language()
    elif "lang" in st.query_params:
        del st.query_params["lang"]
