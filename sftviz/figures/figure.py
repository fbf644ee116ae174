"""A figure as plotly.js reads it: traces and a layout in plain dicts.

plotly's own objects check every part again at every change, which costs ten times what a figure is worth. Here nothing
is checked: a test hands every figure to them.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    import plotly.graph_objects as go

ACROSS = {"x0": 0, "x1": 1, "xref": "x domain", "yref": "y"}
UPRIGHT = {"y0": 0, "y1": 1, "xref": "x", "yref": "y domain"}


class Part(dict[str, Any]):
    """A dict whose entries are read as attributes, too: what is not set is None.

    >>> Part(marker={"color": "red"}).marker.color
    'red'
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = self.get(name)
        return Part(found) if type(found) is dict else found


class Figure:
    """`data`: a list of traces, `layout` and `frames` as plotly.js has them."""

    def __init__(self, *traces: Mapping[str, Any]):
        self.data = [Part(trace) for trace in traces]
        self.layout = Part()
        self.frames: list[Mapping[str, Any]] = []

    @classmethod
    def of(cls, made: Mapping[str, Any]) -> Self:
        """A figure that was written down before, as `to_dict` or plotly gives it."""
        figure = cls(*made["data"])
        figure.layout, figure.frames = Part(made.get("layout", {})), list(made.get("frames", ()))
        return figure

    def add_trace(self, trace: Mapping[str, Any]) -> Self:
        self.data.append(Part(trace))
        return self

    def add_scatter(self, **trace: Any) -> Self:
        return self.add_trace({"type": "scatter", **trace})

    def add_bar(self, **trace: Any) -> Self:
        return self.add_trace({"type": "bar", **trace})

    def add_heatmap(self, **trace: Any) -> Self:
        return self.add_trace({"type": "heatmap", **trace})

    def add_shape(self, **shape: Any) -> Self:
        self.layout.setdefault("shapes", []).append(shape)
        return self

    def add_annotation(self, **annotation: Any) -> Self:
        self.layout.setdefault("annotations", []).append(annotation)
        return self

    def add_vline(self, x: float, line: Mapping[str, Any], text: str = "") -> Self:
        """A line from bottom to top; a text stands at its upper end, to the right."""
        if text:
            self.add_annotation(
                text=text, x=x, xref="x", xanchor="left", y=1, yref="y domain", yanchor="top", showarrow=False
            )
        return self.add_shape(type="line", x0=x, x1=x, **UPRIGHT, line=dict(line))

    def add_hline(self, y: float, line: Mapping[str, Any]) -> Self:
        return self.add_shape(type="line", y0=y, y1=y, **ACROSS, line=dict(line))

    def update_layout(self, **changes: Any) -> Self:
        _update(self.layout, changes)
        return self

    def update_xaxes(self, **changes: Any) -> Self:
        return self._update_axes("xaxis", changes)

    def update_yaxes(self, **changes: Any) -> Self:
        return self._update_axes("yaxis", changes)

    def _update_axes(self, kind: Literal["xaxis", "yaxis"], changes: Mapping[str, Any]) -> Self:
        self.layout.setdefault(kind, {})
        for name in [name for name in self.layout if name.startswith(kind)]:
            _update(self.layout[name], changes)
        return self

    def add_rows(self, count: int, spacing: float) -> list[str]:
        """Pairs of axes under one another, with that share of the height between; the end of their names: "", "2"."""
        height = (1 - spacing * (count - 1)) / count
        for row in range(count):
            end, top = _end(row), 1 - row * (height + spacing)
            self.layout[f"xaxis{end}"] = {"anchor": f"y{end}", "domain": [0.0, 1.0]}
            self.layout[f"yaxis{end}"] = {"anchor": f"x{end}", "domain": [max(0.0, top - height), top]}
        return [_end(row) for row in range(count)]

    def to_dict(self) -> dict[str, Any]:
        """What plotly.js is given."""
        frames = {"frames": self.frames} if self.frames else {}
        return {"data": self.data, "layout": self.layout, **frames}

    def to_plotly(self) -> "go.Figure":
        """plotly's own figure, to show in a notebook, to change or to save. Raises ValueError for what it refuses."""
        import plotly.graph_objects as go

        return go.Figure(self.to_dict())

    def _ipython_display_(self) -> None:
        self.to_plotly()._ipython_display_()  # pyright: ignore[reportPrivateUsage]


def _end(row: int) -> str:
    return str(row + 1) if row else ""


def _update(part: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Dicts are merged, everything else is replaced; plotly.js wants a title's text in a dict of its own."""
    for name, value in _titled(changes):
        held = part.get(name)
        if isinstance(held, dict) and isinstance(value, Mapping):
            _update(held, value)
        else:
            part[name] = dict(_titled(value)) if isinstance(value, Mapping) else value


def _titled(changes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in changes.items():
        yield name, {"text": value} if name == "title" and isinstance(value, str) else value
