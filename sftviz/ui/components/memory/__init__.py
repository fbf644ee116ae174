"""What a browser remembers for a page: a text in its local storage, brought back once a session, and sent nowhere."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import streamlit as st
from streamlit.components.v2 import component

_memory = component(
    "sftviz_memory",
    html="<span></span>",
    js=(Path(__file__).parent / "memory.js").read_text(encoding="utf-8"),
)


def remember(place: str, text: str, take: Callable[[str], None]) -> None:
    """Keep a text in the browser. What it held when the session began is handed to `take`, before anything is kept."""
    key = f"memory_{place}"
    session = st.session_state.setdefault(f"{key}_session", uuid4().hex)

    def found() -> None:
        held = st.session_state[key].found
        if held is not None:
            take(held)

    _memory(key=key, data={"place": place, "session": session, "text": text}, on_found_change=found, height=1)
