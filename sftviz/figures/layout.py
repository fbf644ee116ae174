"""What every figure shares: its paper, its ink, its axes."""

from collections.abc import Sequence
from html import escape
from typing import Any

from sftviz.figures.figure import Figure
from sftviz.figures.palette import EMPTY, GRID, SUPERVISED, TEXT, Theme
from sftviz.words.visible import visible

CLEAR = "rgba(0,0,0,0)"


def shown(text: str, longest: int | None = None) -> str:
    """A token's or a user's text as plotly shall draw it: no markup (plotly leaves &quot; as it is), nothing unseen."""
    return escape(visible(text)[:longest], quote=False)


def template(theme: Theme) -> dict[str, Any]:
    """What a figure has where it says nothing else: transparent paper, readable ink, axes that do not zoom away."""
    axis = {"gridcolor": GRID[theme], "zerolinecolor": GRID[theme], "fixedrange": True, "automargin": True}
    return {
        "layout": {
            "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "font": {"color": TEXT[theme], "size": 14},
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "bgcolor": CLEAR},
            "hoverlabel": {"font": {"size": 14}},
            "xaxis": axis,
            "yaxis": axis,
        }
    }


TEMPLATES: dict[Theme, dict[str, Any]] = {"light": template("light"), "dark": template("dark")}


def dressed(figure: Figure, theme: Theme, *, x: str = "", y: str = "", height: int = 360, **layout: Any) -> Figure:
    """The figure in the theme's template, with titled axes."""
    figure.update_xaxes(title=x).update_yaxes(title=y)
    figure.layout.update(template=TEMPLATES[theme], height=height)
    return figure.update_layout(**layout)


def hatched(colour: str, pattern: str, line: str = CLEAR) -> dict[str, Any]:
    """A bar's marker: its colour with a pattern drawn over it, so that no kind is told by colour alone."""
    over = {"shape": pattern, "fillmode": "overlay", "fgcolor": "rgba(255,255,255,0.45)", "size": 7}
    return {"color": colour, "pattern": over, "line": {"width": 1, "color": line}}


def squares(shares: Sequence[Sequence[float]], theme: Theme, **trace: Any) -> Figure:
    """A square a row and column, filled by its share of 1."""
    scale = [[0, EMPTY[theme]], [1, SUPERVISED]]
    return Figure().add_heatmap(z=shares, zmin=0, zmax=1, colorscale=scale, showscale=False, **trace)
