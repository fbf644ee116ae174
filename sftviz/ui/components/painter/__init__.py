"""A row of tokens one can paint: which shall the model learn to write? See painter.js."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from sftviz.figures import palette
from sftviz.ui.language import pattern
from sftviz.words.visible import visible

HERE = Path(__file__).parent
WORDS = ("label", "painted", "unpainted", "ok", "too_many", "legend_paint", "legend_cost", "help")

_painter = component(
    "sftviz_painter",
    html='<div class="painter"></div>',
    css=(HERE / "painter.css").read_text(),
    js=(HERE / "painter.js").read_text(),
)


def painter(
    texts: Sequence[str],
    painted: Sequence[bool],
    wanted: Sequence[bool],
    reasons: Sequence[str],
    costs: Sequence[float],
    carries: Sequence[bool],
    *,
    key: str,
    stroked: Callable[[list[bool]], None],
) -> None:
    """wanted and reasons: the policy's; carries: which token's cost counts now. stroked: told what is painted."""

    def follow() -> None:
        stroke = st.session_state[key].stroke
        if stroke is not None and len(stroke["painted"]) == len(texts):
            stroked([one == "1" for one in stroke["painted"]])

    stroke = st.session_state[key].stroke if key in st.session_state else None
    data = {
        "texts": [visible(text) for text in texts],
        "painted": [bool(one) for one in painted],
        "wanted": [bool(one) for one in wanted],
        "reasons": list(reasons),
        "costs": [round(cost, 3) for cost in costs],
        "carries": [bool(one) for one in carries],
        "strokes": stroke["count"] if stroke else 0,
        "colours": {"paint": palette.SUPERVISED, "cost": palette.TARGET, "right": palette.GOOD},
        "words": {name: pattern(f"ui.painter.{name}") for name in WORDS},
    }
    _painter(key=key, data=data, default={"stroke": None}, on_stroke_change=follow)
