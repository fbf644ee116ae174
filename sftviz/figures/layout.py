"""What every figure shares: its paper, its ink, its axes."""

from typing import Any

import plotly.graph_objects as go

from sftviz.figures.palette import GRID, TEXT, Theme

CLEAR = "rgba(0,0,0,0)"


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
