"""The stability page: -log p as logits are pushed up, until the naive form breaks."""

from collections.abc import Sequence

from sftviz.figures.figure import Figure
from sftviz.figures.labels import line_label
from sftviz.figures.layout import dressed
from sftviz.figures.palette import GOOD, TARGET, TEXT, Theme
from sftviz.words import tell


def push_curves(
    pushes: Sequence[float],
    naive: Sequence[float | None],
    stable: Sequence[float | None],
    at: float,
    breaks_at: float,
    theme: Theme = "light",
) -> Figure:
    """The cost of the target over the constant added to every logit; None where a form gives no finite number.

    breaks_at: the push at which the largest logit's exp overflows in this precision.
    """
    figure = Figure()
    for name, values, colour, dash in (
        (tell("figure.stability.stable"), stable, GOOD, "solid"),
        (tell("figure.stability.naive"), naive, TARGET, "dash"),
    ):
        figure.add_scatter(
            x=list(pushes),
            y=list(values),
            name=name,
            connectgaps=False,
            line={"color": colour, "dash": dash, "width": 3},
            hovertemplate=tell("figure.stability.pushed", x="%{x:.1f}", y="%{y:.4g}") + f"<extra>{name}</extra>",
        )
    broken = [push for push, value in zip(pushes, naive, strict=True) if value is None]
    finite = [value for value in stable if value is not None]
    figure.add_scatter(
        x=broken,
        y=[max(finite, default=1.0) * 1.15] * len(broken),
        mode="markers",
        name=tell("figure.stability.broken"),
        marker={"symbol": "x", "size": 8, "color": TARGET},
        hovertemplate=tell("figure.stability.no_number", x="%{x:.1f}")
        + f"<extra>{tell('figure.stability.naive')}</extra>",
    )
    figure.add_vline(x=at, line={"color": TEXT[theme], "width": 2, "dash": "dot"})
    if breaks_at <= pushes[-1]:
        figure.add_vline(x=breaks_at, line={"color": TARGET, "width": 1})
        is_late = breaks_at > (pushes[0] + pushes[-1]) / 2
        line_label(figure, breaks_at, tell("figure.stability.overflow"), below=True, left=is_late)
    dressed(
        figure, theme, x=tell("figure.stability.push"), y=tell("figure.stability.cost"), height=360, uirevision="push"
    )
    return figure.update_xaxes(range=[pushes[0], pushes[-1]])
