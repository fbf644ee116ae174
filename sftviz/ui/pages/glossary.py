import streamlit as st

from sftviz.ui.lab import titled
from sftviz.ui.language import t


def page() -> None:
    titled(t("ui.glossary.title"))
    st.write(t("ui.glossary.intro"))
