"""A lesson's cells on its page: prose, folded code and what it gave, explorable, prediction, ladder, kata."""

import json
import re
from contextlib import nullcontext
from typing import Any

import streamlit as st

from sftviz.course.content import CourseError, load
from sftviz.course.formulas import Formula, check_formula, formulas_of
from sftviz.course.lesson import Cell, Lesson
from sftviz.course.listing import claims, is_for_notebook, last_line, without_claims
from sftviz.course.outputs import outputs_of
from sftviz.course.questions import LEVELS
from sftviz.figures.figure import Figure
from sftviz.figures.palette import GRID, TEXT
from sftviz.ui import warm
from sftviz.ui.components.course import predict, said_of, terms_of, with_terms
from sftviz.ui.components.notes import error_note, notes
from sftviz.ui.components.question import question_card
from sftviz.ui.language import language, named, t
from sftviz.ui.piece import fragment
from sftviz.ui.theme import show, theme

PLOTLY = "application/vnd.plotly.v1+json"
SECTION = re.compile(r"^## (.+)$", re.M)


def sections(lesson: Lesson) -> list[str]:
    """The lesson's headings in order; the n-th has the anchor `anchor(n)`."""
    prose = [cell.source for cell in lesson.cells(language()) if cell.kind == "markdown"]
    return [match[1] for source in prose for match in SECTION.finditer(source)]


def anchor(number: int) -> str:
    return f"part-{number}"


class Reader:
    """Draws a lesson cell by cell, and counts the sections."""

    def __init__(self, lesson: Lesson):
        self.lesson, self.outputs, self.section = lesson, _outputs(lesson), 0
        self.terms = terms_of(lesson)  # those that no link leads from yet

    def cell(self, cell: Cell) -> None:
        drawn = {
            "markdown": lambda: self._prose(cell.source),
            "code": lambda: self._code(cell),
            "lab": lambda: lab(self.lesson),
            "predict": lambda: self._predict(),
            "proved": lambda: settled(self.lesson),
            "ask": lambda: self._ask(cell.source),
            "kata": lambda: kata(self.lesson),
        }
        drawn[cell.kind]()

    def _prose(self, source: str) -> None:
        for place, part in enumerate(SECTION.split(source)):
            if place % 2:
                st.header(part, anchor=anchor(self.section))
                self.section += 1
            elif part.strip():
                st.markdown(with_terms(part, self.terms))

    def _code(self, cell: Cell) -> None:
        """The line it comes to, what it gave, and what it proves; the whole of it behind one click."""
        with st.container(key=f"code_{cell.id}"):
            folded = st.expander(f"`` {last_line(cell.source)} ``", type="compact")
            with folded:
                st.code(without_claims(cell.source), language="python", wrap_lines=True)
            with folded if is_for_notebook(cell.source) else nullcontext():
                for place, output in enumerate(self.outputs.get(cell.id, ())):
                    _output(output, f"{cell.id}-{place}")
            _proved(cell.source)

    def _predict(self) -> None:
        if self.lesson.prediction:
            predict(self.lesson.slug, self.lesson.prediction)

    def _ask(self, name: str) -> None:
        question = next(q for q in self.lesson.questions if q.id == name)
        question_card(question, f"{self.lesson.slug}_{question.id}")


def _proved(source: str) -> None:
    """Green, and with a mark: what the cell's assertions say, in words."""
    for claim in claims(source):
        st.markdown(f":green[✓ {t('ui.lesson.proved', claim=claim)}]")


def settled(lesson: Lesson) -> None:
    """What the reader said and what it is, where the lesson proves it, with the usual answers."""
    asked, spoken = lesson.prediction, language()
    if asked is None:
        return
    said = said_of(lesson.slug, asked)
    with st.container(border=True, key=f"settled_{lesson.slug}"):
        if said is None:
            st.markdown(t("ui.lesson.not_predicted"))
            with st.expander(t("ui.lesson.its_answer"), type="compact"):
                st.markdown(f"**{asked.answer_in_words(spoken)}**")
            return
        st.markdown(f"{'✓' if asked.is_right(said) else '✗'} {asked.verdict(said, spoken)}")
        if why := asked.why(said):
            st.markdown(why.in_language(spoken))
        others = [one for one in asked.usual if one.why != why]
        if others:
            with st.expander(t("ui.lesson.others_say"), type="compact"):
                for one in others:
                    st.markdown(f"*{asked.worded(one.answer, spoken)}*: {one.why.in_language(spoken)}")


def lab(lesson: Lesson) -> None:
    warm.ready()
    with st.container(border=True, key=f"lab_{lesson.slug}"):
        load(lesson.folder / "lab.py").lab()


def ladder(lesson: Lesson) -> None:
    with st.container(key=f"ladder_{lesson.slug}"):
        st.header(t("ui.lesson.ladder"), anchor="ladder")
        asked = {cell.source for cell in lesson.cells() if cell.kind == "ask"}
        for level, meaning in LEVELS.items():
            st.subheader(f"{level}: {named('level', level, meaning)}")
            for question in lesson.questions:
                if question.level == level and question.id not in asked:
                    question_card(question, f"{lesson.slug}_{question.id}")


def kata(lesson: Lesson) -> None:
    warm.ready()
    written = lesson.kata
    with st.container(border=True, key=f"kata_{lesson.slug}"):
        st.markdown(f"**{written.title.in_language(language())}**")
        st.markdown(written.task.in_language(language()))
        st.code(written.starter.strip(), language="python", wrap_lines=True)
        st.markdown(t("ui.lesson.how_to_check"))
        st.code(f"sftviz kata start {written.name}\nsftviz kata watch {written.name}", language="bash")
        st.code(f'from sftviz.course import check\n\ncheck("{written.name}", {written.function})', language="python")
        for formula in formulas_of(lesson.slug):
            _derive(formula)


@fragment
def _derive(formula: Formula) -> None:
    """A formula to type: what is said of it quotes it, and so is shown as text."""
    st.markdown(f"**{t('ui.lesson.derive')}** {formula.asks.in_language(language())}")
    given = st.text_input(t("ui.lesson.formula"), key=f"formula_{formula.name}", placeholder="p - …")
    if given:
        st.text(check_formula(formula.name, given).text(language()))


def _outputs(lesson: Lesson) -> dict[str, list[Any]]:
    """What the code cells gave; without the notebook none, and a note that says so."""
    try:
        return outputs_of(lesson)
    except CourseError as error:
        notes([error_note(error)], key=f"outputs_{lesson.slug}")
        return {}


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
