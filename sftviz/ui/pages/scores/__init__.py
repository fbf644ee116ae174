"""Scores and metrics: a chat's tokens, answers of different lengths, and whole texts, each measured as papers do."""

import streamlit as st

from sftviz.ui.components.questions import chosen_question
from sftviz.ui.lab import titled
from sftviz.ui.language import t
from sftviz.ui.pages.scores import lengths, texts, tokens
from sftviz.ui.state import Choice, table

# What answers each question
QUESTIONS = {"tokens": tokens.tokens, "lengths": lengths.lengths, "texts": texts.texts}
QUESTION = Choice("scores_question", "tokens", tuple(QUESTIONS))
KNOBS = table(QUESTION) | tokens.KNOBS | lengths.KNOBS | texts.KNOBS


def page() -> None:
    titled(t("ui.scores.title"))
    st.write(t("ui.scores.intro"))
    QUESTIONS[chosen_question(QUESTION, lambda name: t(f"ui.scores.question.{name}"))]()
