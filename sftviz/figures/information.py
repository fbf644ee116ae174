"""The information page: cross-entropy as entropy plus KL, and the entropy of a coin."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sftviz.figures.figure import Figure
from sftviz.figures.layout import dressed
from sftviz.figures.palette import SUPERVISED, TARGET, TEXT, Theme
from sftviz.words import tell


@dataclass(frozen=True)
class Split:
    """A cross-entropy in its two parts, in bits. divergence may be infinite."""

    entropy_name: str
    entropy: float
    divergence_name: str
    divergence: float


def sums(splits: Sequence[Split], theme: Theme = "light") -> Figure:
    """Stacked bars, one a cross-entropy: the entropy, then the divergence on top; an infinite one is named."""
    figure = Figure()
    labels = [f"{split.entropy_name} + {split.divergence_name}" for split in splits]
    entropies = [(split.entropy_name, split.entropy) for split in splits]
    divergences = [(split.divergence_name, split.divergence) for split in splits]
    for parts, colour, pattern, place in ((entropies, SUPERVISED, "", "inside"), (divergences, TARGET, "/", "outside")):
        named = [f"{name} {in_bits(value)}" for name, value in parts]
        figure.add_bar(
            y=labels,
            x=[0 if value == math.inf else value for _, value in parts],
            orientation="h",
            showlegend=False,
            marker={"color": colour, "pattern": {"shape": pattern}, "line": {"width": 1, "color": TEXT[theme]}},
            text=["" if value == math.inf else text for text, (_, value) in zip(named, parts, strict=True)],
            textposition=place,
            cliponaxis=False,
            insidetextanchor="middle",
            hovertemplate=[f"{tell('figure.information.amount', amount=text)}<extra></extra>" for text in named],
        )
    longest = max(sum(v for v in (split.entropy, split.divergence) if v != math.inf) for split in splits)
    _endless(figure, splits, labels, max(longest, 0.5), theme)
    dressed(
        figure,
        theme,
        x=tell("figure.information.bits"),
        height=90 + 70 * len(splits),
        barmode="stack",
        uirevision="sums",
    )
    figure.update_xaxes(range=[0, 1.6 * max(longest, 0.5)])
    return figure.update_yaxes(autorange="reversed")


def _endless(figure: Figure, splits: Sequence[Split], labels: list[str], reach: float, theme: Theme) -> None:
    """An arrow out of the picture where the divergence has no end: plotly would draw no bar at all."""
    without_end = [(label, split) for label, split in zip(labels, splits, strict=True) if split.divergence == math.inf]
    figure.add_scatter(
        y=[label for label, _ in without_end],
        x=[split.entropy + 0.35 * reach for _, split in without_end],
        mode="markers+text",
        text=[f"  {split.divergence_name} = ∞" for _, split in without_end],
        textposition="middle right",
        showlegend=False,
        marker={"symbol": "triangle-right", "size": 22, "color": TARGET, "line": {"width": 2, "color": TEXT[theme]}},
        hovertemplate=tell("figure.information.infinite") + "<extra></extra>",
    )


def coin_curve(
    shares: Sequence[float], entropies: Sequence[float], share: float, entropy: float, theme: Theme = "light"
) -> Figure:
    """Entropy of a coin in bits over the probability of heads, with the chosen coin marked."""
    hover = tell("figure.information.coin_at", x="%{x:.2f}", y="%{y:.3f}") + "<extra></extra>"
    figure = Figure().add_scatter(
        x=list(shares),
        y=list(entropies),
        line={"color": SUPERVISED, "width": 3},
        hovertemplate=hover,
    )
    figure.add_scatter(
        x=[share],
        y=[entropy],
        mode="markers+text",
        text=[tell("figure.information.amount", amount=in_bits(entropy)) + "  "],
        textposition="middle left",
        marker={"size": 14, "color": TARGET, "line": {"width": 2, "color": TEXT[theme]}},
        hovertemplate=hover,
    )
    dressed(figure, theme, x=tell("figure.information.heads"), y=tell("figure.information.entropy"), height=330)
    figure.update_layout(showlegend=False)
    return figure.update_yaxes(range=[-0.06, 1.08])


def in_bits(value: float) -> str:
    """Three digits; ∞ by its sign, and no minus before a zero."""
    return "∞" if value == math.inf else f"{round(value, 3) + 0.0:.3f}"
