"""The scores page: where the true token stands, how sure and how right, which answer wins, and what texts score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sftviz.figures.figure import Figure
from sftviz.figures.layout import CLEAR, dressed, hatched, shown
from sftviz.figures.palette import CURVES, GOOD, OTHER, SUPERVISED, TARGET, TEXT, WRONG, Theme
from sftviz.words import tell
from sftviz.words.visible import visible

FIRST, AMONG, BEYOND = "first", "among", "beyond"
RANK_LOOKS = {FIRST: (GOOD, ""), AMONG: (OTHER, "/"), BEYOND: (TARGET, "x")}
TOKENS_A_LINE = 24
LONGEST_LABEL = 14  # characters of a token under its bar; the hover has all of it
CANDIDATE_LOOKS = (*zip(CURVES.values(), ("circle", "square", "triangle-up", "x"), strict=True),)
TEXT_LOOKS = ((SUPERVISED, ""), (TARGET, "/"), (WRONG, "x"))


def rank_bars(
    texts: Sequence[str],
    ranks: Sequence[int],
    probabilities: Sequence[float],
    k: int,
    vocabulary: int,
    theme: Theme = "light",
) -> Figure:
    """One bar a supervised token: its place among all V tokens, logarithmic; the k likeliest lie in the shaded band.

    Wrapped into lines like the text itself, so that every token is readable on a narrow screen.
    """
    lines = max(1, -(-len(texts) // TOKENS_A_LINE))
    figure = Figure()
    kinds = [FIRST if rank == 1 else AMONG if rank <= k else BEYOND for rank in ranks]
    for line, axis in enumerate(figure.add_rows(lines, spacing=0.28 / lines)):
        span = range(line * TOKENS_A_LINE, min(len(texts), (line + 1) * TOKENS_A_LINE))
        for kind in RANK_LOOKS:
            places = [at for at in span if kinds[at] == kind]
            told = [[shown(texts[at]), f"{probabilities[at]:.3g}"] for at in places]
            bar = _ranked(kind, places, [ranks[at] for at in places], told, line == 0)
            figure.add_trace({**bar, "xaxis": f"x{axis}", "yaxis": f"y{axis}"})
        figure.layout[f"xaxis{axis}"].update(
            tickvals=list(span),
            ticktext=[_under(texts[at]) for at in span],
            range=[span.start - 0.6, span.start + min(len(texts), TOKENS_A_LINE) - 0.4],
        )
        band = {"x0": 0, "x1": 1, "xref": f"x{axis} domain", "y0": 0.5, "y1": k, "yref": f"y{axis}"}
        figure.add_shape(type="rect", **band, fillcolor=OTHER, opacity=0.18, line={"width": 0}, layer="below")
    dressed(figure, theme, y=tell("figure.scores.rank"), height=80 + 300 * lines, barmode="overlay", bargap=0.25)
    figure.update_layout(legend={"y": 1 + 0.03 / lines}, uirevision="ranks")
    figure.update_xaxes(tickangle=-90, tickfont={"size": 13}, showgrid=False, zeroline=False)
    ticks = [10**power for power in range(5) if 10**power < vocabulary / 2] + [vocabulary]
    return figure.update_yaxes(
        type="log", tickvals=ticks, ticktext=[f"{tick:,}" for tick in ticks], range=[-0.2, _above(vocabulary)]
    )


def _ranked(kind: str, places: list[int], ranks: list[int], told: list[list[str]], in_legend: bool) -> dict[str, Any]:
    colour, pattern = RANK_LOOKS[kind]
    hover = tell("figure.scores.ranked", token="%{customdata[0]}", rank="%{y:,}", p="%{customdata[1]}")
    return {
        "type": "bar",
        "x": places,
        "y": ranks,
        "name": tell(f"figure.scores.{kind}"),
        "legendgroup": kind,
        "showlegend": in_legend,
        "text": [f"{rank:,}" for rank in ranks],
        "textposition": "outside",
        "textangle": -90,
        "textfont": {"size": 12},
        "constraintext": "none",
        "cliponaxis": False,
        "marker": _dark(colour, pattern) if kind == BEYOND else hatched(colour, pattern),
        "customdata": told,
        "hovertemplate": f"{hover}<extra>{tell(f'figure.scores.{kind}')}</extra>",
    }


def _dark(colour: str, pattern: str) -> dict[str, Any]:
    """Told from the others in grey, and as small as in a legend."""
    over = {"shape": pattern, "fillmode": "overlay", "fgcolor": "#1a1c23", "size": 5, "solidity": 0.35}
    return {"color": colour, "pattern": over, "line": {"width": 1, "color": "#1a1c23"}}


def _under(text: str) -> str:
    label = visible(text)
    return shown(label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…")


def _above(vocabulary: int) -> float:
    """The axis's end as a power of ten: a little room over V for the number of the highest bar."""
    return len(str(vocabulary)) - 1 + 1.1


