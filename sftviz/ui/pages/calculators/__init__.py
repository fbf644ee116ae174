"""Calculators: what a run takes in memory and time, what a step does, and what goes into the batches."""

import streamlit as st

from sftviz.training.architectures import ARCHITECTURES, Architecture
from sftviz.ui.components.questions import chosen_question
from sftviz.ui.lab import titled
from sftviz.ui.language import t, words_of
from sftviz.ui.pages.calculators import data, memory, step, time
from sftviz.ui.state import Choice, table

# What answers each question
QUESTIONS = {
    "memory": memory.SECTIONS,
    "time": time.SECTIONS,
    "step": step.SECTIONS,
    "data": data.SECTIONS,
}
QUESTION = Choice("calculators_question", "memory", tuple(QUESTIONS))
MODEL = Choice("calculators_model", "llama-3.1-8b", tuple(ARCHITECTURES))
KNOBS = table(QUESTION, MODEL) | memory.KNOBS | time.KNOBS | step.KNOBS | data.KNOBS


def page() -> None:
    titled(t("ui.calculators.title"))
    question = chosen_question(QUESTION, lambda name: t(f"ui.calculators.{name}"))
    model = _architecture() if question in ("memory", "time") else None
    for section in QUESTIONS[question]:
        if model:
            section(model)
        else:
            section()
        if section is not QUESTIONS[question][-1]:
            st.divider()


def _architecture() -> Architecture:
    name = MODEL.selectbox(t("ui.common.model"), lambda name: words_of("architecture", ARCHITECTURES[name]))
    return ARCHITECTURES[name]
