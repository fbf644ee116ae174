"""The gradients page's two explorables, in the lesson: drag the target from right to wrong, release both losses."""

import streamlit as st

from sftviz.ui.pages.gradients import descent, pull


def lab() -> None:
    pull()
    st.divider()
    descent()
