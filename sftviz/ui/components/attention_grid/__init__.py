"""Rows are queries, columns are keys: point at a token and see what it may look at. See grid.js."""

from collections.abc import Sequence
from pathlib import Path

from streamlit.components.v2 import component
from torch import Tensor

from sftviz.figures import palette
from sftviz.ui.language import pattern
from sftviz.words.visible import visible

HERE = Path(__file__).parent
# What grid.js says; it fills the holes itself
WORDS = ("sees", "sees_nothing", "sees_target", "may_look", "may_not", "leak", "crossing", "changed", "label")

_grid = component(
    "sftviz_attention_grid",
    html='<div class="attention-grid"></div>',
    css=(HERE / "grid.css").read_text(),
    js=(HERE / "grid.js").read_text(),
)


def attention_grid(
    texts: Sequence[str], may_attend: Tensor, sees_target: Sequence[bool], *, key: str, chosen: int, crossing: Tensor
) -> int:
    """Draw who may look at whom, [T, T] bool; gives the position that was clicked last, else `chosen`.

    crossing: [T, T] bool, True where a token looks into another document.
    """
    data = {
        "texts": [visible(text) for text in texts],
        "allowed": ["".join("1" if one else "0" for one in row) for row in may_attend.tolist()],
        "leaks": list(sees_target),
        "crossing": ["".join("1" if one else "0" for one in row) for row in crossing.tolist()],
        "chosen": chosen,
        "colours": {"seen": palette.SUPERVISED, "leak": palette.TARGET},
        "words": {name: pattern(f"ui.grid.{name}") for name in WORDS},
    }
    state = _grid(key=key, data=data, default={"chosen": None}, on_chosen_change=lambda: None)
    return state.chosen if state.chosen is not None and state.chosen < len(texts) else chosen
