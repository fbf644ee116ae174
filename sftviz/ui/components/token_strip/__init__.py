"""The token strip: every token of a chat, coloured, explained on hover, chosen by a click. See strip.js."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from sftviz import words
from sftviz.columns import COLUMNS, Column, TokenRow
from sftviz.figures import palette
from sftviz.figures.strip import visible
from sftviz.ui.language import language, pattern, t
from sftviz.words import Said, say

HERE = Path(__file__).parent
MOST_DRAWN = 20_000
KINDS = ("supervised", "role")  # colourings that are no amount
DRAWN = ("id", "box", "role", "message", "supervised", "weight", "control", "forged")
ABOUT = ("position", "id", "bytes", "role", "part", "weight", "label")  # listed on the card of a token
PRICED = tuple(name for name, column in COLUMNS.items() if column.speaks_of == "prediction" and name != "target_text")
WORDS = (
    "aria", "supervised", "ignored", "count_supervised", "count_ignored", "rest", "rest_bytes", "cost", "none",
    "nobody", "template", "own", "predicts", "weight",
)  # fmt: skip

_strip = component(
    "sftviz_token_strip",
    html='<div class="sftviz-strip"></div>',
    css=(HERE / "strip.css").read_text(),
    js=(HERE / "strip.js").read_text(),
)


def colorings(priced: bool) -> dict[str, str]:
    """What the strip can be coloured by -> its title; amounts only where a model has priced the tokens."""
    amounts = [column for column in COLUMNS.values() if column.colours] if priced else []
    return {
        "supervised": t("ui.strip.by_supervised"),
        **{column.name: words.row("column", column, "title", language()) for column in amounts},
        "role": t("ui.strip.by_role"),
    }


def token_strip(rows: Sequence[TokenRow], color_by: str, *, key: str, selected: int) -> int:
    """Draw the strip; gives the position that was clicked last, else `selected`.

    A browser is sent the first MOST_DRAWN tokens; what is beyond is said.
    """
    if len(rows) > MOST_DRAWN:
        st.caption(t("ui.strip.cut", drawn=MOST_DRAWN, count=len(rows)))
        rows = rows[:MOST_DRAWN]
    data = {
        "columns": {name: [row[name] for row in rows] for name in DRAWN},
        "shown": [visible(row.text) for row in rows],
        "targetShown": [visible(row.prediction.target_text) for row in rows],
        "breaks": [row.text.endswith("\n") for row in rows],
        **_reasons(rows),
        "about": [_listed(name, [_said(name, row[name]) for row in rows]) for name in ABOUT],
        "own": [_listed(name, [COLUMNS[name].own(row) for row in rows]) for name in PRICED if name != "target"],
        "ahead": [_listed(name, [row[name] for row in rows]) for name in PRICED],
        "cost": [row.cost for row in rows],
        **_coloring(rows, color_by),
        "words": {word: pattern(f"ui.strip.{word}") for word in WORDS},
        "palette": {"roles": palette.ROLES, "sequential": palette.SEQUENTIAL, "supervised": palette.SUPERVISED},
        "selected": selected,
    }
    state = _strip(key=key, data=data, default={"selected": None}, on_selected_change=lambda: None)
    chosen = state.selected
    return chosen if chosen is not None and chosen < len(rows) else selected


def _listed(name: str, values: list[Any]) -> dict[str, Any]:
    column = COLUMNS[name]
    return {"title": words.row("column", column, "title", language()), "unit": column.unit, "values": values}


def _said(name: str, value: Any) -> Any:
    if name == "part":
        return say(Said(f"part.{value}"), language())
    return t("ui.strip.nobody") if name == "role" and value is None else value


def _coloring(rows: Sequence[TokenRow], color_by: str) -> dict[str, Any]:
    if color_by in KINDS:
        meaning = t(f"ui.strip.{color_by}_meaning")
        return {"coloring": {"name": color_by, "unit": "", "meaning": meaning}, "amounts": None}
    column = COLUMNS[color_by]
    meaning = words.row("column", column, "meaning", language())
    return {"coloring": {"name": color_by, "unit": column.unit, "meaning": meaning}, "amounts": amounts(rows, column)}


def amounts(rows: Sequence[TokenRow], column: Column) -> dict[str, Any]:
    """What a colouring by amount draws: each token's own amount, and the ends of the scale."""
    values = [column.own(row) for row in rows]
    high = column.highest or max((value for value in values if value is not None), default=1.0)
    return {"values": values, "low": 0.0, "high": high or 1.0}


def _reasons(rows: Sequence[TokenRow]) -> dict[str, list[Any]]:
    # Few reasons serve thousands of tokens: send each once
    unique = list(dict.fromkeys(row.reason for row in rows))
    index = {reason: i for i, reason in enumerate(unique)}
    return {"reasons": [say(reason, language()) for reason in unique], "reason": [index[row.reason] for row in rows]}
