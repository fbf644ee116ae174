"""Glossary: every term of the course in one line, and the lesson that explains it."""

import streamlit as st

from sftviz.course.glossary import Term, glossary
from sftviz.course.map import course
from sftviz.ui.lab import titled
from sftviz.ui.language import language, t
from sftviz.ui.state import Choice, table

TERM = Choice("term", "", ("", *(term.id for term in glossary())))
KNOBS = table(TERM)


def page() -> None:
    titled(t("ui.glossary.title"))
    st.write(t("ui.glossary.intro"))
    terms = {term.id: term for term in sorted(glossary(), key=lambda one: one.term.in_language(language()).casefold())}
    chosen = TERM.selectbox(
        t("ui.glossary.find"),
        lambda name: terms[name].term.in_language(language()) if name else t("ui.glossary.all"),
        among=["", *terms],
    )
    for term in [terms[chosen]] if chosen else terms.values():
        _row(term)


def _row(term: Term) -> None:
    node = next(node for node in course().nodes if node.slug == term.lesson)
    with st.container(key=f"term_{term.id}"):
        st.markdown(f"**{term.term.in_language(language())}**  \n{term.meaning(language())}")
        told = t("ui.glossary.explained", number=node.number, title=node.worded(language()))
        if node.lesson is None:
            st.caption(f"{told} · {t('ui.lessons.unwritten')}")
            return
        spoken = {} if language() == "en" else {"lang": language()}
        page = st.session_state.pages[node.slug]
        st.page_link(page, label=told, icon=":material/school:", query_params=spoken)
