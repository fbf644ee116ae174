"""The calculators page: bytes, days, attention's share, padding, mixtures and likeness."""

from collections.abc import Mapping, Sequence

from sftviz.figures.figure import Figure
from sftviz.figures.labels import named_above
from sftviz.figures.layout import CLEAR, dressed, hatched
from sftviz.figures.palette import GOOD, OTHER, SEQUENTIAL, SUPERVISED, TARGET, TEXT, WRONG, Theme
from sftviz.words import tell

# fill and pattern of the parts of a stack, in order
LOOKS = ((SUPERVISED, ""), (TARGET, "/"), (GOOD, "."), (WRONG, "x"), (OTHER, "\\"))
OF_SIZE = 0.18  # a part below this share of the longest bar is told by hovering only
AS_GOOD_AS_NEW = 4  # repetitions


def stacks(
    rows: Mapping[str, Mapping[str, float]],
    theme: Theme = "light",
    *,
    x: str,
    unit: str = "",
    limit: tuple[str, float] | None = None,
) -> Figure:
    """One bar a row, its parts end to end, the total in its name. limit: a name and an amount, drawn as a line."""
    figure = Figure()
    totals = [sum(parts.values()) for parts in rows.values()]
    for name, (colour, pattern) in zip(next(iter(rows.values())), LOOKS, strict=False):
        amounts = [parts[name] for parts in rows.values()]
        figure.add_bar(
            y=list(rows),
            x=amounts,
            name=name,
            orientation="h",
            marker=hatched(colour, pattern, TEXT[theme]),
            text=[_short(amount, unit) if amount > OF_SIZE * max(totals) else "" for amount in amounts],
            textposition="inside",
            textangle=0,
            constraintext="none",
            insidetextanchor="middle",
            insidetextfont={"color": "#ffffff", "size": 13},
            hovertemplate="%{y}: %{x:.3s}" + unit + "<extra>" + name + "</extra>",
        )
    dressed(figure, theme, x=x, barmode="stack", uirevision=x)
    figure.update_layout(legend={"traceorder": "normal"})
    reach = max([*totals, limit[1] if limit else 0.0])
    figure.update_xaxes(range=[0, 1.02 * reach], tickformat="~s", ticksuffix=unit, nticks=6)
    said = {row: f"{row}: <b>{_short(total, unit)}</b>" for row, total in zip(rows, totals, strict=True)}
    named_above(figure, said, room=120)
    return _line(figure, limit, theme) if limit else figure


def _line(figure: Figure, limit: tuple[str, float], theme: Theme) -> Figure:
    """The line, named in the legend: words at its side would lie on the bars."""
    name, amount = limit
    look = {"color": TEXT[theme], "width": 2, "dash": "dash"}
    figure.add_scatter(x=[amount] * 2, y=[0, 1], yaxis="y2", mode="lines", name=name, line=look, hoverinfo="skip")
    return figure.update_layout(yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True})


def matrix_bars(full: Mapping[str, int], lora: Mapping[str, int], theme: Theme = "light") -> Figure:
    """For each weight matrix its own parameters, outlined, and those LoRA trains beside it; logarithmic."""
    figure = Figure()
    hover = "%{x}: %{y:.4s}<extra></extra>"
    figure.add_bar(
        x=list(full),
        y=list(full.values()),
        name=tell("figure.calculators.full"),
        marker=_outline(theme),
        hovertemplate=hover,
    )
    figure.add_bar(
        x=list(lora),
        y=list(lora.values()),
        name=tell("figure.calculators.lora"),
        marker=hatched(SUPERVISED, "/", TEXT[theme]),
        hovertemplate=hover,
    )
    dressed(
        figure, theme, y=tell("figure.calculators.layer_parameters"), height=360, barmode="group", uirevision="matrices"
    )
    return figure.update_yaxes(type="log", tickformat="~s", dtick=1, rangemode="tozero")


def days_curve(mfus: Sequence[float], days: Sequence[float], at: float, here: float, theme: Theme = "light") -> Figure:
    """Days over the share of the peak that is used, and where the handle stands."""
    hover = tell("figure.calculators.days_at", x="%{x:.0%}", y="%{y:.3~s}") + "<extra></extra>"
    figure = _curve_with_point(mfus, days, at, here, hover, theme)
    dressed(
        figure,
        theme,
        x=tell("figure.calculators.mfu"),
        y=tell("figure.calculators.days"),
        height=360,
        uirevision="days",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, max(mfus)])
    return figure.update_yaxes(rangemode="tozero")


def share_area(tokens: Sequence[int], shares: Sequence[float], at: int, here: float, theme: Theme = "light") -> Figure:
    """Of all operations on a sequence, attention's T² part from below and 6NT above it; T is logarithmic."""
    figure = _curve_with_point(tokens, shares, at, here, "T = %{x:,}: %{y:.1%}<extra></extra>", theme)
    figure.data[0].update(fill="tozeroy", fillpattern={"shape": "/", "fgcolor": SUPERVISED, "size": 8})
    dressed(
        figure,
        theme,
        x=tell("figure.calculators.sequence"),
        y=tell("figure.calculators.share"),
        height=360,
        uirevision="share",
    )
    for y, words in ((0.03, tell("figure.calculators.attention")), (0.97, tell("figure.calculators.parameters"))):
        figure.add_annotation(
            x=0.99 if y < 0.5 else 0.01,
            y=y,
            xref="paper",
            yref="paper",
            text=f"<b>{words}</b>",
            showarrow=False,
            bgcolor="rgba(255,255,255,0.85)" if theme == "light" else "rgba(14,17,23,0.85)",
        )
    figure.update_xaxes(type="log", tickvals=list(tokens)[::2], ticktext=[f"{t:,}" for t in list(tokens)[::2]])
    return figure.update_yaxes(tickformat=".0%", range=[0, 1])