@dataclass(frozen=True)
class Confident:
    """A bin of predictions: confidence in (low, high], how sure and how often right on average, and how many."""

    low: float
    high: float
    confidence: float
    accuracy: float
    count: int


def reliability_bars(bins: Sequence[Confident], ece: float, theme: Theme = "light") -> Figure:
    """A bar a bin up to the share that was right, and hatched from there to how sure the model was."""
    figure = Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name=tell("figure.sure_as_right"), line={"color": TEXT[theme], "dash": "dot"}
    )
    middles = [(one.low + one.high) / 2 for one in bins]
    widths = [one.high - one.low for one in bins]
    said = [[one.confidence, one.accuracy, one.count, one.low, one.high] for one in bins]
    hover = tell(
        "figure.scores.bin",
        low="%{customdata[3]:.2f}",
        high="%{customdata[4]:.2f}",
        sure="%{customdata[0]:.3f}",
        right="%{customdata[1]:.3f}",
        count="%{customdata[2]}",
    )
    figure.add_bar(
        x=middles,
        y=[one.accuracy for one in bins],
        width=widths,
        name=tell("figure.share_right"),
        showlegend=True,
        marker=hatched(SUPERVISED, "", TEXT[theme]),
        customdata=said,
        hovertemplate=hover + "<extra></extra>",
    )
    figure.add_bar(
        x=middles,
        base=[one.accuracy for one in bins],
        y=[one.confidence - one.accuracy for one in bins],
        width=widths,
        name=tell("figure.scores.gap", ece=ece),
        showlegend=True,
        marker={
            "color": TARGET,
            "pattern": {"shape": "/", "fillmode": "replace", "fgcolor": TARGET, "bgcolor": CLEAR, "size": 8},
            "line": {"width": 2, "color": TARGET},
        },
        customdata=said,
        hovertemplate=hover + "<extra></extra>",
    )
    figure.add_scatter(
        x=middles,
        y=[1.02] * len(bins),
        mode="text",
        text=[str(one.count) for one in bins],
        textposition="top center",
        cliponaxis=False,
        showlegend=False,
        hoverinfo="skip",
    )
    dressed(
        figure,
        theme,
        x=tell("figure.confidence"),
        y=tell("figure.share_right"),
        height=420,
        barmode="overlay",
        uirevision="reliability",
    )
    figure.update_xaxes(range=[0, 1])
    return figure.update_yaxes(range=[0, 1.1], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])


@dataclass(frozen=True)
class Swap:
    """Two candidates that are level: at which alpha, and their score there in nats."""

    names: str
    alpha: float
    score: float


@dataclass(frozen=True)
class Contest:
    """Every candidate's score over alpha (all below 0, in nats), where the handle stands, and where they swap."""

    alphas: Sequence[float]
    scores: Mapping[str, Sequence[float]]
    at: float
    here: Mapping[str, float]
    swaps: Sequence[Swap]


