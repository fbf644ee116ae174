"""What stands in a text box survives a refresh and a server that is started anew, typed but not yet sent too.

It is kept in the browser's tab and nowhere else: never on the server, never in the address. A text of more than about
five million characters is too much for a tab. What a browser cannot send at all, 25 MB or half a character, is said
beside the box: Streamlit drops it without a word.
"""

from pathlib import Path
from uuid import uuid4

import streamlit as st
from streamlit.components.v2 import component

from sftviz.ui.language import pattern

HERE = Path(__file__).parent
OTHERS = 1  # MB left to what else a page sends along

_draft = component(
    "sftviz_draft",
    html='<div class="sftviz-draft" role="status"></div>',
    css=(HERE / "draft.css").read_text(),
    js=(HERE / "draft.js").read_text(),
)


def keep_draft(key: str, of: str = "") -> None:
    """Call wherever the text box with this key is drawn; a first text goes into `st.session_state[key]` before.

    The tab stores the box at every input, and puts it back into a session that begins without it, unless somebody has
    typed there already.
    of: what stands in the box where it is not the reader's own, the name of a sample: a draft of one is never put over
    another. Of a box in a popover call it outside: what stands in a closed one is not on the page.
    """
    component_key = f"{key}_draft"

    def restore() -> None:
        text = st.session_state[component_key].restored
        if text is not None:
            st.session_state[key] = text

    data = {
        "key": key,
        "of": of,
        "session": st.session_state.setdefault("draft_session", uuid4().hex),
        "text": st.session_state.get(key, ""),
        "most": st.get_option("server.maxWidgetStateSize") - OTHERS,
        "words": {word: pattern(f"ui.draft.{word}") for word in ("too_large", "half")},
    }
    _draft(key=component_key, data=data, on_restored_change=restore)
