"""A lesson as a page: prose and formulas, code with its notebook's outputs, the lab in place, ladder and kata."""

import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from sftviz.course.content import CourseError, load
from sftviz.course.lesson import Cell, Lesson
from sftviz.course.outputs import outputs_of
from sftviz.course.questions import LEVELS
from sftviz.figures.figure import Figure
from sftviz.figures.palette import GRID, TEXT
from sftviz.ui import warm
from sftviz.ui.components.notes import error_note, notes
from sftviz.ui.components.question import question_card
from sftviz.ui.language import language, named, t
from sftviz.ui.theme import show, theme

PLOTLY = "application/vnd.plotly.v1+json"


def page_of(lesson: Lesson) -> Callable[[], None]:
    """The function that draws this lesson."""

    def page() -> None:
        front = lesson.front_matter(language())
        st.title(front.title)
        if st.query_params.get("only") == "lab":
            _lab(lesson)
            st.page_link(st.session_state.pages[lesson.slug], label=t("ui.lesson.whole"), icon=":material/school:")
            return
        st.markdown(f"*{front.question}*")
        st.caption(t("ui.lesson.minutes_notebook", minutes=front.minutes, notebook=lesson.notebook.name))
        outputs = _outputs(lesson)
        for cell in lesson.cells(language()):
            _cell(lesson, cell, outputs)
        _ladder(lesson)

    page.__name__ = lesson.slug
    return page


def _outputs(lesson: Lesson) -> dict[str, list[Any]]:
    """What the code cells gave; without the notebook none, and a note that says so."""
    try:
        return outputs_of(lesson)
    except CourseError as error:
        notes([error_note(error)], key=f"outputs_{lesson.slug}")
        return {}


def _cell(lesson: Lesson, cell: Cell, outputs: dict[str, list[Any]]) -> None:
    if cell.kind == "markdown":
        st.markdown(cell.source)
    elif cell.kind == "code":
        st.code(cell.source, language="python", wrap_lines=True)
        for place, output in enumerate(outputs.get(cell.id, ())):
            _output(output, f"{cell.id}-{place}")
    elif cell.kind == "lab":
        _lab(lesson)
    elif cell.kind == "ask":
        question = next(q for q in lesson.questions if q.id == cell.source)
        question_card(question, f"{lesson.slug}_{question.id}")
    else:
        _kata(lesson)


def _lab(lesson: Lesson) -> None:
    warm.ready()
    with st.container(border=True, key=f"lab_{lesson.slug}"):
        load(lesson.folder / "lab.py").lab()


def _ladder(lesson: Lesson) -> None:
    st.header(t("ui.lesson.ladder"))
    asked = {cell.source for cell in lesson.cells() if cell.kind == "ask"}
    for level, meaning in LEVELS.items():
        st.subheader(f"{level}: {named('level', level, meaning)}")
        for question in lesson.questions:
            if question.level == level and question.id not in asked:
                question_card(question, f"{lesson.slug}_{question.id}")


def _kata(lesson: Lesson) -> None:
    warm.ready()
    kata = lesson.kata
    with st.container(border=True):
        st.markdown(f"**{kata.title.in_language(language())}**")
        st.markdown(kata.task.in_language(language()))
        st.code(kata.starter.strip(), language="python", wrap_lines=True)
        st.markdown(t("ui.lesson.how_to_check"))
        st.code(f"sftviz kata start {kata.name}\nsftviz kata check {kata.name}", language="bash")
        st.code(f'from sftviz.course import check\n\ncheck("{kata.name}", {kata.function})', language="python")


def _output(output: Any, key: str) -> None:
    data = output.get("data", {})
    if output.output_type == "stream":
        st.code(output.text.rstrip(), language=None)
    elif PLOTLY in data:
        show(_themed(data[PLOTLY]), key)
    elif "text/html" in data:
        st.html(data["text/html"])
    elif "text/plain" in data:
        st.code(data["text/plain"], language=None)


def _themed(figure: dict[str, Any]) -> Figure:
    """The notebook's figure, drawn for the light theme, in the page's ink."""
    text = json.dumps({name: figure[name] for name in ("data", "layout", "frames") if name in figure})
    for colours in (TEXT, GRID):
        text = text.replace(colours["light"], colours[theme()])
    return Figure.of(json.loads(text))
