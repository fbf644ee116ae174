"""English or Simplified Chinese: one control, one word list, and `?lang=` in the address."""

import json
from functools import cache
from pathlib import Path

import streamlit as st

from lessons.lesson import LANGUAGES, Language

NAMES: dict[Language, str] = {"en": "English", "zh": "简体中文"}
WORDS = Path(__file__).parent / "words.zh.json"


def language() -> Language:
    """The language of this session: what the control says, at first what the address asks for, else English."""
    asked = st.session_state.get("language") or st.query_params.get("lang")
    return asked if asked in LANGUAGES else "en"


def t(english: str) -> str:
    """The app's words in the session's language. A test sees to it that every one is in the list."""
    return chinese()[english] if language() == "zh" and english in chinese() else english


@cache
def chinese() -> dict[str, str]:
    return json.loads(WORDS.read_text(encoding="utf-8"))


def choose_language() -> None:
    """The control, in the sidebar; the address follows, so that a link opens in the same language."""
    st.session_state.setdefault("language", language())
    with st.sidebar:
        st.segmented_control("Language · 语言", LANGUAGES, format_func=NAMES.__getitem__, key="language", required=True)
    if language() != "en":
        st.query_params["lang"] = language()
    elif "lang" in st.query_params:
        del st.query_params["lang"]
