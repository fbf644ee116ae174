"""Lessons: the course as a map, what this reader has done of it, and three routes through it."""

import streamlit as st

from sftviz.ui.components.course import course_map
from sftviz.ui.lab import titled
from sftviz.ui.language import t


def page() -> None:
    titled(t("ui.lessons.title"))
    st.write(t("ui.lessons.intro"))
    chosen = course_map()
    st.caption(t("ui.lessons.kept"))
    if chosen:
        st.switch_page(st.session_state.pages[chosen])
