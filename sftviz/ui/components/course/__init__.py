"""What a lesson asks of its reader, and what the browser remembers of it: nothing of that is kept on the server."""

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from sftviz.course.glossary import Term, glossary, known_in, linked
from sftviz.course.lesson import Lesson
from sftviz.course.map import course
from sftviz.course.prediction import Option, Prediction, Value
from sftviz.figures.palette import GOOD, SUPERVISED, TARGET
from sftviz.ui.language import language, pattern, t

# The lines also differ by their dashes and by the shape of their stops
ROUTES = {"learner": SUPERVISED, "interview": TARGET, "repair": GOOD}
MAP_WORDS = ("again", "done", "minutes", "next", "title", "unwritten")
HERE = Path(__file__).parent
WORDS = ("commit", "locked", "legend", "up", "down", "choose", "cell", "hit", "added", "missed")


def script(name: str) -> str:
    """A component's script, with the memory that all of them share before it."""
    return "\n".join((HERE / f"{one}.js").read_text(encoding="utf-8") for one in ("store", name))


_predict = component(
    "sftviz_predict",
    html='<div class="predict"></div>',
    css=(HERE / "predict.css").read_text(encoding="utf-8"),
    js=script("predict"),
)
_map = component(
    "sftviz_course_map",
    html='<div class="course"></div>',
    css=(HERE / "map.css").read_text(encoding="utf-8"),
    js=script("map"),
)
_terms = component("sftviz_terms", html="<span></span>", js=script("terms"))
_looked = component("sftviz_looked", html="<span></span>", js=script("looked"))


def said_of(slug: str, asked: Prediction) -> Value | None:
    """What this reader has committed to in a lesson."""
    said = st.session_state.get(f"said_{slug}")
    return said if asked.takes(said) else None


def predict(slug: str, asked: Prediction) -> None:
    """A lesson's prediction: the form, locked once it is committed. The browser keeps it, and brings it back."""
    key = f"predict_{slug}"

    def keep() -> None:
        st.session_state[f"said_{slug}"] = st.session_state[key].said

    with st.container(border=True, key=f"prediction_{slug}"):
        st.header(t("ui.lesson.predict"), anchor="prediction")
        st.markdown(asked.question.in_language(language()))
        _predict(key=key, data=_handed(slug, asked), default={"said": None}, on_said_change=keep)


def _handed(slug: str, asked: Prediction) -> dict[str, Any]:
    said = said_of(slug, asked)
    data: dict[str, Any] = {
        "slug": slug,
        "kind": asked.kind,
        "label": asked.question.in_language(language()),
        "said": said,
        "words": {word: pattern(f"ui.predict.{word}") for word in WORDS},
        "options": _options(asked.options),
        "to": _options(asked.to),
        "unit": asked.unit.in_language(language()) if asked.unit else "",
        "scale": asked.scale.model_dump() if asked.scale else None,
    }
    if asked.tokens:
        right = None if said is None else asked.answer.value
        data |= {"texts": asked.tokens.texts, "grid": asked.tokens.grid, "right": right}
    return data


def course_map() -> str | None:
    """The map of the course, with what this browser remembers as done; gives the lesson that was clicked."""

    def forget() -> None:
        for key in [key for key in st.session_state if str(key).startswith("said_")]:
            del st.session_state[key]

    address = "" if language() == "en" else f"?lang={language()}"
    routes = [
        {
            "name": route.name,
            "title": route.title.in_language(language()),
            "says": route.says.in_language(language()),
            "dash": route.dash,
            "colour": ROUTES[route.name],
            "order": route.order,
        }
        for route in course().routes
    ]
    nodes = [
        {
            "slug": node.slug,
            "number": node.number,
            "title": node.worded(language()),
            "place": node.place,
            "requires": node.builds_on(),
            "minutes": node.lesson.front_matter().minutes if node.lesson else None,
            "href": f"{node.slug}{address}" if node.lesson else None,
        }
        for node in sorted(course().nodes, key=lambda node: node.number)
    ]
    data = {"nodes": nodes, "routes": routes, "words": {word: pattern(f"ui.lessons.{word}") for word in MAP_WORDS}}
    return _map(key="course_map", data=data, on_open_change=lambda: None, on_forgot_change=forget).open


def _options(options: list[Option]) -> list[dict[str, str]]:
    return [{"id": one.id, "says": one.says.in_language(language())} for one in options]


def terms_of(lesson: Lesson) -> dict[str, Term]:
    """The terms that a lesson's prose may use, by id."""
    return {term.id: term for term in known_in(lesson)}


def with_terms(markdown: str, terms: dict[str, Term]) -> str:
    """Prose whose terms lead to the glossary, each where it is first used; see `say_terms`."""
    spoken = "" if language() == "en" else f"&lang={language()}"
    return linked(markdown, language(), terms, lambda term: f"glossary?term={term.id}{spoken}")


def say_terms() -> None:
    """Once a page that has terms in its prose: pointed at or focused, a term says what it means."""
    said = language()
    told = {term.id: {"term": term.term.in_language(said), "says": term.meaning(said)} for term in glossary()}
    _terms(key="terms", data={"terms": told}, height=1)


def note_what_is_looked_at(slug: str) -> None:
    """Once a lesson's page, below it: the browser remembers that the ladder or the kata was on the screen."""
    places = [f".st-key-ladder_{slug}", f".st-key-kata_{slug}"]
    data = {"slug": slug, "page": f".st-key-lesson_{slug}", "places": places}
    _looked(key=f"looked_{slug}", data=data, height=1)
