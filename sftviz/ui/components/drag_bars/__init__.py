"""A distribution one can take hold of: drag a bar, or move it with the arrow keys; the core makes it add up to 1."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
import torch
from streamlit.components.v2 import component
from torch import Tensor

from sftviz.loss.information import with_share

HERE = Path(__file__).parent

_bars = component(
    "sftviz_drag_bars",
    html='<div class="drag-bars"></div>',
    css=(HERE / "drag_bars.css").read_text(),
    js=(HERE / "drag_bars.js").read_text(),
)


def drag_bars(title: str, outcomes: Sequence[str], start: Sequence[float], colour: str, *, key: str) -> Tensor:
    """The distribution as it stands, [V] float64."""
    held = f"{key}_p"
    if held not in st.session_state:
        st.session_state[held] = torch.tensor(start, dtype=torch.float64)

    def move() -> None:
        moved = st.session_state[key].moved
        if moved:
            st.session_state[held] = with_share(st.session_state[held], int(moved["index"]), float(moved["share"]))

    p = st.session_state[held]
    sent = st.session_state[key].moved if key in st.session_state else None
    data = {
        "title": title,
        "outcomes": list(outcomes),
        "p": p.tolist(),
        "colour": colour,
        "answers": sent["count"] if sent else 0,
    }
    _bars(key=key, data=data, default={"moved": None}, on_moved_change=move)
    return p
