"""Calculators: what a run takes in memory and time, what a step does, and what goes into the batches."""

import streamlit as st

from sftviz.training.architectures import ARCHITECTURES, Architecture
from sftviz.ui.components.linked import linked_choice
from sftviz.ui.language import t, words_of
from sftviz.ui.pages.calculators import data, memory, step, time

# What answers each question
QUESTIONS = {
    "memory": memory.SECTIONS,
    "time": time.SECTIONS,
    "step": step.SECTIONS,
    "data": data.SECTIONS,
}


def page() -> None:
    st.title(t("ui.calculators.title"))
    choice, picked = st.columns([5, 2], gap="large", vertical_alignment="bottom")
    with choice:
        question = st.segmented_control(
            t("ui.common.question"),
            list(QUESTIONS),
            default=linked_choice("calculators_question", list(QUESTIONS), "memory"),
            format_func=lambda name: t(f"ui.calculators.{name}"),
            key="calculators_question",
            required=True,
            label_visibility="collapsed",
        )
    with picked:
        model = _architecture() if question in ("memory", "time") else None
    for section in QUESTIONS[question]:
        if model:
            section(model)
        else:
            section()
        if section is not QUESTIONS[question][-1]:
            st.divider()


def _architecture() -> Architecture:
    names = list(ARCHITECTURES)
    name = st.selectbox(
        t("ui.common.model"),
        names,
        index=names.index(linked_choice("calculators_model", names, "llama-3.1-8b")),
        format_func=lambda name: words_of("architecture", ARCHITECTURES[name]),
        key="calculators_model",
    )
    return ARCHITECTURES[name]
