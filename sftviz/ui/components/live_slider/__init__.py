"""A slider whose effect is seen while it is dragged: Streamlit's own waits until the pointer rests."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

HERE = Path(__file__).parent

_slider = component(
    "sftviz_live_slider",
    html=(HERE / "live_slider.html").read_text(),
    css=(HERE / "live_slider.css").read_text(),
    js=(HERE / "live_slider.js").read_text(),
)


def live_slider(
    label: str, low: float, high: float, step: float, *, key: str, ends: tuple[str, str] | None = None
) -> bool:
    """The session's value of this key follows the handle. True where the handle rests, False while it is moved.

    ends: what the lowest and the highest value mean, in a few words.
    """
    state = f"{key}_slider"

    def follow() -> None:
        st.session_state[key] = min(high, max(low, float(st.session_state[state].moved["value"])))

    data = {"label": label, "low": low, "high": high, "step": step, "value": st.session_state[key]}
    data["ends"] = ends or ("", "")
    moved = _slider(key=state, data=data, default={"moved": None}, on_moved_change=follow).moved
    return moved is None or not moved["held"]
