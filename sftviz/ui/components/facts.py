"""Numbers of a lab, one under the other: what it is, and in bold what it comes to."""

from collections.abc import Mapping

import streamlit as st


def facts(rows: Mapping[str, str]) -> None:
    """Label and value a line. Both are the app's own words and numbers: Markdown and $formulas$ are drawn."""
    for label, value in rows.items():
        st.markdown(f"{label}  \n**{value}**")
