"""Interview: today's cards one at a time, a mock interview that adapts, and all cards; kept in the reader's browser."""

from datetime import date

import streamlit as st

from sftviz.course.interview.cards import all_cards
from sftviz.course.interview.progress import Progress, read_progress
from sftviz.ui.components.memory import remember
from sftviz.ui.lab import titled
from sftviz.ui.language import t
from sftviz.ui.pages.interview import ladder, sitting, taken, today
from sftviz.ui.state import Choice, table
from sftviz.words import SaidError

WAYS = {"today": today.page, "mock": sitting.page, "all": ladder.page}
WAY = Choice("way", "today", tuple(WAYS))
KNOBS = table(WAY, *today.KNOBS, *sitting.KNOBS, *ladder.KNOBS)
PLACE = "interview:2"


def page() -> None:
    titled(t("ui.common.interview"))
    progress = st.session_state.setdefault("progress", Progress())
    way = WAY.segmented(t("ui.interview.way"), lambda name: t(f"ui.interview.way_{name}"), label_visibility="collapsed")
    st.caption(t(f"ui.interview.says_{way}"))
    WAYS[way](all_cards(), progress)
    taken.menu(all_cards(), progress)
    remember(PLACE, progress.model_dump_json(), _take)


def _take(text: str) -> None:
    """What the browser kept of an earlier visit; what is no progress file is left alone."""
    try:
        st.session_state.progress = read_progress(text, date.today()).only(all_cards())
    except SaidError:
        return
