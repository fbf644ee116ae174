"""Interview: every lesson's questions as flash cards; what is known is kept in a file the reader takes along."""

from typing import Literal, get_args

import streamlit as st
from pydantic import BaseModel, ValidationError

from lessons.lesson import Lesson, all_lessons
from lessons.questions import LEVELS, Question
from sftviz.ui.components.question import question_card
from sftviz.ui.language import language, t

Format = Literal["sftviz interview progress, version 1"]
MARKS = {"new": "not yet", "again": "again", "known": "known"}
LARGEST = 1_000_000


class Progress(BaseModel):
    """The file a reader takes along: a mark of MARKS for "lesson/question"."""

    format: Format
    progress: dict[str, str]


def page() -> None:
    st.title(t("Interview"))
    st.write(
        t(
            "Say your answer aloud, then look. Every answer comes with what people get wrong, the number that proves "
            "it, and the lab that shows it."
        )
    )
    st.session_state.setdefault("progress", {})
    chosen = _filtered()
    _progress()
    if not chosen:
        st.info(t("No question is left under this choice."))
    for lesson, question in chosen:
        _card(lesson, question)


def _filtered() -> list[tuple[Lesson, Question]]:
    lessons = {lesson.slug: lesson for lesson in all_lessons()}
    left, middle, right = st.columns(3, gap="large")
    with left:
        topic = st.selectbox(
            t("Topic"),
            ["", *lessons],
            format_func=lambda slug: lessons[slug].front_matter(language()).title if slug else t("All topics"),
            key="interview_topic",
        )
    with middle:
        level = st.selectbox(
            t("Level"),
            ["", *LEVELS],
            format_func=lambda name: f"{name}: {t(LEVELS[name])}" if name else t("All levels"),
            key="interview_level",
        )
    with right:
        mark = st.selectbox(
            t("Marked"),
            ["", *MARKS],
            format_func=lambda name: t(MARKS[name]) if name else t("All"),
            key="interview_mark",
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
    st.caption(f"{lesson.front_matter(language()).title} · {question.level} · {t(MARKS[mark])}")
    question_card(question, f"interview_{name}")
    with st.container(horizontal=True):
        st.button(t("I knew it"), key=f"known_{name}", on_click=_set, args=(name, "known"), icon="✅")
        st.button(t("Ask me again"), key=f"again_{name}", on_click=_set, args=(name, "again"), icon="🔁")


def _set(name: str, mark: str) -> None:
    st.session_state.progress[name] = mark


def _progress() -> None:
    progress = st.session_state.progress
    total = sum(len(lesson.questions) for lesson in all_lessons())
    known = sum(mark == "known" for mark in progress.values())
    st.progress(known / max(total, 1), t("{known} of {total} known").format(known=known, total=total))
    with st.expander(t("Take your progress along")):
        st.download_button(
            t("Download"),
            Progress(format=get_args(Format)[0], progress=progress).model_dump_json(indent=1),
            file_name="sftviz-progress.json",
            mime="application/json",
        )
        uploaded = st.file_uploader(t("Load"), type="json", key="progress_file")
        if uploaded is not None and st.session_state.get("progress_loaded") != uploaded.file_id:
            st.session_state.progress_loaded = uploaded.file_id
            _load(uploaded.getvalue())


def _load(content: bytes) -> None:
    """Take over what a file says of questions that exist; say what was wrong with it otherwise."""
    try:
        read = Progress.model_validate_json(content[:LARGEST])
    except ValidationError:
        st.error(t("This file is not a progress file of sftviz; nothing was changed."))
        return
    names = {_name(lesson, question) for lesson in all_lessons() for question in lesson.questions}
    taken = {name: mark for name, mark in read.progress.items() if name in names and mark in MARKS}
    st.session_state.progress |= taken
    st.success(t("{count} marks loaded.").format(count=len(taken)))
