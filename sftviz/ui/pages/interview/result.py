"""The end of a mock interview on one page: topics, what was missed, cards for tomorrow, what to ask them."""

from collections.abc import Mapping, Sequence

import streamlit as st

from sftviz.course.formulas import FORMULAS
from sftviz.course.interview.cards import Card
from sftviz.course.interview.mock import Answer, summary
from sftviz.course.interview.slips import all_snippets
from sftviz.ui.components.question import show_me
from sftviz.ui.language import language, t

THEIRS = 4  # questions to ask the other side


def show(answers: Sequence[Answer], cards: Mapping[str, Card], seed: int) -> None:
    found = summary(answers, cards)
    said = language()
    st.header(t("ui.mock.summary"), anchor=False)
    st.metric(t("ui.mock.score", seed=seed), f"{found.share:.0%}")
    titles = {card.lesson.slug: card.lesson.front_matter(said).title for card in cards.values()}
    for topic, share in sorted(found.topics.items(), key=lambda one: one[1]):
        st.progress(share, f"{titles[topic]} · {share:.0%}")
    for name, right in found.exact.items():
        asked = FORMULAS[name].asks if name in FORMULAS else all_snippets()[name].cause
        st.markdown(f"{'✓' if right else '✗'} {asked.in_language(said)}")
    if found.missed:
        st.header(t("ui.mock.missed"), anchor=False)
    for name, i in found.missed:
        card = cards[name]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"- {card.asking.points[i].says.in_language(said)}", width="stretch")
            show_me(card.question.show)
    if found.again:
        st.header(t("ui.mock.tomorrow"), anchor=False)
        st.markdown("\n".join(f"- {cards[name].question.question.in_language(said)}" for name in found.again))
    st.header(t("ui.mock.ask_them"), anchor=False)
    st.markdown("\n".join(f"- {t(f'ui.mock.ask_{n}')}" for n in range(1, THEIRS + 1)))
    st.caption(t("ui.mock.beat", seed=seed))
