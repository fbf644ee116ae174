"""What stands round a lesson: how long it takes, its parts, its notebook, one's own chat; and what comes after it."""

import streamlit as st

from sftviz.course.lesson import Lesson
from sftviz.course.map import next_lesson
from sftviz.course.questions import LEVELS
from sftviz.ui.language import language, t
from sftviz.ui.pages.lesson.cells import anchor, sections
from sftviz.ui.state import Choice

SCHOOL = ":material/school:"


def header(lesson: Lesson, depth: Choice[str]) -> str:
    """One line of ways into the lesson; gives the depth that is chosen."""
    front = lesson.front_matter(language())
    with st.container(horizontal=True, vertical_alignment="center", key="lesson_header"):
        chosen = depth.segmented(
            t("ui.lesson.depth"), lambda name: t(f"ui.lesson.depth_{name}"), label_visibility="collapsed"
        )
        st.caption(t("ui.lesson.minutes", minutes=front.minutes), width="content")
        if chosen == "derive":
            with st.popover(t("ui.lesson.parts"), type="tertiary", icon=":material/toc:"):
                names = [*sections(lesson), t("ui.lesson.ladder")]
                targets = [*map(anchor, range(len(names) - 1)), "ladder"]
                st.markdown("\n".join(f"- [{name}](#{to})" for name, to in zip(names, targets, strict=True)))
        if lesson.notebook.is_file():
            st.download_button(
                t("ui.lesson.notebook"),
                lesson.notebook.read_bytes,
                file_name=lesson.notebook.name,
                mime="application/x-ipynb+json",
                on_click="ignore",
                type="tertiary",
                icon=":material/download:",
                key=f"notebook_{lesson.slug}",
            )
        _to("inspect", t("ui.lesson.own_chat"), ":material/search:", lesson.front_matter().inspect)
    return chosen


def footer(lesson: Lesson) -> None:
    """What one can do now, and the lesson that comes next, with three of the questions it answers."""
    with st.container(border=True, key=f"footer_{lesson.slug}"):
        st.markdown(f"**{t('ui.lesson.now')}**")
        if able := lesson.front_matter(language()).can:
            st.markdown(able)
        if lesson.has_kata:
            title = lesson.kata.title.in_language(language())
            st.markdown(t("ui.lesson.now_write", function=lesson.kata.function, title=title))
        st.markdown(t("ui.lesson.now_answer", count=len(lesson.questions)))
        _to("interview", t("ui.lesson.to_interview"), ":material/quiz:", {"interview_topic": lesson.slug})
        following = next_lesson(lesson)
        if following is None:
            _to("lessons", t("ui.lesson.to_map"), ":material/map:")
            return
        front = following.front_matter(language())
        _to(following.slug, t("ui.lesson.next", number=front.number, title=front.title), SCHOOL)
        for level in LEVELS:
            asked = next((q for q in following.questions if q.level == level), None)
            if asked:
                st.markdown(f"{level} · {asked.question.in_language(language())}")


def _to(page: str, label: str, icon: str, address: dict[str, str] | None = None) -> None:
    spoken = {} if language() == "en" else {"lang": language()}
    st.page_link(st.session_state.pages[page], label=label, icon=icon, query_params=spoken | (address or {}))
