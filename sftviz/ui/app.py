"""The app: page settings and navigation, by what one comes for: one's own data, understanding, practice, a plan."""

import gc
import threading
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from sftviz.course.lesson import Lesson, all_lessons
from sftviz.ui import warm
from sftviz.ui.components.narrow import close_where_narrow
from sftviz.ui.language import choose_language, language, t
from sftviz.ui.piece import piece
from sftviz.ui.theme import dress
from sftviz.ui.turn import turn

_frozen = threading.Lock()


class Lab(NamedTuple):
    """A row of LABS: the title is the sentence ui.lab.<address>, the page `page` of a module of sftviz.ui.pages.

    A lesson's front matter lists the labs it explains; those that no lesson lists come after the lessons.
    """

    address: str
    icon: str
    module: str

    def loaded(self) -> ModuleType:
        return import_module(f"sftviz.ui.pages.{self.module}")


LABS = (
    Lab("gradients", ":material/trending_down:", "gradients"),
    Lab("label_smoothing", ":material/blur_on:", "label_smoothing"),
    Lab("normalization", ":material/balance:", "normalization"),
    Lab("gradient_flow", ":material/account_tree:", "flow"),
    Lab("attention", ":material/grid_on:", "attention"),
    Lab("information", ":material/casino:", "information"),
    Lab("numerical_stability", ":material/calculate:", "stability"),
    Lab("objectives", ":material/category:", "objectives"),
    Lab("scores", ":material/scoreboard:", "scores"),
    Lab("calculators", ":material/memory:", "calculators"),
)
PLANS = ("calculators",)  # no lesson's, and not there to understand something
LESSON, UNDER = ":material/school:", ":material/subdirectory_arrow_right:"


def main() -> None:
    with turn():
        _run()
    _freeze_once()
    warm.start_soon()


def _run() -> None:
    st.set_page_config(page_title="sftviz", page_icon=":mag_right:", layout="wide")
    dress()
    choose_language()
    sections = {t(f"ui.app.{name}"): pages for name, pages in _sections().items()}
    st.session_state.pages = {page.url_path or "inspect": page for section in sections.values() for page in section}
    chosen = st.navigation(sections, expanded=True)
    close_where_narrow()
    with piece(chosen.url_path or "inspect"):
        chosen.run()


def _sections() -> dict[str, list[StreamlitPage]]:
    labs = {lab.address: lab for lab in LABS}
    understand = [_page("lessons", t("ui.lessons.title"), ":material/map:", _light("lessons"))]
    for lesson in all_lessons():
        understand.append(_lesson(lesson))
        understand += [_lab(labs.pop(address), lesson) for address in lesson.front_matter().labs]
    plans = [_lab(labs.pop(address)) for address in PLANS]
    return {
        "data": [_page("inspect", t("ui.app.inspect"), ":material/search:", _light("inspect"), default=True)],
        "understand": [*understand, *map(_lab, labs.values()), _glossary()],
        "practise": [_page("interview", t("ui.common.interview"), ":material/quiz:", _light("interview"))],
        "plan": plans,
    }


def _page(address: str, title: str, icon: str, draw: Callable[[], None], default: bool = False) -> StreamlitPage:
    return st.Page(draw, title=title, icon=icon, url_path=address, default=default)


def _lab(lab: Lab, explained_by: Lesson | None = None) -> StreamlitPage:
    def page() -> None:
        if explained_by is not None:
            front = explained_by.front_matter(language())
            label = t("ui.app.explained", number=front.number, title=front.title)
            st.page_link(st.session_state.pages[explained_by.slug], label=label, icon=LESSON)
        if not warm.is_ready():
            with st.spinner(t("ui.app.opening")):
                warm.ready()
        lab.loaded().page()

    return _page(lab.address, t(f"ui.lab.{lab.address}"), UNDER if explained_by else lab.icon, page)


def _glossary() -> StreamlitPage:
    return _page("glossary", t("ui.glossary.title"), ":material/dictionary:", _light("glossary"))


def _lesson(lesson: Lesson) -> StreamlitPage:
    def page() -> None:
        from sftviz.ui.pages.lesson import page_of

        page_of(lesson)()

    front = lesson.front_matter(language())
    return _page(lesson.slug, f"{front.number}. {front.short or front.title}", LESSON, page)


def _light(module: str) -> Callable[[], None]:
    """The page of a module that is imported when it is opened, and may do without torch."""

    def page() -> None:
        import_module(f"sftviz.ui.pages.{module}").page()

    return page


def _freeze_once() -> None:
    # Streamlit collects garbage after every run; with torch loaded each pass walks 10^6 objects. Freeze them, once.
    if _frozen.acquire(blocking=False):
        gc.collect()
        gc.freeze()
