"""What stands in the paste box survives a refresh: kept in the browser's tab, never on the server or in the URL."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

_draft = component("sftviz_draft", js=(Path(__file__).parent / "draft.js").read_text(), html="<span></span>")


def keep_draft(state_key: str) -> None:
    """Call before the widget with this key is drawn: stores its text in the tab, and after a reload puts it back."""
    drawn = f"{state_key}_drawn"
    component_key = f"{state_key}_draft"

    def restore() -> None:
        text = st.session_state[component_key].restored
        if text is not None:
            st.session_state[state_key] = text

    # Only the session's first run may be overwritten by what the tab remembers
    fresh = not st.session_state.get(drawn, False)
    st.session_state[drawn] = True
    data = {"key": f"sftviz:{state_key}", "text": st.session_state.get(state_key, ""), "fresh": fresh}
    _draft(key=component_key, data=data, default={"restored": None}, on_restored_change=restore, height=1)