def score_curves(contest: Contest, theme: Theme = "light") -> Figure:
    """A curve a candidate over alpha; the axis is logarithmic in minus the score, which makes them straight.

    Nearer to 0 is better and stands higher.
    """
    figure = Figure()
    for (name, scores), ((colour, dash), symbol) in zip(contest.scores.items(), CANDIDATE_LOOKS, strict=False):
        figure.add_scatter(
            x=list(contest.alphas),
            y=[-score for score in scores],
            mode="lines",
            name=name,
            legendgroup=name,
            showlegend=False,
            customdata=list(scores),
            line={"color": colour, "dash": dash, "width": 3},
            hovertemplate="α = %{x:.2f}: %{customdata:.3f} nats<extra>" + name + "</extra>",
        )
        figure.add_scatter(
            x=[contest.at],
            y=[-contest.here[name]],
            mode="lines+markers",
            name=name,
            legendgroup=name,
            showlegend=True,
            customdata=[contest.here[name]],
            line={"color": colour, "dash": dash, "width": 3},
            marker={"color": colour, "symbol": symbol, "size": 13, "line": {"width": 2, "color": TEXT[theme]}},
            hovertemplate="α = %{x:.2f}: %{customdata:.3f} nats<extra>" + name + "</extra>",
        )
    figure.add_scatter(
        x=[swap.alpha for swap in contest.swaps],
        y=[-swap.score for swap in contest.swaps],
        mode="markers+text",
        name=tell("figure.scores.change_places"),
        showlegend=True,
        text=[swap.names for swap in contest.swaps],
        textposition="bottom right",
        cliponaxis=False,
        marker={"symbol": "diamond", "size": 14, "color": CLEAR, "line": {"width": 2, "color": TEXT[theme]}},
        customdata=[swap.score for swap in contest.swaps],
        hovertemplate=tell("figure.scores.level", pair="%{text}", x="%{x:.3f}", score="%{customdata:.3f}")
        + "<extra></extra>",
    )
    figure.add_vline(x=contest.at, line={"color": TEXT[theme], "width": 2, "dash": "dot"})
    dressed(
        figure, theme, x=tell("figure.scores.alpha"), y=tell("figure.scores.score"), height=440, uirevision="contest"
    )
    lengths = [step * 10**power for power in range(-2, 4) for step in (1, 2, 5)]
    return figure.update_yaxes(
        type="log",
        autorange="reversed",
        tickvals=lengths,
        ticktext=[f"−{length:g}" for length in lengths],
    )


@dataclass(frozen=True)
class TextScore:
    """What a text scored, and the best there is on that scale: 1 or 100."""

    value: float
    best: float


def text_score_bars(candidates: Mapping[str, Mapping[str, TextScore]], theme: Theme = "light") -> Figure:
    """Side by side over the scores' names, one look a candidate; every scale drawn up to its own best."""
    hover = tell("figure.scores.out_of", x="%{x}", value="%{customdata[0]:.4g}", best="%{customdata[1]:g}")
    figure = Figure()
    for (name, scores), (colour, pattern) in zip(candidates.items(), TEXT_LOOKS, strict=False):
        figure.add_bar(
            x=list(scores),
            y=[score.value / score.best for score in scores.values()],
            name=name,
            showlegend=True,
            text=[f"{score.value:.0f}" if score.best > 1 else f"{score.value:.2g}" for score in scores.values()],
            textposition="outside",
            textangle=0,
            textfont={"size": 13},
            constraintext="none",
            cliponaxis=False,
            marker=hatched(colour, pattern, TEXT[theme]),
            customdata=[[score.value, score.best] for score in scores.values()],
            hovertemplate=f"{hover}<extra>{name}</extra>",
        )
    dressed(figure, theme, y=tell("figure.scores.share_of_best"), height=380, barmode="group", uirevision="texts")
    return figure.update_yaxes(range=[0, 1.12], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
