"""A row of tokens and a pair of scissors: drag the cut, and see who still gets a gradient. See scissors.js."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from sftviz.figures import palette
from sftviz.model.cuts import Cuts
from sftviz.ui.language import pattern
from sftviz.words.visible import visible

HERE = Path(__file__).parent
WORDS = (
    "handle", "no_cut", "cut_before", "loss", "never_target", "is_target", "parts", "own", "through", "arcs",
    "help",
)  # fmt: skip

_scissors = component(
    "sftviz_scissors",
    html='<div class="scissors"></div>',
    css=(HERE / "scissors.css").read_text(),
    js=(HERE / "scissors.js").read_text(),
)


def scissors(
    texts: Sequence[str],
    supervised: Sequence[bool],
    cuts: Cuts,
    *,
    key: str,
    cut: int,
    token: int,
    rested: Callable[[int, int], None],
) -> None:
    """rested: told where the cut was left (0: nowhere) and which token is chosen; dragging asks nothing."""
    last = len(texts) - 1

    def follow() -> None:
        rests = st.session_state[key].rests
        if rests is not None:
            rested(min(last, max(0, int(rests["cut"]))), min(last, max(0, int(rests["token"]))))

    data = {
        "texts": [visible(text) for text in texts],
        "supervised": list(supervised),
        "losses": [round(flow.loss, 3) for flow in cuts.flows],
        "own": [_rounded(flow.own_norm.tolist()) for flow in cuts.flows],
        "through": [_rounded(flow.attention_norm.tolist()) for flow in cuts.flows],
        "total": [_rounded(flow.total_norm.tolist()) for flow in cuts.flows],
        "readBy": {str(place): _rounded(norms) for place, norms in cuts.read_by.items()},
        "cut": cut,
        "token": token,
        "colours": {"own": palette.SUPERVISED, "through": palette.TARGET},
        "words": {name: pattern(f"ui.scissors.{name}") for name in WORDS},
    }
    _scissors(key=key, data=data, default={"rests": None}, on_rests_change=follow)


def _rounded(norms: Sequence[float]) -> list[float]:
    return [round(norm, 4) for norm in norms]
