"""A lesson as a page, in three depths: what there is to see; the whole of it; only what an interview asks."""

from collections.abc import Callable

import streamlit as st

from sftviz.course.lesson import Lesson
from sftviz.ui.components.course import note_what_is_looked_at, predict, say_terms, terms_of, with_terms
from sftviz.ui.lab import titled
from sftviz.ui.language import language, t
from sftviz.ui.pages.lesson.cells import Reader, kata, lab, ladder, settled
from sftviz.ui.pages.lesson.frame import footer, header
from sftviz.ui.state import Choice, table

DEPTH: Choice[str] = Choice("depth", "derive", ("see", "derive", "interview"))
KNOBS = table(DEPTH)


def page_of(lesson: Lesson) -> Callable[[], None]:
    """The function that draws this lesson."""

    def page() -> None:
        front = lesson.front_matter(language())
        titled(front.title)
        if st.query_params.get("only") == "lab":
            lab(lesson)
            st.page_link(st.session_state.pages[lesson.slug], label=t("ui.lesson.whole"), icon=":material/school:")
            return
        say_terms()
        with st.container(key=f"lesson_{lesson.slug}"):
            st.markdown(f"*{front.question}*")
            depth = header(lesson, DEPTH)
            DRAWN[depth](lesson)
            footer(lesson)
        note_what_is_looked_at(lesson.slug)

    page.__name__ = lesson.slug
    return page


def _see(lesson: Lesson) -> None:
    """Commit, try, and read the lesson in three sentences."""
    if lesson.prediction:
        predict(lesson.slug, lesson.prediction)
    lab(lesson)
    st.markdown(with_terms(lesson.front_matter(language()).see, terms_of(lesson)))
    settled(lesson)


def _derive(lesson: Lesson) -> None:
    reader = Reader(lesson)
    for cell in lesson.cells(language()):
        reader.cell(cell)
    ladder(lesson)


def _interview(lesson: Lesson) -> None:
    ladder(lesson)
    if lesson.has_kata:
        kata(lesson)


DRAWN: dict[str, Callable[[Lesson], None]] = {"see": _see, "derive": _derive, "interview": _interview}
