"""The page's theme, as figures want it; and how a figure is put on the page."""

from pathlib import Path
from typing import Any

import streamlit as st
from plotly.basedatatypes import BaseFigure

from sftviz.figures.figure import Figure
from sftviz.figures.palette import Theme


class _Ready(BaseFigure):
    """A figure that Streamlit takes as plotly's own: of a dict it would build and check every part anew."""

    def __init__(self, made: dict[str, Any]):
        self._made = made

    def to_dict(self) -> dict[str, Any]:
        return self._made


def theme() -> Theme:
    return "dark" if st.context.theme.type == "dark" else "light"


def show(figure: Figure, key: str) -> None:
    """A figure as it was made: its own colours, and no toolbar over it."""
    st.plotly_chart(_Ready(figure.to_dict()), key=key, theme=None, config={"displayModeBar": False})


def dress() -> None:
    """The page's own style sheet: less air above the title, controls in one line on every screen."""
    st.html(Path(__file__).parent / "page.css")
