"""The page's theme and language, as figures want them; and how a figure is put on the page."""

import plotly.graph_objects as go
import streamlit as st

from sftviz.figures.palette import Theme
from sftviz.ui.figure_words import translated
from sftviz.ui.language import in_chinese, language


def theme() -> Theme:
    return "dark" if st.context.theme.type == "dark" else "light"


def show(figure: go.Figure, key: str) -> None:
    """A figure as it was made, its words in the session's language: its own colours, and no toolbar over it."""
    shown = translated(figure, in_chinese) if language() == "zh" else figure
    st.plotly_chart(shown, key=key, theme=None, config={"displayModeBar": False})
