"""Rows of tokens as cells under one another: what stands at a position, and what it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass

from sftviz.figures.figure import Figure
from sftviz.figures.layout import CLEAR, dressed, hatched, shown
from sftviz.figures.palette import TARGET, TEXT, Theme
from sftviz.words import tell

INK = "#1a1c23"
# fill, pattern, ink (None: the page's own): a kind of cell keeps its look in every row
KINDS = {
    "text": (CLEAR, "", None),
    "read both ways": ("rgba(86,180,233,0.35)", ".", None),
    "hidden": ("#c9ccd3", "x", INK),
    "random token": ("#cc79a7", "-", INK),
    "asked for": ("#e58a45", "/", INK),
}
COSTS = (0.0, 0.42)  # the part of the picture's height that the bars under the cells take


@dataclass(frozen=True)
class Cells:
    """One row of tokens: its name, what stands at every position ("" for nothing), and which of KINDS it is."""

    name: str
    texts: Sequence[str]
    kinds: Sequence[str]


def token_rows(rows: Sequence[Cells], theme: Theme = "light") -> Figure:
    """Rows of token cells under one another; cells in a column belong to the same position."""
    figure = Figure()
    hover = tell("figure.cells.hover", x="%{x}", row="%{customdata[0]}", token="%{customdata[1]}")
    for kind, (fill, pattern, ink) in KINDS.items():
        name = tell(f"figure.cells.{kind.replace(' ', '_')}")
        cells = [
            (at, len(rows) - 1 - line, row.texts[at], row.name)
            for line, row in enumerate(rows)
            for at in range(len(row.texts))
            if row.kinds[at] == kind and row.texts[at]
        ]
        figure.add_bar(
            x=[at for at, *_ in cells],
            base=[height + 0.06 for _, height, *_ in cells],
            y=[0.88] * len(cells),
            width=0.94,
            name=name,
            text=[shown(text.strip() or text) for _, _, text, _ in cells],
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": ink or TEXT[theme], "size": 13},
            marker={
                "color": fill,
                "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "rgba(255,255,255,0.45)", "size": 6},
                "line": {"width": 1, "color": TEXT[theme]},
            },
            customdata=[[shown(row), shown(text)] for *_, text, row in cells],
            hovertemplate=f"{hover}<extra>{name}</extra>",
        )
    dressed(figure, theme, height=20 + 46 * len(rows), barmode="overlay", showlegend=False)
    figure.update_xaxes(visible=False, range=[-0.55, max(len(row.texts) for row in rows) - 0.45])
    return figure.update_yaxes(
        tickvals=[len(rows) - 0.5 - line for line in range(len(rows))],
        ticktext=[row.name for row in rows],
        range=[0, len(rows)],
        showgrid=False,
        zeroline=False,
    )


def alignment(rows: Sequence[Cells], costs: Sequence[float | None], theme: Theme = "light") -> Figure:
    """Rows of cells, and under every position what its prediction costs in nats; None where nothing is asked."""
    figure = token_rows(rows, theme)
    places = [at for at, cost in enumerate(costs) if cost is not None]
    figure.add_bar(
        x=places,
        y=[costs[at] for at in places],
        yaxis="y2",
        width=0.6,
        name=tell("figure.cells.cost"),
        text=[f"{costs[at]:.2f}" for at in places],
        textposition="outside",
        textangle=0,
        cliponaxis=False,
        marker=hatched(TARGET, "/"),
        hovertemplate=tell("figure.cells.cost_at", x="%{x}", y="%{y:.3f}") + "<extra></extra>",
    )
    highest = max((costs[at] or 0.0 for at in places), default=1.0)
    figure.update_layout(height=figure.layout.height + 190)
    figure.update_layout(
        yaxis={"domain": [COSTS[1] + 0.06, 1]},
        yaxis2={
            "domain": list(COSTS),
            "range": [0, 1.18 * max(highest, 1.0)],
            "title": {"text": tell("figure.axis.cost_nats")},
            "fixedrange": True,
            "automargin": True,
            "gridcolor": "rgba(128,128,128,0.3)",
        },
    )
    return figure
