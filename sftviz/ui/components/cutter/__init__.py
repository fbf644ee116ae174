"""A batch as a loaf: cut it into micro-batches, and see what the mean of their means makes of the gradient."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from sftviz.figures import palette
from sftviz.figures.normalization import CHATS
from sftviz.training.cuts import Cut
from sftviz.ui.language import pattern

HERE = Path(__file__).parent
WORDS = ("label", "cut_here", "whole", "means", "off", "worst", "agrees", "arrows", "right", "wrong", "help")

_cutter = component(
    "sftviz_cutter",
    html='<div class="cutter"></div>',
    css=(HERE / "cutter.css").read_text(),
    js=(HERE / "cutter.js").read_text(),
)


def cutter(
    titles: Sequence[str],
    targets: Sequence[int],
    cuts: Sequence[Cut],
    *,
    key: str,
    at: str,
    told: Callable[[str], None],
) -> None:
    """titles and targets: of the rows. at: the cuts as 0 and 1, one a gap; told: what it is after a press."""

    def follow() -> None:
        pressed = st.session_state[key].pressed
        if pressed is not None and len(pressed["at"]) == len(titles) - 1 and set(pressed["at"]) <= {"0", "1"}:
            told(pressed["at"])

    data = {
        "titles": list(titles),
        "targets": list(targets),
        "looks": [CHATS[row % len(CHATS)][0] for row in range(len(titles))],
        "cuts": {
            "".join("1" if one else "0" for one in cut.cuts): {
                "loss": round(cut.loss, 6),
                "length": round(cut.length, 4),
                "direction": round(cut.direction, 4),
                "off": round(max(0.0, 1 + cut.length**2 - 2 * cut.length * cut.direction) ** 0.5, 4),
            }
            for cut in cuts
        },
        "at": at,
        "colours": {"right": palette.GOOD, "wrong": palette.TARGET},
        "words": {name: pattern(f"ui.cutter.{name}") for name in WORDS},
    }
    _cutter(key=key, data=data, default={"pressed": None}, on_pressed_change=follow)
