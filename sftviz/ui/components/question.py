"""A question card: the question first; on demand the answer, wrong answers, the number, and the lab that shows it."""

import streamlit as st

from sftviz.course.lesson import all_lessons
from sftviz.course.questions import Question, Show
from sftviz.ui.language import language, t


def question_card(question: Question, key: str) -> bool:
    """Draw one card; gives whether its answer is shown. Its words are the project's own: Markdown and formulas."""
    with st.container(border=True, key=f"card_{key}"):
        st.markdown(f"**{question.question.in_language(language())}**")
        if not st.toggle(t("ui.question.answer"), key=f"answer_{key}"):
            return False
        answer(question)
        return True


def answer(question: Question) -> None:
    """The answer, what people get wrong, the number, and where it is to be seen."""
    said = language()
    st.markdown(question.answer.in_language(said))
    for wrong in question.wrong:
        st.markdown(f"✗ *{wrong.claim.in_language(said)}*  \n{wrong.why.in_language(said)}")
    if question.proof:
        st.markdown(f"**{question.proof.compute():.6g}** · {question.proof.says.in_language(said)}")
        with st.expander(t("ui.question.proof")):
            st.code(question.proof.code.strip(), language="python")
    show_me(question.show)


def show_me(show: Show | None) -> None:
    """The link to the page and the state in which the answer is to be seen."""
    pages = st.session_state.get("pages", {})
    if show and show.page in pages:
        state = {name: str(value) for name, value in show.state.items()}
        if show.page in {lesson.slug for lesson in all_lessons()}:
            state["only"] = "lab"
        if language() != "en":
            state["lang"] = language()
        st.page_link(pages[show.page], label=t("ui.question.show_me"), icon="👉", query_params=state)
