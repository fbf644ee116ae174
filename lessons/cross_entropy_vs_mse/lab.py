"""The gradients page's two explorables, in the lesson: drag the target from right to wrong, release both losses."""

import streamlit as st

from sftviz.ui.pages.gradients import KNOBS, descent, pull

__all__ = ["KNOBS", "lab"]


def lab() -> None:
    pull()
    st.divider()
    descent()
