"""A slider whose effect is seen while it is dragged: Streamlit's own waits until the pointer rests."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from sftviz.ui.components.linked import linked

HERE = Path(__file__).parent

_slider = component(
    "sftviz_live_slider",
    html=(HERE / "live_slider.html").read_text(),
    css=(HERE / "live_slider.css").read_text(),
    js=(HERE / "live_slider.js").read_text(),
)


def live_slider(
    label: str, low: float, high: float, value: float, step: float, *, key: str, ends: tuple[str, str] | None = None
) -> float:
    """The value under the handle, at first what the address gives for the key.

    ends: what the lowest and the highest value mean, in a few words.
    """
    value = linked(key, float(value), low, high)
    state = f"{key}_slider"
    held = st.session_state.get(state)
    shown = value if held is None or held.value is None else held.value
    data = {"label": label, "low": low, "high": high, "step": step, "value": shown, "ends": ends or ("", "")}
    moved = _slider(key=state, data=data, default={"value": value}, on_value_change=lambda: None)
    return min(high, max(low, float(moved.value)))
