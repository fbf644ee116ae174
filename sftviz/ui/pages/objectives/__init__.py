"""Objectives: the same text, asked in four ways; and the terms that stand beside cross-entropy, each live."""

import streamlit as st

from sftviz.ui.language import t
from sftviz.ui.pages.objectives.four_ways import four_ways
from sftviz.ui.pages.objectives.terms import SECTIONS


def page() -> None:
    st.title(t("ui.objectives.title"))
    st.write(t("ui.objectives.intro"))
    four_ways()
    st.divider()
    st.header(t("ui.objectives.terms"))
    for section in SECTIONS:
        section()
