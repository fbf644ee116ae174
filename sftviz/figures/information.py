"""The information page: cross-entropy as entropy plus KL, and the entropy of a coin."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from sftviz.figures.layout import dressed
from sftviz.figures.palette import SUPERVISED, TARGET, TEXT, Theme


@dataclass(frozen=True)
class Split:
    """A cross-entropy in its two parts, in bits. divergence may be infinite."""

    entropy_name: str
    entropy: float
    divergence_name: str
    divergence: float


def sums(splits: Sequence[Split], theme: Theme = "light") -> go.Figure:
    """Stacked bars, one a cross-entropy: the entropy, then the divergence on top; an infinite one is named."""
    figure = go.Figure()
    labels = [f"{split.entropy_name} + {split.divergence_name}" for split in splits]
    entropies = [(split.entropy_name, split.entropy) for split in splits]
    divergences = [(split.divergence_name, split.divergence) for split in splits]
    for parts, colour, pattern, place in ((entropies, SUPERVISED, "", "inside"), (divergences, TARGET, "/", "outside")):
        named = [f"{name} {_bits(value)}" for name, value in parts]
        figure.add_bar(
            y=labels,
            x=[0 if value == math.inf else value for _, value in parts],
            orientation="h",
            showlegend=False,
            marker={"color": colour, "pattern": {"shape": pattern}, "line": {"width": 1, "color": TEXT[theme]}},
            text=named,
            textposition=place,
            insidetextanchor="middle",
            hovertemplate=[f"{text} bits<extra></extra>" for text in named],
        )
    longest = max(sum(v for v in (split.entropy, split.divergence) if v != math.inf) for split in splits)
    dressed(figure, theme, x="bits", height=90 + 70 * len(splits), barmode="stack", uirevision="sums")
    figure.update_xaxes(range=[0, 1.45 * max(longest, 0.5)])
    return figure.update_yaxes(autorange="reversed")


def coin_curve(
    shares: Sequence[float], entropies: Sequence[float], share: float, entropy: float, theme: Theme = "light"
) -> go.Figure:
    """Entropy of a coin in bits over the probability of heads, with the chosen coin marked."""
    figure = go.Figure(
        go.Scatter(
            x=list(shares),
            y=list(entropies),
            line={"color": SUPERVISED, "width": 3},
            hovertemplate="heads %{x:.2f}: %{y:.3f} bits<extra></extra>",
        )
    )
    figure.add_scatter(
        x=[share],
        y=[entropy],
        mode="markers+text",
        text=[f"{entropy:.3f} bits  "],
        textposition="middle left",
        marker={"size": 14, "color": TARGET, "line": {"width": 2, "color": TEXT[theme]}},
        hovertemplate="heads %{x:.2f}: %{y:.3f} bits<extra></extra>",
    )
    dressed(figure, theme, x="probability of heads", y="entropy in bits", height=330, showlegend=False)
    return figure.update_yaxes(range=[0, 1.08])


def _bits(value: float) -> str:
    return "∞" if value == math.inf else f"{value:.3f}"
