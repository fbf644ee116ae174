"""All cards, by topic and level."""

from collections.abc import Mapping

import streamlit as st

from sftviz.course.interview.cards import Card
from sftviz.course.interview.progress import Progress
from sftviz.course.questions import LEVELS
from sftviz.ui.components.question import question_card
from sftviz.ui.language import named, t
from sftviz.ui.pages.interview.today import choose_topic, points
from sftviz.ui.state import Choice

LEVEL = Choice("interview_level", "", ("", *LEVELS))
KNOBS = (LEVEL,)


def page(cards: Mapping[str, Card], progress: Progress) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        titles, topic = choose_topic()
    with right:
        level = LEVEL.selectbox(
            t("ui.interview.level"),
            lambda name: f"{name}: {named('level', name, LEVELS[name])}" if name else t("ui.interview.all_levels"),
        )
    chosen = {
        name: card
        for name, card in cards.items()
        if topic in ("", card.lesson.slug) and level in ("", card.question.level)
    }
    if not chosen:
        st.info(t("ui.interview.nothing_left"))
    for name, card in chosen.items():
        known = name in progress.cards and progress.cards[name].box > 0
        mark = t("ui.interview.mark_known" if known else "ui.interview.mark_new")
        st.caption(f"{titles[card.lesson.slug]} · {card.question.level} · {mark}")
        if question_card(card.question, f"interview_{name}"):
            points(card)
