"""Parts of a training step: the learning rate's curve, a clipped gradient, a curve with spikes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sftviz.figures.figure import Figure
from sftviz.figures.layout import dressed
from sftviz.figures.palette import GOOD, SUPERVISED, TARGET, TEXT, Theme
from sftviz.words import tell

# colour, dash, width
SCHEDULES = {"constant": (GOOD, "dot"), "linear": (TARGET, "dash"), "cosine": (SUPERVISED, "solid")}
MONITORS = {"robust": (SUPERVISED, "solid", "circle-open"), "naive": (TARGET, "dash", "x-thin")}
ALMOST = 1.25  # room round the largest arrow


def schedule_curves(curves: Mapping[str, Sequence[float]], chosen: str, step: int, theme: Theme = "light") -> Figure:
    """One line a schedule over the steps, the chosen one thick, and a point where the step stands on it."""
    figure = Figure()
    for name, rates in curves.items():
        colour, dash = SCHEDULES[name]
        title = tell(f"figure.training.{name}")
        figure.add_scatter(
            x=list(range(len(rates))),
            y=list(rates),
            name=title,
            line={"color": colour, "dash": dash, "width": 4 if name == chosen else 1.5},
            hovertemplate=tell("figure.training.at_step", x="%{x}", y="%{y:.3g}") + f"<extra>{title}</extra>",
        )
    figure.add_scatter(
        x=[step],
        y=[curves[chosen][step]],
        mode="markers",
        showlegend=False,
        marker={"size": 14, "color": SCHEDULES[chosen][0], "line": {"width": 2, "color": TEXT[theme]}},
        hovertemplate=tell("figure.training.at_step", x="%{x}", y="%{y:.4g}") + "<extra></extra>",
    )
    dressed(
        figure,
        theme,
        x=tell("figure.axis.step"),
        y=tell("figure.training.learning_rate"),
        height=380,
        uirevision="schedule",
    )
    return figure.update_yaxes(exponentformat="power", rangemode="tozero")


def clipping_arrows(arrows: Mapping[str, Sequence[float]], limit: float, theme: Theme = "light") -> Figure:
    """A gradient of two numbers before and after clipping, in the circle of norm c and the square of value c."""
    figure = Figure()
    around = [i / 60 * 2 * math.pi for i in range(61)]
    outlines = {
        "norm": ([limit * math.cos(a) for a in around], [limit * math.sin(a) for a in around]),
        "value": ([limit * side for side in (-1, 1, 1, -1, -1)], [limit * side for side in (-1, -1, 1, 1, -1)]),
    }
    looks = {"none": (TEXT[theme], "solid", 3), "norm": (SUPERVISED, "solid", 6), "value": (TARGET, "dash", 5)}
    for name, (x, y) in outlines.items():
        line = {"color": looks[name][0], "width": 1, "dash": "dot"}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, showlegend=False, hoverinfo="skip")
    for name, (x, y) in arrows.items():
        colour, dash, width = looks[name]
        title = "g" if name == "none" else tell(f"figure.training.by_{name}")
        figure.add_scatter(
            x=[0, x],
            y=[0, y],
            mode="lines+markers",
            name=title,
            line={"color": colour, "dash": dash, "width": width},
            marker={"symbol": "arrow", "size": [0, 10 + 2 * width], "angleref": "previous", "color": colour},
            hovertemplate="(%{x:.2f}, %{y:.2f})<extra>" + title + "</extra>",
        )
    reach = ALMOST * max(limit, *(abs(number) for arrow in arrows.values() for number in arrow))
    dressed(
        figure,
        theme,
        x=tell("figure.training.first"),
        y=tell("figure.training.second"),
        height=440,
        uirevision="clipping",
    )
    figure.update_xaxes(range=[-reach, reach], constrain="domain")
    return figure.update_yaxes(range=[-reach, reach], scaleanchor="x")


@dataclass(frozen=True)
class Watched:
    """What one monitor said of a curve: its limit at every step (NaN: not yet), and the steps it called spikes."""

    limits: Sequence[float]
    spikes: Sequence[int]


def spike_curve(losses: Sequence[float], watched: Mapping[str, Watched], theme: Theme = "light") -> Figure:
    """The losses, each monitor's limit, and a ring or a cross on what it calls a spike."""
    figure = Figure()
    steps = list(range(len(losses)))
    ink = {"color": TEXT[theme], "width": 1.5}
    hover = tell("figure.step_nats", x="%{x}", y="%{y:.3f}")
    figure.add_scatter(x=steps, y=list(losses), name=tell("figure.training.loss"), line=ink, hovertemplate=hover)
    for name, seen in watched.items():
        colour, dash, symbol = MONITORS[name]
        monitor = tell(f"figure.training.{name}")
        figure.add_scatter(
            x=steps,
            y=list(seen.limits),
            name=tell("figure.training.limit", monitor=monitor),
            line={"color": colour, "dash": dash, "width": 2.5},
            hovertemplate=f"{hover}<extra>{monitor}</extra>",
        )
        line = {"width": 3, "color": TARGET} if symbol == "x-thin" else {"width": 3}
        figure.add_scatter(
            x=list(seen.spikes),
            y=[losses[step] for step in seen.spikes],
            mode="markers",
            name=tell("figure.training.spike", monitor=monitor),
            marker={"symbol": symbol, "size": 20 if name == "robust" else 12, "color": colour, "line": line},
            hovertemplate=f"{hover}<extra>{monitor}</extra>",
        )
    dressed(figure, theme, x=tell("figure.axis.step"), y=tell("figure.axis.loss_nats"), height=400, uirevision="spikes")
    return figure.update_yaxes(rangemode="tozero")
