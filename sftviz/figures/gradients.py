"""The gradients page: pull on the target against its logit, pulls on every logit, and two descents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sftviz.figures.figure import Figure
from sftviz.figures.layout import dressed
from sftviz.figures.palette import CURVES, TEXT, Theme
from sftviz.words import tell

PLAYING_MS = 60  # one step of a descent


@dataclass(frozen=True)
class Pulls:
    """How hard each loss pulls the target's logit up, along a sweep of that logit; and where the handle stands."""

    logits: Sequence[float]
    curves: Mapping[str, Sequence[float]]
    at: float
    here: Mapping[str, float]


def title_of(name: str) -> str:
    return tell(f"figure.gradients.{name}")


def pull_curves(pulls: Pulls, theme: Theme = "light", *, logarithmic: bool = False) -> Figure:
    """One line a loss over the target's logit, and a point on each where the handle stands."""
    figure = Figure()
    for name, values in pulls.curves.items():
        colour, dash = CURVES[name]
        title = title_of(name)
        hover = tell("figure.gradients.pull", x="%{x:.1f}", y="%{y:.3g}")
        figure.add_scatter(
            x=list(pulls.logits),
            y=list(values),
            name=title,
            line={"color": colour, "dash": dash, "width": 3},
            hovertemplate=f"{hover}<extra>{title}</extra>",
        )
    figure.add_scatter(
        x=[pulls.at] * len(pulls.here),
        y=list(pulls.here.values()),
        mode="markers",
        showlegend=False,
        marker={
            "size": 14,
            "color": [CURVES[name][0] for name in pulls.here],
            "line": {"width": 2, "color": TEXT[theme]},
        },
        hovertemplate="%{y:.4g}<extra>" + tell("figure.here") + "</extra>",
    )
    figure.add_vline(x=pulls.at, line={"color": TEXT[theme], "width": 1, "dash": "dot"})
    dressed(figure, theme, x=tell("figure.gradients.target_logit"), y=tell("figure.gradients.target_pull"), height=380)
    figure.update_layout(uirevision="pulls")
    if logarithmic:
        figure.update_yaxes(type="log", exponentformat="power", range=[-7, 0.3])
    return figure


def gradient_bars(
    tokens: Sequence[str],
    probabilities: Sequence[float],
    gradients: Mapping[str, Sequence[float]],
    theme: Theme = "light",
) -> Figure:
    """Over the vocabulary: p as outlined bars, and beside it each loss's gradient on every logit."""
    figure = Figure()
    figure.add_bar(
        x=list(tokens),
        y=list(probabilities),
        name=tell("figure.probability_p"),
        marker={"color": "rgba(0,0,0,0)", "line": {"color": TEXT[theme], "width": 2}},
        hovertemplate="%{x}: p = %{y:.4g}<extra></extra>",
    )
    patterns = dict(zip(CURVES, ("", "/", ".", "x"), strict=True))
    for name, values in gradients.items():
        figure.add_bar(
            x=list(tokens),
            y=list(values),
            name=f"∂L/∂z, {title_of(name)}",
            marker={"color": CURVES[name][0], "pattern": {"shape": patterns[name]}},
            hovertemplate="%{x}: %{y:.4g}<extra>" + title_of(name) + "</extra>",
        )
    figure.add_hline(y=0, line={"color": TEXT[theme], "width": 1})
    dressed(figure, theme, height=380, barmode="group", uirevision="bars")
    figure.update_yaxes(range=[-1.05, 1.05], title=tell("figure.axis.probability_gradient"))
    return figure


def descents(paths: Mapping[str, Sequence[float]], theme: Theme = "light", at: int | None = None) -> Figure:
    """The target's probability, step by step, under each loss from the same start; play, or drag the step.

    at: the step it opens at, the last where nothing is said; the end is not given away at 0.
    """
    steps = len(next(iter(paths.values())))
    opens = steps - 1 if at is None else at
    figure = Figure()
    for name, path in paths.items():
        figure.add_scatter(
            **_up_to(path, opens),
            mode="lines+markers",
            name=title_of(name),
            line={"color": CURVES[name][0], "dash": CURVES[name][1], "width": 3},
            hovertemplate=tell("figure.gradients.at_step", x="%{x}", y="%{y:.4g}") + f"<extra>{title_of(name)}</extra>",
        )
        figure.data[-1]["marker"]["line"] = {"width": 2, "color": TEXT[theme]}
    figure.frames = [
        {"name": str(step), "data": [_up_to(path, step) for path in paths.values()]} for step in range(steps)
    ]
    dressed(figure, theme, x=tell("figure.gradients.steps"), y=tell("figure.gradients.target_p"), height=430)
    figure.update_xaxes(range=[-0.5, steps - 0.5])
    figure.update_yaxes(range=[-0.03, 1.06])
    figure.update_layout(updatemenus=[_buttons(theme)], sliders=[_step_slider(steps, opens)], margin={"b": 90})
    return figure


def _up_to(path: Sequence[float], step: int) -> dict[str, Any]:
    """The path up to a step with its head marked: all that a frame changes of its trace."""
    return {"x": list(range(step + 1)), "y": list(path[: step + 1]), "marker": {"size": [0] * step + [14]}}


def _buttons(theme: Theme) -> dict[str, object]:
    play = {"frame": {"duration": PLAYING_MS, "redraw": False}, "transition": {"duration": 0}, "fromcurrent": False}
    stop = {"frame": {"duration": 0, "redraw": False}, "mode": "immediate"}
    return {
        "type": "buttons",
        "direction": "left",
        "x": 0,
        "y": -0.28,
        "xanchor": "left",
        "yanchor": "top",
        "pad": {"r": 8},
        "font": {"color": "#1a1c23"},
        "bgcolor": "#e6e9f2",
        "buttons": [
            {"label": "▶ " + tell("figure.gradients.release"), "method": "animate", "args": [None, play]},
            {"label": "❚❚ " + tell("figure.gradients.stop"), "method": "animate", "args": [[None], stop]},
        ],
    }


def _step_slider(steps: int, opens: int) -> dict[str, object]:
    jump = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}, "transition": {"duration": 0}}
    return {
        "active": opens,
        "x": 0.28,
        "y": -0.22,
        "len": 0.72,
        "currentvalue": {"prefix": tell("figure.axis.step") + " ", "xanchor": "right"},
        "steps": [{"label": str(step), "method": "animate", "args": [[str(step)], jump]} for step in range(steps)],
    }
