"""Interview: every lesson's questions as flash cards; what is known is kept in a file the reader takes along."""

from typing import Literal, get_args

import streamlit as st
from pydantic import BaseModel, ValidationError

from sftviz.course.lesson import Lesson, all_lessons
from sftviz.course.questions import LEVELS, Question
from sftviz.ui.components.question import question_card
from sftviz.ui.lab import titled
from sftviz.ui.language import language, named, t
from sftviz.ui.state import Choice, table

Format = Literal["sftviz interview progress, version 1"]
MARKS = ("new", "again", "known")
LARGEST = 1_000_000
TOPIC = Choice("interview_topic", "", ("", *(lesson.slug for lesson in all_lessons())))
LEVEL = Choice("interview_level", "", ("", *LEVELS))
MARK = Choice("interview_mark", "", ("", *MARKS))
KNOBS = table(TOPIC, LEVEL, MARK)


class Progress(BaseModel):
    """The file a reader takes along: a mark of MARKS for "lesson/question"."""

    format: Format
    progress: dict[str, str]


def page() -> None:
    titled(t("ui.common.interview"))
    st.write(t("ui.interview.intro"))
    st.session_state.setdefault("progress", {})
    chosen = _filtered()
    _progress()
    if not chosen:
        st.info(t("ui.interview.nothing_left"))
    for lesson, question in chosen:
        _card(lesson, question)


def _filtered() -> list[tuple[Lesson, Question]]:
    lessons = {lesson.slug: lesson for lesson in all_lessons()}
    left, middle, right = st.columns(3, gap="large")
    with left:
        topic = TOPIC.selectbox(
            t("ui.interview.topic"),
            lambda slug: lessons[slug].front_matter(language()).title if slug else t("ui.interview.all_topics"),
        )
    with middle:
        level = LEVEL.selectbox(
            t("ui.interview.level"),
            lambda name: f"{name}: {named('level', name, LEVELS[name])}" if name else t("ui.interview.all_levels"),
        )
    with right:
        mark = MARK.selectbox(
            t("ui.interview.marked"),
            lambda name: t(f"ui.interview.mark_{name}") if name else t("ui.interview.all"),
        )
    return [
        (lesson, question)
        for lesson in lessons.values()
        for question in lesson.questions
        if topic in ("", lesson.slug) and level in ("", question.level) and mark in ("", _mark(lesson, question))
    ]


def _name(lesson: Lesson, question: Question) -> str:
    return f"{lesson.slug}/{question.id}"


def _mark(lesson: Lesson, question: Question) -> str:
    return st.session_state.progress.get(_name(lesson, question), "new")


def _card(lesson: Lesson, question: Question) -> None:
    name = _name(lesson, question)
    mark = _mark(lesson, question)
    st.caption(f"{lesson.front_matter(language()).title} · {question.level} · {t(f'ui.interview.mark_{mark}')}")
    question_card(question, f"interview_{name}")
    with st.container(horizontal=True):
        st.button(t("ui.interview.i_knew"), key=f"known_{name}", on_click=_set, args=(name, "known"), icon="✅")
        st.button(t("ui.interview.ask_again"), key=f"again_{name}", on_click=_set, args=(name, "again"), icon="🔁")


def _set(name: str, mark: str) -> None:
    st.session_state.progress[name] = mark


def _progress() -> None:
    progress = st.session_state.progress
    total = sum(len(lesson.questions) for lesson in all_lessons())
    known = sum(mark == "known" for mark in progress.values())
    st.progress(known / max(total, 1), t("ui.interview.known_of", known=known, total=total))
    with st.expander(t("ui.interview.progress")):
        st.download_button(
            t("ui.interview.download"),
            Progress(format=get_args(Format)[0], progress=progress).model_dump_json(indent=1),
            file_name="sftviz-progress.json",
            mime="application/json",
        )
        uploaded = st.file_uploader(t("ui.interview.load"), type="json", key="progress_file")
        if uploaded is not None and st.session_state.get("progress_loaded") != uploaded.file_id:
            st.session_state.progress_loaded = uploaded.file_id
            _load(uploaded.getvalue())


def _load(content: bytes) -> None:
    """Take over what a file says of questions that exist; say what was wrong with it otherwise."""
    try:
        read = Progress.model_validate_json(content[:LARGEST])
    except ValidationError:
        st.error(t("ui.interview.foreign_file"))
        return
    names = {_name(lesson, question) for lesson in all_lessons() for question in lesson.questions}
    taken = {name: mark for name, mark in read.progress.items() if name in names and mark in MARKS}
    st.session_state.progress |= taken
    st.success(t("ui.interview.marks_loaded", count=len(taken)))
