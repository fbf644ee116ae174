"""A text box takes whatever is pasted; what is too long for a page is kept in the box, and said."""

import streamlit as st

from sftviz.ui.language import t


def fits(text: str, limit: int) -> bool:
    """Whether a page can work on a text of this length; where it cannot, it says so."""
    if len(text) <= limit:
        return True
    st.info(t("ui.common.too_long", count=len(text), limit=limit))
    return False
