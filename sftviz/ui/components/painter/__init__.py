"""A row of tokens one can paint: which shall the model learn to write? See painter.js."""

from collections.abc import Sequence
from pathlib import Path

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
    row: str,
) -> list[bool]:
    """Gives the tokens that are painted. wanted and reasons: the policy's; carries: which token's cost counts now.

    row: which chat and paint it is; what was painted by hand on another one is forgotten.
    """
    data = {
        "texts": [visible(text) for text in texts],
        "painted": [bool(one) for one in painted],
        "wanted": [bool(one) for one in wanted],
        "reasons": list(reasons),
        "costs": [round(cost, 3) for cost in costs],
        "carries": [bool(one) for one in carries],
        "row": row,
        "colours": {"paint": palette.SUPERVISED, "cost": palette.TARGET, "right": palette.GOOD},
        "words": {name: pattern(f"ui.painter.{name}") for name in WORDS},
    }
    state = _painter(key=key, data=data, default={"stroke": None}, on_stroke_change=lambda: None).stroke
    if state is None or state["row"] != row or len(state["painted"]) != len(texts):
        return data["painted"]
    return [one == "1" for one in state["painted"]]
