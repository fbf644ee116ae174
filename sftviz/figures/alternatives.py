"""What a position thought would come next: its likeliest tokens, with the true one marked."""

from collections.abc import Sequence

from sftviz.figures.figure import Figure
from sftviz.figures.layout import dressed, shown
from sftviz.figures.palette import OTHER, TARGET, Theme
from sftviz.words import tell
from sftviz.words.visible import visible

LONGEST = 24


def alternatives_bars(
    alternatives: Sequence[tuple[str, float]], target: str, rank: int, probability: float, theme: Theme = "light"
) -> Figure:
    """Horizontal bars of the likeliest next tokens, likeliest on top; the target is hatched and named.

    alternatives: (text, probability), likeliest first. A target outside them is added below with its rank.
    """
    bars = [(i + 1, text, p) for i, (text, p) in enumerate(alternatives)]
    if rank > len(bars):
        bars.append((rank, target, probability))
    widest = min(1.0, 1.2 * max(p for _, _, p in bars))
    is_target = [place == rank for place, _, _ in bars]
    figure = Figure().add_bar(
        x=[p for _, _, p in bars],
        y=[_label(place, text) for place, text, _ in bars],
        orientation="h",
        text=[
            f"{p:.2%}" + (f"  ← {tell('figure.target')}" if hit else "")
            for (_, _, p), hit in zip(bars, is_target, strict=True)
        ],
        textposition="outside",
        cliponaxis=False,
        marker={
            "color": [TARGET if hit else OTHER for hit in is_target],
            "pattern": {"shape": ["/" if hit else "" for hit in is_target]},
        },
        hovertemplate="%{y}: %{x:.4%}<extra></extra>",
    )
    dressed(
        figure,
        theme,
        x=tell("figure.axis.probability"),
        height=60 + 30 * len(bars),
        margin={"l": 8, "r": 90, "t": 8, "b": 40},
    )
    figure.update_xaxes(tickformat="~%", range=[0, widest])
    figure.update_yaxes(autorange="reversed")
    return figure


def _label(place: int, text: str) -> str:
    seen = visible(text)
    shortened = seen if len(seen) <= LONGEST else seen[:LONGEST] + "…"
    return f"{place}. {shown(shortened.replace(' ', '·'))}"
