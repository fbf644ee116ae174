"""What every figure shares: its paper, its ink, its axes."""

from html import escape
from typing import Any

import plotly.graph_objects as go

from sftviz.figures.palette import GRID, TEXT, Theme
from sftviz.words.visible import visible

CLEAR = "rgba(0,0,0,0)"


def shown(text: str, longest: int | None = None) -> str:
    """A token's or a user's text as plotly shall draw it: no markup (plotly leaves &quot; as it is), nothing unseen."""
    return escape(visible(text)[:longest], quote=False)


def dressed(
    figure: go.Figure, theme: Theme, *, x: str = "", y: str = "", height: int = 360, **layout: Any
) -> go.Figure:
    """The figure with transparent paper, readable ink, titled axes that do not zoom away, and its legend on top."""
    axis = {"gridcolor": GRID[theme], "zerolinecolor": GRID[theme], "fixedrange": True, "automargin": True}
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        font={"color": TEXT[theme], "size": 14},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "bgcolor": CLEAR},
        hoverlabel={"font": {"size": 14}},
    )
    figure.update_xaxes(title=x, **axis)
    figure.update_yaxes(title=y, **axis)
    return figure.update_layout(**layout)


def hatched(colour: str, pattern: str, line: str = CLEAR) -> dict[str, Any]:
    """A bar's marker: its colour with a pattern drawn over it, so that no kind is told by colour alone."""
    over = {"shape": pattern, "fillmode": "overlay", "fgcolor": "rgba(255,255,255,0.45)", "size": 7}
    return {"color": colour, "pattern": over, "line": {"width": 1, "color": line}}
