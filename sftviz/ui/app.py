"""The app: page settings and navigation. Inspect comes first, then the labs, then every lesson found."""

import gc
import threading

import streamlit as st

from sftviz.course.lesson import all_lessons
from sftviz.ui.language import choose_language, language, t
from sftviz.ui.pages import (
    attention,
    calculators,
    flow,
    gradients,
    information,
    inspect,
    interview,
    label_smoothing,
    lesson,
    normalization,
    objectives,
    scores,
    stability,
)
from sftviz.ui.piece import piece
from sftviz.ui.theme import dress

_frozen = threading.Lock()

# address, icon, page; the title is the sentence ui.lab.<address>
LABS = (
    ("gradients", "📉", gradients.page),
    ("label_smoothing", "🧈", label_smoothing.page),
    ("normalization", "⚖️", normalization.page),
    ("gradient_flow", "🌊", flow.page),
    ("attention", "🕸️", attention.page),
    ("information", "🎲", information.page),
    ("numerical_stability", "🧮", stability.page),
    ("objectives", "❓", objectives.page),
    ("scores", "🎯", scores.page),
    ("calculators", "📐", calculators.page),
)


def main() -> None:
    st.set_page_config(page_title="sftviz", page_icon="🔎", layout="wide")
    dress()
    choose_language()
    sections = {
        "": [st.Page(inspect.page, title=t("ui.app.inspect"), icon="🔎", url_path="inspect", default=True)],
        t("ui.app.labs"): [
            st.Page(page, title=t(f"ui.lab.{address}"), icon=icon, url_path=address) for address, icon, page in LABS
        ],
        t("ui.app.lessons"): [
            *_lessons(),
            st.Page(interview.page, title=t("ui.common.interview"), icon="🎤", url_path="interview"),
        ],
    }
    st.session_state.pages = {page.url_path or "inspect": page for section in sections.values() for page in section}
    chosen = st.navigation(sections, expanded=True)
    with piece(chosen.url_path or "inspect"):
        chosen.run()
    _freeze_once()


def _lessons() -> list:
    return [
        st.Page(
            lesson.page_of(one),
            title=f"{one.number}. {one.front_matter(language()).title}",
            icon="📖",
            url_path=one.slug,
        )
        for one in all_lessons()
    ]


def _freeze_once() -> None:
    # Streamlit collects garbage after every run; with torch loaded each pass walks 10^6 objects. Freeze them, once.
    if _frozen.acquire(blocking=False):
        gc.collect()
        gc.freeze()


if __name__ == "__main__":
    main()
