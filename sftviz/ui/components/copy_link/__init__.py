"""Buttons that copy the page's address: whoever opens it sees the page as it stands.

A chat goes along only where somebody asks for it: behind #chat=, which no server is sent. The browser that opens such a
link puts it into the box, as if it had been pasted.
"""

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from sftviz.chat.formats import LONGEST_CHAT
from sftviz.ui.language import t

HERE = Path(__file__).parent
WORDS = ("copy", "copy_with_chat", "copied", "by_hand", "too_long")
LONGEST_LINK = 30_000  # characters: further, mail and messengers cut

_link = component(
    "sftviz_copy_link",
    html='<div class="links"></div>',
    css=(HERE / "copy_link.css").read_text(encoding="utf-8"),
    js=(HERE / "copy_link.js").read_text(encoding="utf-8"),
)
_taken = component(
    "sftviz_chat_of_the_link", html="<span></span>", js=(HERE / "chat_of_the_link.js").read_text(encoding="utf-8")
)


def copy_link(chat: str | None = None) -> None:
    """Once a page. Where the browser forbids copying, the address is shown to be copied by hand."""
    data = {"chat": chat, "longest": LONGEST_LINK, "words": {name: t(f"ui.link.{name}") for name in WORDS}}
    _link(key="copy_link", data=data, width="content")


def take_chat_of_the_link(state_key: str) -> None:
    """Call before the box is drawn: what a link brings along is put there."""
    key = f"{state_key}_of_the_link"

    def put() -> None:
        text = st.session_state[key].text
        if text:
            st.session_state[state_key] = text[:LONGEST_CHAT]

    _taken(key=key, data={"longest": LONGEST_CHAT}, default={"text": None}, on_text_change=put, height=1)
