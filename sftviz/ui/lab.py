"""What every lab's page has: a title with the link to it, and knobs that stay in sight of the figures they turn."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from sftviz.ui.components.copy_link import copy_link
from sftviz.ui.theme import theme

STYLE = (Path(__file__).parent / "lab.css").read_text()


def titled(words: str) -> None:
    """The page's title, and at its side the button that copies the address."""
    paper = st.get_option(f"theme.{theme()}.backgroundColor")
    st.html(f"<style>:root {{ --sftviz-paper: {paper} }}\n{STYLE}</style>")
    with st.container(horizontal=True, vertical_alignment="center", key="titled"):
        st.title(words, anchor=False, width="stretch")
        copy_link()


def pair(key: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Two halves that stand under each other where the page is too narrow for what is in them."""
    with st.container(key=f"pair_{key}"):
        left, right = st.columns(2, gap="large")
    return left, right


def beside(key: str, knobs: int = 2, figures: int = 5) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Where knobs and facts go, and where figures go, as wide as told; key: one for each pair of a page.

    The knobs stay on the screen while the figures scroll by: at their side, and on a phone above them.
    """
    with st.container(key=f"beside_{key}"):
        left, right = st.columns([knobs, figures], gap="large")
    return left, right
