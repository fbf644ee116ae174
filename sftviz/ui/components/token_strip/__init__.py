"""The token strip on a page. What it draws, and how, stands in `sftviz.strip`."""

from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from sftviz.comparison import Comparison
from sftviz.course.lesson import all_lessons
from sftviz.inspection import Inspection
from sftviz.strip import payload, script, style
from sftviz.ui.language import language, t

_strip = component("sftviz_token_strip", html='<div class="sftviz-strip"></div>', css=style(), js=script())


def token_strip(
    seen: Inspection,
    *,
    key: str,
    selected: int = -1,
    coloring: str = "supervised",
    comparison: Comparison | None = None,
    tools: bool = True,
) -> tuple[int, str]:
    """Draw the strip; gives the chosen position, -1 for none, and what it is coloured by.

    A browser is sent the first MOST_DRAWN tokens; what is beyond is said. What it reports is not sent back to it: only
    what the page itself asks for, so that a quick second click is never undone by the answer to the first.
    """
    if len(seen.rendering.tokens) > payload.MOST_DRAWN:
        st.caption(t("bench.cut", drawn=payload.MOST_DRAWN, count=len(seen.rendering.tokens)))
    data = _kept(key, seen, comparison, tools)
    stand = st.session_state.setdefault(f"{key}_stand", _Stand(data["key"], (selected, coloring)))
    if stand.drawn != data["key"]:  # another chat: what was chosen in the last one means nothing here
        stand.drawn, stand.asked, stand.at = data["key"], (-1, coloring), (-1, coloring)
    elif (selected, coloring) != stand.at:
        stand.asked = stand.at = (selected, coloring)
    data = data | {"selected": stand.asked[0], "coloring": stand.asked[1]}
    state = _strip(
        key=key,
        data=data,
        default={"selected": None, "coloring": None},
        on_selected_change=lambda: None,
        on_coloring_change=lambda: None,
    )
    reported = (state.selected, state.coloring)
    if reported != stand.reported:
        now = [then if new is None else new for then, new in zip(stand.at, reported, strict=True)]
        stand.reported, stand.at = reported, (int(now[0]), str(now[1]))
    return stand.at


@dataclass
class _Stand:
    """What a strip stands on: the chat drawn, what the page last asked for, where it is, what the browser last said."""

    drawn: str
    asked: tuple[int, str]
    at: tuple[int, str] = (-1, "supervised")
    reported: tuple[int | None, str | None] = (None, None)

    def __post_init__(self) -> None:
        self.at = self.asked


def _kept(key: str, seen: Inspection, comparison: Comparison | None, tools: bool) -> dict[str, Any]:
    """Made once for what it shows; a rerun for something else sends the same."""
    held = st.session_state.get(f"{key}_payload")
    asked = (seen, comparison, language())
    if held is None or any(now is not then for now, then in zip(asked, held[0], strict=True)):
        held = (asked, payload.payload(seen, comparison=comparison, links=_links(), tools=tools))
        st.session_state[f"{key}_payload"] = held
    return held[1]


def _links() -> dict[str, dict[str, str]]:
    said = language()
    address = "" if said == "en" else f"?lang={said}"
    return {one.slug: {"title": one.front_matter(said).title, "href": f"{one.slug}{address}"} for one in all_lessons()}
