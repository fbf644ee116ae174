"""Today's cards: those that come back and new ones, one at a time."""

from collections.abc import Mapping
from datetime import date

import streamlit as st

from sftviz.course.interview.cards import Card
from sftviz.course.interview.progress import DAYS, Progress
from sftviz.course.lesson import all_lessons
from sftviz.ui.components.question import question_card
from sftviz.ui.language import language, t
from sftviz.ui.state import Choice

TOPIC = Choice("interview_topic", "", ("", *(lesson.slug for lesson in all_lessons())))
KNOBS = (TOPIC,)


def page(cards: Mapping[str, Card], progress: Progress) -> None:
    titles, topic = choose_topic()
    mine = [name for name, card in cards.items() if topic in ("", card.lesson.slug)]
    due = progress.due(mine, date.today())
    _boxes(mine, progress, len(due))
    if not due:
        st.success(t("ui.today.done"), icon=":material/check_circle:")
        return
    name = due[0]
    card = cards[name]
    st.caption(f"{titles[card.lesson.slug]} · {card.question.level} · {_standing(name, progress)}")
    if question_card(card.question, f"today_{name}"):
        points(card)
        with st.container(horizontal=True):
            for knew, icon in ((True, ":material/check:"), (False, ":material/replay:")):
                label = t("ui.interview.i_knew" if knew else "ui.interview.ask_again")
                st.button(label, key=f"told_{knew}", on_click=_told, args=(name, knew), icon=icon)


def choose_topic() -> tuple[Mapping[str, str], str]:
    """Every lesson's title, and the one that is chosen, "" for all."""
    titles = {lesson.slug: lesson.front_matter(language()).title for lesson in all_lessons()}
    chosen = TOPIC.selectbox(
        t("ui.interview.topic"), lambda slug: titles[slug] if slug else t("ui.interview.all_topics")
    )
    return titles, chosen


def points(card: Card) -> None:
    """What a good answer says, and what is asked next."""
    st.markdown(f"**{t('ui.mock.points')}**")
    st.markdown("\n".join(f"- {point.says.in_language(language())}" for point in card.asking.points))
    for follow_up in card.asking.follow_ups:
        with st.expander(follow_up.question.in_language(language()), icon=":material/subdirectory_arrow_right:"):
            st.markdown(follow_up.answer.in_language(language()))


def _told(name: str, knew: bool) -> None:
    st.session_state.progress.told(name, knew, date.today())
    st.session_state.pop(f"answer_today_{name}", None)


def _boxes(names: list[str], progress: Progress, due: int) -> None:
    asked = [progress.cards[name].box for name in names if name in progress.cards]
    known = sum(box > 0 for box in asked)
    st.progress(known / max(1, len(names)), t("ui.today.count", due=due, known=known, total=len(names)))
    counts = [t("ui.today.box", days=days, count=asked.count(box)) for box, days in enumerate(DAYS) if box in asked]
    if counts:
        st.caption(" · ".join(counts))


def _standing(name: str, progress: Progress) -> str:
    standing = progress.cards.get(name)
    return t("ui.today.new") if standing is None else t("ui.today.back", days=DAYS[standing.box])
