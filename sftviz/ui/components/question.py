"""A question card: the question first; on demand the answer, wrong answers, the number, and the lab that shows it."""

import streamlit as st

from sftviz.course.lesson import all_lessons
from sftviz.course.questions import Question
from sftviz.ui.language import language, t


def question_card(question: Question, key: str) -> None:
    """Draw one card. Its words are the project's own: Markdown and formulas."""
    said = language()
    with st.container(border=True, key=f"card_{key}"):
        st.markdown(f"**{question.question.in_language(said)}**")
        if not st.toggle(t("ui.question.answer"), key=f"answer_{key}"):
            return
        st.markdown(question.answer.in_language(said))
        for wrong in question.wrong:
            st.markdown(f"✗ *{wrong.claim.in_language(said)}*  \n{wrong.why.in_language(said)}")
        _proof(question, key)


def _proof(question: Question, key: str) -> None:
    if question.proof:
        st.markdown(f"**{question.proof.compute():.6g}** · {question.proof.says.in_language(language())}")
        with st.expander(t("ui.question.proof")):
            st.code(question.proof.code.strip(), language="python")
    pages = st.session_state.get("pages", {})
    if question.show and question.show.page in pages:
        state = {name: str(value) for name, value in question.show.state.items()}
        if question.show.page in {lesson.slug for lesson in all_lessons()}:
            state["only"] = "lab"
        if language() != "en":
            state["lang"] = language()
        st.page_link(pages[question.show.page], label=t("ui.question.show_me"), icon="👉", query_params=state)
