"""A link to what is seen. The chat goes along only where somebody asks, in the fragment, which no server is sent."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from sftviz.chat.formats import LONGEST_CHAT
from sftviz.ui.language import t

HERE = Path(__file__).parent
WORDS = ("copy", "copy_with_chat", "copied", "refused", "too_long")
LONGEST_LINK = 30_000  # characters: further, mail and messengers cut

_link = component(
    "sftviz_chat_link",
    html='<div class="links"></div>',
    css=(HERE / "chat_link.css").read_text(encoding="utf-8"),
    js=(HERE / "chat_link.js").read_text(encoding="utf-8"),
)
_taken = component(
    "sftviz_chat_of_the_link", html="<span></span>", js=(HERE / "chat_of_the_link.js").read_text(encoding="utf-8")
)


def chat_link(chat: str | None) -> None:
    """Buttons that copy the address as it stands; with the chat where there is one that is no file."""
    data = {"chat": chat, "words": {word: t(f"ui.share.{word}") for word in WORDS}, "longest": LONGEST_LINK}
    _link(key="chat_link", data=data)


def take_chat_of_the_link(state_key: str) -> None:
    """Call before the box is drawn: what a link brings along is put there, as if it had been pasted."""
    key = f"{state_key}_of_the_link"

    def put() -> None:
        text = st.session_state[key].text
        if text:
            st.session_state[state_key] = text[:LONGEST_CHAT]

    _taken(key=key, data={"longest": LONGEST_CHAT}, default={"text": None}, on_text_change=put, height=1)
