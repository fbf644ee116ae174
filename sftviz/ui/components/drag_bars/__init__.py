"""A distribution one can take hold of: drag a bar, or move it with the arrow keys; the core makes it add up to 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
import torch
from streamlit.components.v2 import component

from sftviz.loss.information import with_share
from sftviz.ui.state import Knob

HERE = Path(__file__).parent

_bars = component(
    "sftviz_drag_bars",
    html='<div class="drag-bars"></div>',
    css=(HERE / "drag_bars.css").read_text(),
    js=(HERE / "drag_bars.js").read_text(),
)


@dataclass(frozen=True)
class Shares(Knob[tuple[float, ...]]):
    """A distribution: as many probabilities as the default has, which add up to 1."""

    def read(self, asked: Sequence[str]) -> tuple[float, ...]:
        shares = tuple(float(share) for share in asked[-1].split(","))
        if len(shares) != len(self.default) or not all(0 <= one <= 1 for one in shares) or abs(sum(shares) - 1) > 0.01:
            raise ValueError(asked[-1])
        return tuple(share / sum(shares) for share in shares)

    def written(self, value: tuple[float, ...]) -> list[str]:
        return [",".join(f"{share:.4g}" for share in value)]

    def bars(self, title: str, outcomes: Sequence[str], colour: str) -> tuple[float, ...]:
        """Bars that one can take hold of."""
        self._before()
        rests = _drawn(title, outcomes, colour, key=self.key)
        value: tuple[float, ...] = st.session_state[self.key]
        return self._after(value) if rests else value


def _drawn(title: str, outcomes: Sequence[str], colour: str, *, key: str) -> bool:
    """The session's distribution of this key follows the bars. True where they rest, False while one is moved."""
    drawn = f"{key}_bars"

    def move() -> None:
        moved, p = st.session_state[drawn].moved, torch.tensor(st.session_state[key], dtype=torch.float64)
        st.session_state[key] = tuple(with_share(p, int(moved["index"]), float(moved["share"])).tolist())

    sent = st.session_state[drawn].moved if drawn in st.session_state else None
    data = {
        "title": title,
        "outcomes": list(outcomes),
        "p": st.session_state[key],
        "colour": colour,
        "answers": sent["count"] if sent else 0,
    }
    moved = _bars(key=drawn, data=data, default={"moved": None}, on_moved_change=move).moved
    return moved is None or not moved["held"]
