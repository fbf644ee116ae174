"""Where the gradient goes: per input token its own label's part and what came through attention; rows of a matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

from sftviz.figures.figure import Figure
from sftviz.figures.layout import CLEAR, dressed, shown
from sftviz.figures.palette import SUPERVISED, TARGET, TEXT, Theme
from sftviz.words import tell

LONGEST = 16  # characters of a token under its bar


@dataclass(frozen=True)
class Arrived:
    """Per position: the token, whether it carries loss, and norms of the gradient on its embedding by its way."""

    texts: Sequence[str]
    supervised: Sequence[bool]
    own: Sequence[float]
    through_attention: Sequence[float]
    total: Sequence[float]


def flow_bars(arrived: Arrived, theme: Theme = "light") -> Figure:
    """One stack a token: its own row's part, then what came through attention; a dash where both vectors add up to."""
    places = list(range(len(arrived.texts)))
    words = [
        [shown(text), tell("figure.flow.carries_loss") if counted else tell("figure.flow.masked")]
        for text, counted in zip(arrived.texts, arrived.supervised, strict=True)
    ]
    part = tell("figure.flow.part", x="%{x}", token="%{customdata[0]}", kind="%{customdata[1]}", y="%{y:.3g}")
    figure = Figure()
    for name, values, colour, pattern in (
        (tell("figure.flow.own"), arrived.own, SUPERVISED, ""),
        (tell("figure.flow.through"), arrived.through_attention, TARGET, "/"),
    ):
        figure.add_bar(
            x=places,
            y=list(values),
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern}},
            customdata=words,
            hovertemplate=f"{part}<extra>{name}</extra>",
        )
    figure.add_scatter(
        x=places,
        y=list(arrived.total),
        mode="markers",
        name=tell("figure.flow.together"),
        marker={"symbol": "line-ew-open", "size": 13, "color": TEXT[theme], "line": {"width": 3}},
        customdata=words,
        hovertemplate=tell("figure.flow.norm", x="%{x}", token="%{customdata[0]}", y="%{y:.3g}")
        + f"<extra>{tell('figure.flow.together')}</extra>",
    )
    _supervised_row(figure, arrived, words, theme)
    dressed(figure, theme, y=tell("figure.flow.embedding_norm"), height=440, barmode="stack", uirevision="flow")
    return figure.update_xaxes(
        tickvals=places,
        ticktext=[shown(text, LONGEST) for text in arrived.texts],
        tickangle=-60,
        range=[-0.7, len(places) - 0.3],
    )


def _supervised_row(figure: Figure, arrived: Arrived, words: list[list[str]], theme: Theme) -> None:
    highest = max((a + b for a, b in zip(arrived.own, arrived.through_attention, strict=True)), default=0.0)
    for name, kind, colour in (
        (tell("figure.flow.carries_loss"), True, SUPERVISED),
        (tell("figure.flow.masked"), False, CLEAR),
    ):
        places = [t for t, counted in enumerate(arrived.supervised) if counted is kind]
        figure.add_scatter(
            x=places,
            y=[-0.05 * (highest or 1.0)] * len(places),
            mode="markers",
            name=name,
            marker={"symbol": "square", "size": 10, "color": colour, "line": {"width": 2, "color": TEXT[theme]}},
            customdata=[words[t] for t in places],
            hovertemplate=tell("figure.flow.place", x="%{x}", token="%{customdata[0]}") + f"<extra>{name}</extra>",
        )


def row_bars(texts: Sequence[str], norms: Sequence[float], wanted: Sequence[bool], theme: Theme = "light") -> Figure:
    """The rows of a matrix that are pulled hardest; hatched where a row was nobody's target."""
    figure = Figure()
    places = list(range(len(texts)))
    for name, kind, colour, pattern in (
        (tell("figure.flow.a_target"), True, SUPERVISED, ""),
        (tell("figure.flow.no_target"), False, TARGET, "/"),
    ):
        mine = [at for at in places if wanted[at] is kind]
        figure.add_bar(
            y=mine,
            x=[norms[at] for at in mine],
            orientation="h",
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern}},
            customdata=[shown(texts[at]) for at in mine],
            hovertemplate="%{customdata}: %{x:.3g}<extra>" + name + "</extra>",
        )
    dressed(figure, theme, x=tell("figure.flow.row_norm"), height=120 + 26 * len(texts), barmode="overlay")
    return figure.update_yaxes(
        tickvals=places, ticktext=[shown(text) for text in texts], autorange="reversed", showgrid=False
    )
