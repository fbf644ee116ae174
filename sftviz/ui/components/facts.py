"""Numbers of a lab, one under the other: what it is, and in bold what it comes to."""

from collections.abc import Mapping

import streamlit as st

from sftviz.ui.language import t


def facts(rows: Mapping[str, str]) -> None:
    """Label and value a line. Both are the app's own words and numbers: Markdown and $formulas$ are drawn."""
    for label, value in rows.items():
        st.markdown(f"{label}  \n**{value}**")


def tokens_of(vocabulary: int) -> list[str]:
    """Names of the tokens of a small made vocabulary: the target, its rival, and the others by number."""
    return [t("figure.target"), t("ui.common.rival"), *(t("figure.token", n=k) for k in range(2, vocabulary))]
