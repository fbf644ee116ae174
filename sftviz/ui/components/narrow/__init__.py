"""A narrow window opens with its sidebar closed: it would take a third of the page."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

NARROW = 1000  # CSS pixels; Streamlit itself closes it below 768

_narrow = component("sftviz_narrow", js=(Path(__file__).parent / "narrow.js").read_text(), html="<span></span>")


def close_where_narrow() -> None:
    """Call once a run, outside the page: it looks once for each time the app is loaded."""
    with st.sidebar:
        _narrow(key="narrow", data={"narrow": NARROW}, height=1)