def _curve_with_point(
    x: Sequence[float], y: Sequence[float], at: float, here: float, hover: str, theme: Theme
) -> Figure:
    figure = Figure()
    line = {"color": SUPERVISED, "width": 3}
    figure.add_scatter(x=list(x), y=list(y), line=line, showlegend=False, hovertemplate=hover)
    marker = {"size": 14, "color": SUPERVISED, "line": {"width": 2, "color": TEXT[theme]}}
    return figure.add_scatter(
        x=[at], y=[here], mode="markers", marker=marker, showlegend=False, hovertemplate=hover, cliponaxis=False
    )


def mixture_bars(by_size: Mapping[str, float], drawn: Mapping[str, float], theme: Theme = "light") -> Figure:
    """Each source's share of the samples there are, outlined, and of the samples that are drawn."""
    figure = Figure()
    looks = {
        tell("figure.calculators.there_is"): _outline(theme),
        tell("figure.calculators.drawn"): hatched(SUPERVISED, "/", TEXT[theme]),
    }
    for (name, marker), shares in zip(looks.items(), (by_size, drawn), strict=True):
        figure.add_bar(
            x=list(shares),
            y=list(shares.values()),
            name=name,
            marker=marker,
            text=[f"{share:.1%}" for share in shares.values()],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x}: %{y:.2%}<extra>" + name + "</extra>",
        )
    dressed(figure, theme, y=tell("figure.axis.share"), height=330, barmode="group", uirevision="mixture")
    return figure.update_yaxes(tickformat=".0%", range=[0, 1.08])


def repetition_bars(times: Mapping[str, float], theme: Theme = "light") -> Figure:
    """How often each source's samples are seen, and the line up to which that is about as good as new data."""
    figure = Figure()
    figure.add_bar(
        x=list(times),
        y=list(times.values()),
        showlegend=False,
        marker=hatched(TARGET, ".", TEXT[theme]),
        text=[f"× {seen:.3g}" for seen in times.values()],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x}: × %{y:.3g}<extra></extra>",
    )
    figure.add_hline(y=AS_GOOD_AS_NEW, line={"color": TEXT[theme], "width": 2, "dash": "dash"})
    figure.add_annotation(
        x=0,
        xref="paper",
        xanchor="left",
        y=AS_GOOD_AS_NEW,
        yanchor="bottom",
        text=tell("figure.calculators.as_new"),
        showarrow=False,
    )
    dressed(figure, theme, y=tell("figure.calculators.times_seen"), height=300, uirevision="repetitions")
    return figure.update_yaxes(range=[0, 1.15 * max(AS_GOOD_AS_NEW, *times.values())])


def likeness_map(
    similarities: Sequence[Sequence[float]], kept: Sequence[int], threshold: float, theme: Theme = "light"
) -> Figure:
    """Every pair's Jaccard; a frame where it reaches the threshold. Texts go by number, dropped ones in brackets."""
    count = len(similarities)
    names = [f"{i + 1}" if i in kept else f"({i + 1})" for i in range(count)]
    figure = Figure()
    figure.add_heatmap(
        x=names,
        y=names,
        z=[[similarities[i][j] if j < i else None for j in range(count)] for i in range(count)],
        zmin=0,
        zmax=1,
        colorscale=[[i / (len(SEQUENTIAL[theme]) - 1), colour] for i, colour in enumerate(SEQUENTIAL[theme])],
        texttemplate="%{z:.2f}",
        hoverongaps=False,
        hovertemplate="%{y}, %{x}: %{z:.3f}<extra></extra>",
        colorbar={"title": {"text": "Jaccard"}, "len": 0.9},
        xgap=2,
        ygap=2,
    )
    for i in range(count):
        for j in range(i):
            if similarities[i][j] >= threshold:
                frame = {"color": TEXT[theme], "width": 3}
                figure.add_shape(type="rect", x0=j - 0.48, x1=j + 0.48, y0=i - 0.48, y1=i + 0.48, line=frame)
    dressed(
        figure,
        theme,
        x=tell("figure.calculators.text"),
        y=tell("figure.calculators.text"),
        height=140 + 44 * count,
        uirevision="likeness",
    )
    figure.update_xaxes(type="category", range=[-0.5, count - 1.5], showgrid=False)
    return figure.update_yaxes(type="category", range=[count - 0.5, 0.5], showgrid=False)


def _outline(theme: Theme) -> dict[str, object]:
    return {"color": CLEAR, "line": {"color": TEXT[theme], "width": 2}}


def _short(amount: float, unit: str) -> str:
    """As d3's SI format writes it."""
    for prefix, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if amount >= size:
            return f"{amount / size:.3g} {prefix}{unit}"
    return f"{amount:.3g} {unit}".rstrip()
