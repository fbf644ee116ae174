"""The objectives page: what is read and what is asked for, and the terms that stand beside cross-entropy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sftviz.figures.figure import Figure
from sftviz.figures.layout import dressed, squares
from sftviz.figures.palette import CURVES, GOOD, SUPERVISED, TARGET, TEXT, WRONG, Theme
from sftviz.words import tell

TERM_LOOKS = ((SUPERVISED, ""), (TARGET, "/"), (GOOD, "."), (WRONG, "x"))


def may_attend_picture(may_attend: Sequence[Sequence[bool]], theme: Theme = "light") -> Figure:
    """Who sees whom, small: a filled square where the row may look at the column."""
    figure = squares(
        [[int(allowed) for allowed in row] for row in may_attend],
        theme,
        xgap=1,
        ygap=1,
        hovertemplate=tell("figure.objectives.looks", i="%{y}", j="%{x}", z="%{z}") + "<extra></extra>",
    )
    dressed(figure, theme, height=112)
    figure.update_xaxes(visible=False, constrain="domain")
    return figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x", constrain="domain")


def partner_matrix(probabilities: Sequence[Sequence[float]], theme: Theme = "light") -> Figure:
    """How surely each a (row) picks each b (column); the partners stand on the diagonal, framed."""
    n = len(probabilities)
    names = [str(i + 1) for i in range(n)]
    figure = squares(
        [list(row) for row in probabilities],
        theme,
        x=names,
        y=names,
        xgap=2,
        ygap=2,
        text=[[f"{p:.2f}".removeprefix("0") for p in row] if n <= 8 else [""] * n for row in probabilities],
        texttemplate="%{text}",
        textfont={"size": 13},
        hovertemplate=tell("figure.objectives.picks", a="%{y}", b="%{x}", p="%{z:.4f}") + "<extra></extra>",
    )
    for i in range(n):
        edges = {"x0": i - 0.5, "x1": i + 0.5, "y0": i - 0.5, "y1": i + 0.5}
        figure.add_shape(type="rect", **edges, line={"color": TARGET, "width": 2})
    dressed(figure, theme, x="b", y="a", height=380)
    figure.update_xaxes(type="category", showgrid=False)
    return figure.update_yaxes(type="category", autorange="reversed", showgrid=False)


def loss_over_batch(
    sizes: Sequence[int], losses: Sequence[float], guesses: Sequence[float], at: int, theme: Theme = "light"
) -> Figure:
    """InfoNCE over the size of the batch, and what a guess costs there, log N; the chosen size marked."""
    figure = Figure()
    for name, values, colour, dash in (
        ("InfoNCE", losses, SUPERVISED, "solid"),
        (tell("figure.objectives.guess"), guesses, TEXT[theme], "dash"),
    ):
        figure.add_scatter(
            x=list(sizes),
            y=list(values),
            mode="lines+markers",
            name=name,
            line={"color": colour, "dash": dash, "width": 3},
            hovertemplate="N = %{x}: %{y:.3f} nats<extra>" + name + "</extra>",
        )
    figure.add_vline(x=at, line={"color": TEXT[theme], "width": 2, "dash": "dot"})
    dressed(
        figure,
        theme,
        x=tell("figure.objectives.pairs"),
        y=tell("figure.axis.loss_nats"),
        height=380,
        uirevision="batch",
    )
    figure.update_xaxes(type="log", tickvals=list(sizes), ticktext=[str(size) for size in sizes])
    return figure.update_yaxes(rangemode="tozero")


def expert_bars(
    shares: Sequence[float], probabilities: Sequence[float], pulls: Sequence[float], theme: Theme = "light"
) -> Figure:
    """Over the experts: f, P, and how the loss pulls on each one's logits together."""
    names = [tell("figure.objectives.expert", n=i + 1) for i in range(len(shares))]
    bars = {
        tell("figure.objectives.token_share"): shares,
        tell("figure.objectives.mean_probability"): probabilities,
        tell("figure.objectives.summed_gradient"): pulls,
    }
    figure = Figure()
    for (name, values), (colour, pattern) in zip(bars.items(), TERM_LOOKS, strict=False):
        figure.add_bar(
            x=names,
            y=list(values),
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern}},
            hovertemplate="%{x}: %{y:.3f}<extra>" + name + "</extra>",
        )
    figure.add_hline(y=1 / len(shares), line={"color": TEXT[theme], "width": 1, "dash": "dot"})
    dressed(
        figure, theme, y=tell("figure.objectives.share_gradient"), height=330, barmode="group", uirevision="experts"
    )
    return figure.update_yaxes(range=[-0.45, 1.05])


@dataclass(frozen=True)
class Sweep:
    """Curves over one slider, named; where the handle stands; and levels drawn across, named."""

    x: str
    values: Sequence[float]
    curves: Mapping[str, Sequence[float]]
    at: float
    levels: Mapping[str, float]


def sweep_curves(sweep: Sweep, y: str, theme: Theme = "light") -> Figure:
    """The curves of a sweep, a dotted line where the handle stands, and each level as a thin line with its name."""
    figure = Figure()
    for (name, values), (colour, dash) in zip(sweep.curves.items(), list(CURVES.values())[:2], strict=False):
        figure.add_scatter(
            x=list(sweep.values),
            y=list(values),
            name=name,
            showlegend=True,
            line={"color": colour, "dash": dash, "width": 3},
            hovertemplate="%{x:.2f}: %{y:.3f}<extra>" + name + "</extra>",
        )
    for name, level in sweep.levels.items():
        figure.add_scatter(
            x=[sweep.values[0], sweep.values[-1]],
            y=[level, level],
            mode="lines+text",
            text=[name, ""],
            textposition="top right",
            showlegend=False,
            line={"color": TEXT[theme], "width": 1, "dash": "dash"},
            hovertemplate=name + ": %{y:.3f}<extra></extra>",
        )
    figure.add_vline(x=sweep.at, line={"color": TEXT[theme], "width": 2, "dash": "dot"})
    return dressed(figure, theme, x=sweep.x, y=y, height=330, uirevision="sweep")


def grouped_bars(
    names: Sequence[str], groups: Mapping[str, Sequence[float]], y: str, theme: Theme = "light", *, percent: bool = True
) -> Figure:
    """Bars side by side over the names, one look a group, each value written over its bar."""
    figure = Figure()
    for (group, values), (colour, pattern) in zip(groups.items(), TERM_LOOKS, strict=False):
        figure.add_bar(
            x=list(names),
            y=list(values),
            name=group,
            text=[f"{value:.0%}" if percent else f"{value:.2g}" for value in values],
            textposition="outside",
            cliponaxis=False,
            marker={"color": colour, "pattern": {"shape": pattern}},
            hovertemplate="%{x}: %{y:.4g}<extra>" + group + "</extra>",
        )
    figure.add_hline(y=0, line={"color": TEXT[theme], "width": 1})
    dressed(figure, theme, y=y, height=330, barmode="group", uirevision="groups")
    if percent:
        return figure.update_yaxes(tickformat=".0%", range=[0, 1.12])
    return figure.update_yaxes(range=[-1.1, 1.1])
