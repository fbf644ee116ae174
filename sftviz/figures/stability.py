"""The stability page: -log p as logits are pushed up, until the naive form breaks."""

from collections.abc import Sequence

import plotly.graph_objects as go

from sftviz.figures.layout import dressed
from sftviz.figures.palette import GOOD, TARGET, TEXT, Theme


def push_curves(
    pushes: Sequence[float],
    naive: Sequence[float | None],
    stable: Sequence[float | None],
    at: float,
    breaks_at: float,
    theme: Theme = "light",
) -> go.Figure:
    """The cost of the target over the constant added to every logit; None where a form gives no finite number.

    breaks_at: the push at which the largest logit's exp overflows in this precision.
    """
    figure = go.Figure()
    for name, values, colour, dash in (("stable", stable, GOOD, "solid"), ("naive", naive, TARGET, "dash")):
        figure.add_scatter(
            x=list(pushes),
            y=list(values),
            name=name,
            connectgaps=False,
            line={"color": colour, "dash": dash, "width": 3},
            hovertemplate="pushed by %{x:.1f}: %{y:.4g} nats<extra>" + name + "</extra>",
        )
    broken = [push for push, value in zip(pushes, naive, strict=True) if value is None]
    finite = [value for value in stable if value is not None]
    figure.add_scatter(
        x=broken,
        y=[max(finite, default=1.0) * 1.15] * len(broken),
        mode="markers",
        name="naive: NaN or inf",
        marker={"symbol": "x", "size": 8, "color": TARGET},
        hovertemplate="pushed by %{x:.1f}: no number<extra>naive</extra>",
    )
    figure.add_vline(x=at, line={"color": TEXT[theme], "width": 2, "dash": "dot"})
    if breaks_at <= pushes[-1]:
        figure.add_vline(x=breaks_at, line={"color": TARGET, "width": 1}, annotation={"text": "exp overflows"})
    dressed(
        figure, theme, x="constant added to every logit", y="−log p of the target (nats)", height=360, uirevision="push"
    )
    return figure.update_xaxes(range=[pushes[0], pushes[-1]])
