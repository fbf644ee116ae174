"""The page's theme, as figures want it; and how a figure is put on the page."""

from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from sftviz.figures.palette import Theme


def theme() -> Theme:
    return "dark" if st.context.theme.type == "dark" else "light"


def show(figure: go.Figure, key: str) -> None:
    """A figure as it was made: its own colours, and no toolbar over it."""
    st.plotly_chart(figure, key=key, theme=None, config={"displayModeBar": False})


def dress() -> None:
    """The page's own style sheet: less air above the title, controls in one line on every screen."""
    st.html(Path(__file__).parent / "page.css")
