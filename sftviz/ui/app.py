"""The app: page settings and navigation. Inspect comes first, then the labs, then every lesson found."""

import gc
import threading

import streamlit as st

from lessons.lesson import all_lessons
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

_frozen = threading.Lock()

# address, title, icon, page
LABS = (
    ("gradients", "Gradients", "📉", gradients.page),
    ("label_smoothing", "Label smoothing", "🧈", label_smoothing.page),
    ("normalization", "Normalisation", "⚖️", normalization.page),
    ("gradient_flow", "Where gradients go", "🌊", flow.page),
    ("attention", "Attention masks", "🕸️", attention.page),
    ("information", "Information", "🎲", information.page),
    ("numerical_stability", "Numerical stability", "🧮", stability.page),
    ("objectives", "Objectives", "❓", objectives.page),
    ("scores", "Scores and metrics", "🎯", scores.page),
    ("calculators", "Calculators", "📐", calculators.page),
)


def main() -> None:
    st.set_page_config(page_title="sftviz", page_icon="🔎", layout="wide")
    choose_language()
    sections = {
        "": [st.Page(inspect.page, title=t("Inspect"), icon="🔎", url_path="inspect", default=True)],
        t("Labs"): [st.Page(page, title=t(title), icon=icon, url_path=address) for address, title, icon, page in LABS],
        t("Lessons"): [*_lessons(), st.Page(interview.page, title=t("Interview"), icon="🎤", url_path="interview")],
    }
    st.session_state.pages = {page.url_path or "inspect": page for section in sections.values() for page in section}
    st.navigation(sections, expanded=True).run()
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
