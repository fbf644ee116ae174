"""Words in a figure, put where they neither lie on a curve nor take the room of the bars."""

from collections.abc import Mapping

from sftviz.figures.figure import Figure

BAR = 30  # pixels of a bar that lies
ROW = 62  # pixels of a bar and the name above it


def line_label(figure: Figure, x: float, text: str, *, below: bool, left: bool = False) -> Figure:
    """The name of an upright line, at its lower or upper end, to the right of it or to the left."""
    return figure.add_annotation(
        text=text,
        x=x,
        xref="x",
        xanchor="right" if left else "left",
        y=0 if below else 1,
        yref="y domain",
        yanchor="bottom" if below else "top",
        showarrow=False,
    )


def named_above(figure: Figure, names: Mapping[str, str], *, room: int) -> Figure:
    """Bars that lie, with their names above them, so that they have the whole width: by row, what is written.

    room: pixels for legend and axis.
    """
    for row, name in names.items():
        figure.add_annotation(
            text=name,
            x=0,
            xref="x domain",
            xanchor="left",
            y=row,
            yref="y",
            yanchor="bottom",
            yshift=BAR // 2 + 1,
            showarrow=False,
        )
    # as much above the first bar as between two: its name stands there
    figure.update_yaxes(showticklabels=False, range=[len(names) - 0.6, -0.8])
    return figure.update_layout(bargap=1 - BAR / ROW, height=room + ROW * len(names))
