"""Calculators: what a run takes in memory and time, what a step does, and what goes into the batches."""

import streamlit as st

from sftviz.training.architectures import ARCHITECTURES, Architecture
from sftviz.ui.components.linked import linked_choice
from sftviz.ui.language import t
from sftviz.ui.pages.calculators import data, memory, step, time

# name -> the question, and what answers it
QUESTIONS = {
    "memory": ("How much memory?", memory.SECTIONS),
    "time": ("How long?", time.SECTIONS),
    "step": ("What does a step look like?", step.SECTIONS),
    "data": ("What goes in?", data.SECTIONS),
}


def page() -> None:
    st.title(t("What does a run take?"))
    choice, picked = st.columns([5, 2], gap="large", vertical_alignment="bottom")
    with choice:
        question = st.segmented_control(
            t("Question"),
            list(QUESTIONS),
            default=linked_choice("calculators_question", list(QUESTIONS), "memory"),
            format_func=lambda name: t(QUESTIONS[name][0]),
            key="calculators_question",
            required=True,
            label_visibility="collapsed",
        )
    with picked:
        model = _architecture() if question in ("memory", "time") else None
    for section in QUESTIONS[question][1]:
        if model:
            section(model)
        else:
            section()
        if section is not QUESTIONS[question][1][-1]:
            st.divider()


def _architecture() -> Architecture:
    names = list(ARCHITECTURES)
    name = st.selectbox(
        t("Model"),
        names,
        index=names.index(linked_choice("calculators_model", names, "llama-3.1-8b")),
        format_func=lambda name: t(ARCHITECTURES[name].title),
        key="calculators_model",
    )
    return ARCHITECTURES[name]
