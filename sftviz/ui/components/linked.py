"""A widget's first value may come from the address: `?gradients_target=-9` opens the lab in that state.

What the address asks for and cannot have is ignored, and said.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

from sftviz.ui.components.notes import notes
from sftviz.ui.language import t

Value = TypeVar("Value", float, int, str)
Choice = TypeVar("Choice")
LONGEST = 2000  # characters of a text
SHOWN = 40  # characters of what was asked for


def linked(key: str, default: Value, low: float = -math.inf, high: float = math.inf) -> Value:
    """What the address says for this key, read as the default's type; the default where it says nothing.

    low, high: what a number may be, both included; a text has at most LONGEST characters. Anything else is ignored.
    """
    asked = st.query_params.get(key)
    if asked is None:
        return default
    try:
        value = type(default)(asked)
    except ValueError:
        return _ignored(key, asked, default)
    fits = len(value) <= LONGEST if isinstance(value, str) else math.isfinite(value) and low <= value <= high
    return value if fits else _ignored(key, asked, default)


def linked_choice(key: str, choices: Sequence[Choice], default: Choice) -> Choice:
    """The same for one of several: the choice whose text the address gives."""
    asked = st.query_params.get(key)
    if asked is None:
        return default
    chosen = [choice for choice in choices if str(choice) == asked]
    return chosen[0] if chosen else _ignored(key, asked, default)


def _ignored(key: str, asked: str, default: Choice) -> Choice:
    shown = asked if len(asked) <= SHOWN else asked[:SHOWN] + "…"
    said = t("ui.linked.ignored", key=key, value=shown)
    notes([{"severity": "note", "where": "", "message": said, "remedy": ""}], key=f"ignored_{key}")
    return default
