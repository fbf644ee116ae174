"""English or Simplified Chinese: one control, one word list, and `?lang=` in the address."""

import json
import re
from functools import cache, lru_cache
from pathlib import Path

import streamlit as st

from lessons.lesson import LANGUAGES, Language

NAMES: dict[Language, str] = {"en": "English", "zh": "简体中文"}
WORDS = Path(__file__).parent / "words.zh.json"
HOLE = re.compile(r"(?<!%)\{\d\}")


def language() -> Language:
    """The language of this session: what the control says, at first what the address asks for, else English."""
    asked = st.session_state.get("language") or st.query_params.get("lang")
    return asked if asked in LANGUAGES else "en"


def t(english: str) -> str:
    """The app's words in the session's language. A test sees to it that every one is in the list."""
    return chinese()[english] if language() == "zh" and english in chinese() else english


def sentence(english: str) -> str:
    """A table's words as a sentence: a capital at the head, a full stop at the end."""
    said = t(english)
    return t("{sentence}.").format(sentence=f"{said[0].upper()}{said[1:]}")


def told(said: str) -> str:
    """What the core says of a chat, its numbers and names put in already, in the session's language."""
    return in_chinese(said) if language() == "zh" else said


@cache
def chinese() -> dict[str, str]:
    return json.loads(WORDS.read_text(encoding="utf-8"))


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The list's sentences with holes, {0} {1} …, the ones that say most first."""
    keys = sorted((key for key in chinese() if HOLE.search(key)), key=lambda key: -len(HOLE.sub("", key)))
    return [(re.compile("(.+?)".join(map(re.escape, HOLE.split(key))), re.S), chinese()[key]) for key in keys]


@lru_cache(maxsize=4096)
def in_chinese(sentence: str) -> str:
    """The list's Chinese of a sentence, or of the pattern it fits, what fills the holes likewise; else as it is.

    >>> in_chinese("best 2.20")
    '最佳 2.20'
    """
    if sentence in chinese():
        return chinese()[sentence]
    pieces = sentence.split("; ")
    said = [in_chinese(piece) for piece in pieces] if len(pieces) > 1 else pieces
    if all(now != before for now, before in zip(said, pieces, strict=True)):
        return "；".join(said)
    for pattern, words in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            return words.format(*(" 和 ".join(map(in_chinese, hole.split(" and "))) for hole in found.groups()))
    return sentence


def choose_language() -> None:
    """The control, in the sidebar; the address follows, so that a link opens in the same language."""
    st.session_state.setdefault("language", language())
    with st.sidebar:
        st.segmented_control("Language · 语言", LANGUAGES, format_func=NAMES.__getitem__, key="language", required=True)
    if language() != "en":
        st.query_params["lang"] = language()
    elif "lang" in st.query_params:
        del st.query_params["lang"]
