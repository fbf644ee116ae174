"""Objectives: the same text, asked in four ways; and the terms that stand beside cross-entropy, each live."""

import streamlit as st

from sftviz.ui.language import t
from sftviz.ui.pages.objectives.four_ways import four_ways
from sftviz.ui.pages.objectives.terms import SECTIONS


def page() -> None:
    st.title(t("The same text, four ways to ask"))
    st.write(
        t(
            "A text has no labels. An objective makes them: it decides what is read, what is asked for, and who may "
            "look at whom meanwhile."
        )
    )
    four_ways()
    st.divider()
    st.header(t("What stands beside cross-entropy"))
    for section in SECTIONS:
        section()
