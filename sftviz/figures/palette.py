"""Every colour of the project, for both themes. Okabe-Ito for kinds, a blue-to-amber scale like cividis for amounts."""

from typing import Literal

Theme = Literal["light", "dark"]

SUPERVISED = "#0072b2"
TARGET = "#d55e00"
OTHER = "#56b4e9"
WRONG = "#cc79a7"
GOOD = "#009e73"

# A kind of curve keeps its colour and its dash wherever it is drawn
CURVES = {
    "cross_entropy": ("#0072b2", "solid"),
    "squared_error": ("#d55e00", "dash"),
    "shortcut": ("#009e73", "dot"),
    "smoothed": ("#cc79a7", "dashdot"),
}

ROLES = {
    "user": "#e69f00",
    "assistant": "#0072b2",
    "system": "#009e73",
    "developer": "#009e73",
    "tool": "#cc79a7",
    "document": "#56b4e9",
    "template": "#8c8c8c",
}

# Low to high. Light ends pale-to-dark, dark ends dark-to-bright, so that "much" stands out from either page.
SEQUENTIAL: dict[Theme, tuple[str, ...]] = {
    "light": ("#f4f1de", "#e9c46a", "#e08e45", "#b5543c", "#5a2a47"),
    "dark": ("#1d2b4a", "#31507f", "#6f7f8f", "#c9a227", "#ffe26a"),
}

# Less than before, the same, more: blue and vermilion stay apart for every eye
DIVERGING: dict[Theme, tuple[str, ...]] = {
    "light": ("#0072b2", "#9cc7e2", "#f4f4f4", "#f0b58c", "#d55e00"),
    "dark": ("#56b4e9", "#2f6486", "#262a35", "#8a4b1d", "#f08a3c"),
}
SUPERVISED_ON: dict[Theme, str] = {"light": SUPERVISED, "dark": OTHER}

TEXT: dict[Theme, str] = {"light": "#1a1c23", "dark": "#f2f3f7"}
GRID: dict[Theme, str] = {"light": "#d9dce3", "dark": "#3a3f4c"}
# The low end of a map of amounts; opaque, so that plotly can choose ink that is read on it
EMPTY: dict[Theme, str] = {"light": "#eef0f4", "dark": "#262a35"}
