"""The normalisation page: what each token weighs, and how the chats of a batch share the loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sftviz.figures.figure import Figure
from sftviz.figures.labels import named_above
from sftviz.figures.layout import CLEAR, dressed, hatched, shown
from sftviz.figures.palette import TEXT, Theme
from sftviz.words import tell

# fill, pattern over it, ink on it
CHATS = (
    ("#0072b2", "", "#ffffff"),
    ("#e69f00", "/", "#1a1c23"),
    ("#009e73", ".", "#ffffff"),
    ("#cc79a7", "x", "#1a1c23"),
    ("#56b4e9", "\\", "#1a1c23"),
    ("#d55e00", "-", "#ffffff"),
)

OF_SIZE = 0.1  # a share below this is told by hovering only


@dataclass(frozen=True)
class Weighed:
    """The supervised tokens of one chat: their texts, what each weighs in the loss, and what each costs in nats."""

    chat: str
    texts: Sequence[str]
    weights: Sequence[float]
    costs: Sequence[float]


def token_weight_bars(chats: Sequence[Weighed], theme: Theme = "light") -> Figure:
    """One bar a supervised token, chat after chat: its weight in the loss."""
    hover = tell(
        "figure.normalization.weighs", token="%{customdata[0]}", weight="%{y:.4f}", cost="%{customdata[1]:.3f}"
    )
    figure = Figure()
    start = 0
    for chat, (colour, pattern, _) in zip(chats, _looks(len(chats)), strict=True):
        figure.add_bar(
            x=list(range(start, start + len(chat.texts))),
            y=list(chat.weights),
            name=shown(chat.chat),
            marker=hatched(colour, pattern, CLEAR),
            customdata=[[shown(text), cost] for text, cost in zip(chat.texts, chat.costs, strict=True)],
            hovertemplate=hover + "<extra></extra>",
        )
        start += len(chat.texts) + 1
    dressed(figure, theme, y=tell("figure.normalization.weight"), height=320, uirevision="weights", bargap=0.15)
    figure.update_xaxes(showticklabels=False, title=tell("figure.normalization.tokens"))
    return figure.update_yaxes(tickformat=".1%", rangemode="tozero")


def share_bars(shares: Mapping[str, Sequence[tuple[str, float]]], theme: Theme = "light") -> Figure:
    """One stacked bar a normalization: the share of the weight each chat holds."""
    figure = Figure()
    titles = list(shares)
    for place, (colour, pattern, ink) in enumerate(_looks(len(next(iter(shares.values()), ())))):
        parts = [shares[title][place] for title in titles]
        figure.add_bar(
            y=titles,
            x=[share for _, share in parts],
            orientation="h",
            name=shown(parts[0][0]),
            marker=hatched(colour, pattern, TEXT[theme]),
            text=[f"{share:.0%}" if share > OF_SIZE else "" for _, share in parts],
            textposition="inside",
            textangle=0,
            constraintext="none",
            insidetextanchor="middle",
            insidetextfont={"color": ink, "size": 15},
            hovertemplate="%{y}: %{x:.1%}<extra>" + shown(parts[0][0]) + "</extra>",
        )
    dressed(figure, theme, x=tell("figure.normalization.share"), barmode="stack", showlegend=False)
    figure.update_xaxes(tickformat=".0%", range=[0, 1])
    return named_above(figure, {title: title for title in titles}, room=70)


def _looks(count: int) -> list[tuple[str, str, str]]:
    return [CHATS[i % len(CHATS)] for i in range(count)]
