"""The attention page: how far the logits moved, a model trained under an attention, and masks as small pictures."""

import math
from collections.abc import Collection, Sequence

from sftviz.figures.figure import Figure
from sftviz.figures.layout import dressed, hatched, shown, squares
from sftviz.figures.palette import SUPERVISED, TARGET, TEXT, Theme
from sftviz.words import tell


def moved_bars(
    texts: Sequence[str], moved: Sequence[float], leaked: Collection[int], changed: int, theme: Theme = "light"
) -> Figure:
    """One bar a position: how far its logits moved when the token at `changed` became another one."""
    kinds = {
        tell("figure.attention.moved"): (SUPERVISED, "", [t for t in range(len(moved)) if t not in leaked]),
        tell("figure.attention.leaked"): (TARGET, "/", sorted(leaked)),
    }
    hover = tell("figure.attention.moved_by", x="%{x}", token="%{customdata}", y="%{y:.3g}")
    figure = Figure()
    for name, (colour, pattern, places) in kinds.items():
        figure.add_bar(
            x=places,
            y=[moved[t] for t in places],
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern}},
            customdata=[shown(texts[t]) for t in places],
            hovertemplate=f"{hover}<extra>{name}</extra>",
        )
    figure.add_vline(x=changed, line={"color": TEXT[theme], "width": 2, "dash": "dash"})
    dressed(figure, theme, y=tell("figure.attention.largest_change"), height=300, barmode="overlay", uirevision="moved")
    return figure.update_xaxes(
        tickvals=list(range(len(texts))),
        ticktext=[shown(text, 16) for text in texts],
        tickangle=-60,
        range=[-0.6, len(texts) - 0.4],
    )


def across_bars(
    texts: Sequence[str], packed: Sequence[float], plain: Sequence[float], theme: Theme = "light"
) -> Figure:
    """What each token of the second document costs: where it sees its own only, and where the first one, too."""
    figure = Figure()
    looks = (("packed", packed, SUPERVISED, ""), ("plain", plain, TARGET, "/"))
    for name, costs, colour, pattern in looks:
        title = tell(f"figure.attention.{name}")
        figure.add_bar(
            x=list(range(len(costs))),
            y=list(costs),
            name=title,
            marker=hatched(colour, pattern, TEXT[theme]),
            customdata=[shown(text) for text in texts],
            hovertemplate="%{customdata}: %{y:.3f} nats<extra>" + title + "</extra>",
        )
    dressed(figure, theme, y=tell("figure.axis.cost_nats"), height=300, barmode="group", uirevision="across")
    names = [shown(text, 16) for text in texts]
    return figure.update_xaxes(tickvals=list(range(len(texts))), ticktext=names, tickangle=-60)


def learning_curves(losses: Sequence[float], floor: float, writing: float, theme: Theme = "light") -> Figure:
    """Loss of a small model on random tokens, step by step, and the floor no honest one can go below."""
    figure = Figure()
    steps = len(losses)
    figure.add_scatter(
        x=list(range(steps)),
        y=list(losses),
        name=tell("figure.attention.training_loss"),
        line={"color": SUPERVISED, "width": 3},
        hovertemplate=tell("figure.step_nats", x="%{x}", y="%{y:.3f}") + "<extra></extra>",
    )
    figure.add_scatter(
        x=[0, steps],
        y=[floor, floor],
        mode="lines",
        name=tell("figure.attention.floor"),
        line={"color": TEXT[theme], "dash": "dash", "width": 2},
        hovertemplate="log V = %{y:.3f} nats<extra></extra>",
    )
    figure.add_scatter(
        x=[steps],
        y=[writing],
        mode="markers",
        name=tell("figure.attention.writing"),
        marker={"color": TARGET, "size": 14, "symbol": "diamond", "line": {"color": TEXT[theme], "width": 2}},
        hovertemplate="%{y:.3f} nats<extra>" + tell("figure.attention.writing") + "</extra>",
    )
    dressed(figure, theme, x=tell("figure.axis.step"), y=tell("figure.axis.loss_nats"), height=300)
    return figure.update_yaxes(rangemode="tozero")


def weight_picture(weights: Sequence[Sequence[float]], theme: Theme = "light") -> Figure:
    """What every query (row) gives to every key when all scores are equal, each written into its square."""
    figure = squares(
        [[0.0 if math.isnan(share) else share for share in row] for row in weights],
        theme,
        xgap=2,
        ygap=2,
        text=[[_share(share) for share in row] for row in weights],
        texttemplate="%{text}",
        textfont={"size": 13},
        hovertemplate=tell("figure.attention.weight", query="%{y}", key="%{x}", weight="%{z:.3f}") + "<extra></extra>",
    )
    dressed(figure, theme, x="key j", y="query i", height=260)
    figure.update_xaxes(dtick=1, showgrid=False)
    return figure.update_yaxes(dtick=1, autorange="reversed", showgrid=False)


def _share(share: float) -> str:
    if math.isnan(share):
        return "NaN"
    return f"{share:.2f}".removeprefix("0") if share else "0"
