"""The label smoothing page: the softened target, the loss and its slope over the logit gap, and a chat's costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sftviz.figures.figure import Figure
from sftviz.figures.labels import line_label
from sftviz.figures.layout import dressed, shown
from sftviz.figures.palette import CURVES, SUPERVISED, TARGET, TEXT, Theme
from sftviz.words import Said, tell


def title_of(name: str) -> str:
    return tell(f"figure.smoothing.{name}")


def target_bars(shares: Sequence[float], others: int, theme: Theme = "light") -> Figure:
    """What the target token and the first few others are to get; others: tokens that have no bar of their own."""
    names = [tell("figure.target"), *(tell("figure.token", n=k) for k in range(1, len(shares)))]
    figure = Figure().add_bar(
        x=names,
        y=list(shares),
        text=[f"{share:.4g}" for share in shares],
        textposition="outside",
        cliponaxis=False,
        marker={"color": [TARGET] + [SUPERVISED] * (len(shares) - 1), "pattern": {"shape": ["/"]}},
        hovertemplate="%{x}: %{y:.6g}<extra></extra>",
    )
    more = tell("figure.smoothing.more", count=others) if others else ""
    dressed(figure, theme, y=tell("figure.smoothing.asked_for"), x=more, height=280, uirevision="target")
    return figure.update_yaxes(range=[0, 1.15])


@dataclass(frozen=True)
class Gap:
    """What depends on how far the target's logit is above the others: a sweep, and where the handle stands."""

    gaps: Sequence[float]
    curves: Mapping[str, Sequence[float]]
    at: float
    here: Mapping[str, float]
    best: float  # the gap at which the smoothed loss is least; may be infinite


def over_gap(gap: Gap, y: str, theme: Theme = "light") -> Figure:
    """Plain and smoothed over the logit gap, the handle's points, and the best gap as a line."""
    figure = Figure()
    for name, values in gap.curves.items():
        colour, dash = CURVES[name]
        figure.add_scatter(
            x=list(gap.gaps),
            y=list(values),
            name=title_of(name),
            line={"color": colour, "dash": dash, "width": 3},
            hovertemplate=tell("figure.smoothing.at_gap", x="%{x:.1f}", y="%{y:.4g}")
            + f"<extra>{title_of(name)}</extra>",
        )
    figure.add_scatter(
        x=[gap.at] * len(gap.here),
        y=list(gap.here.values()),
        mode="markers",
        showlegend=False,
        marker={
            "size": 13,
            "color": [CURVES[name][0] for name in gap.here],
            "line": {"width": 2, "color": TEXT[theme]},
        },
        hovertemplate="%{y:.4g}<extra>" + tell("figure.here") + "</extra>",
    )
    if gap.gaps[0] <= gap.best <= gap.gaps[-1]:
        best = tell("figure.smoothing.best", gap=gap.best)
        figure.add_vline(x=gap.best, line={"color": CURVES["smoothed"][0], "width": 2})
        line_label(figure, gap.best, best, below=_is_high_at(gap, gap.best))
    return dressed(figure, theme, x=tell("figure.smoothing.gap"), y=y, height=320, uirevision="gap")


def _is_high_at(gap: Gap, at: float) -> bool:
    """Whether the curves pass there through the upper half of the figure."""
    near = min(range(len(gap.gaps)), key=lambda place: abs(gap.gaps[place] - at))
    values = [value for curve in gap.curves.values() for value in curve]
    return max(curve[near] for curve in gap.curves.values()) > (min(values) + max(values)) / 2


def token_costs(
    texts: Sequence[str], plain: Sequence[float], smoothed: Sequence[float], theme: Theme = "light"
) -> Figure:
    """A chat's supervised tokens in order: what each costs without smoothing, and with it."""
    places = list(range(len(texts)))
    names = [shown(text) for text in texts]
    figure = Figure()
    joined_x = [x for place in places for x in (place, place, None)]
    joined_y = [y for pair in zip(plain, smoothed, strict=True) for y in (*pair, None)]
    figure.add_scatter(
        x=joined_x, y=joined_y, mode="lines", showlegend=False, hoverinfo="skip", line={"color": "#8c8c8c"}
    )
    for name, values, symbol in (("cross_entropy", plain, "circle"), ("smoothed", smoothed, "diamond")):
        figure.add_scatter(
            x=places,
            y=list(values),
            mode="markers",
            name=title_of(name),
            customdata=names,
            marker={"color": CURVES[name][0], "symbol": symbol, "size": 10},
            hovertemplate="%{customdata}: %{y:.3f} nats<extra>" + title_of(name) + "</extra>",
        )
    dressed(figure, theme, y=tell("figure.axis.cost_nats"), height=380, uirevision="costs")
    return figure.update_xaxes(tickvals=places, ticktext=names, tickangle=-60)


@dataclass(frozen=True)
class Calibration:
    """How sure and how often right: confidence and accuracy of each bin that holds something, and the ECE."""

    title: Said
    confidence: Sequence[float]
    accuracy: Sequence[float]
    counts: Sequence[int]
    ece: float


def calibration_curves(runs: Sequence[Calibration], theme: Theme = "light") -> Figure:
    """Accuracy over confidence, one line a run; on the diagonal a model is as sure as it is right."""
    figure = Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name=tell("figure.sure_as_right"), line={"color": "#8c8c8c", "dash": "dot"}
    )
    looks = (
        ("#8c8c8c", "solid", "circle"),
        (SUPERVISED, "solid", "square"),
        (CURVES["smoothed"][0], "dashdot", "diamond"),
    )
    hover = tell("figure.smoothing.bin", sure="%{x:.2f}", right="%{y:.2f}", count="%{customdata}")
    for run, (colour, dash, symbol) in zip(runs, looks, strict=False):
        figure.add_scatter(
            x=list(run.confidence),
            y=list(run.accuracy),
            mode="lines+markers",
            name=tell("figure.smoothing.run", title=run.title, ece=run.ece),
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 10},
            customdata=list(run.counts),
            hovertemplate=hover + "<extra></extra>",
        )
    dressed(figure, theme, x=tell("figure.confidence"), y=tell("figure.share_right"), height=420)
    figure.update_xaxes(range=[0, 1.02])
    return figure.update_yaxes(range=[0, 1.02])
