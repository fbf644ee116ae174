"""Which chat a lab looks at: a sample, or what stands on the Inspect page."""

import streamlit as st

from sftviz import assets
from sftviz.chat.samples import SAMPLES
from sftviz.inspection import Inspection
from sftviz.stored import inspect, whole
from sftviz.ui.language import t, words_of
from sftviz.ui.state import Choice

PASTED = "pasted"


def chat_knob(key: str) -> Choice[str]:
    """The row of such a choice."""
    return Choice(key, next(iter(SAMPLES)), (PASTED, *SAMPLES))


def chosen_chat(knob: Choice[str], *, embedded: bool = False) -> Inspection:
    """The chosen chat inspected with the embedded tokenizer and model; what was pasted, as it was inspected.

    embedded: offer what was pasted only where it has the embedded tokenizer's ids, for a lab that runs that model.
    """
    pasted: Inspection | None = st.session_state.get("seen")
    offered = [PASTED] if pasted is not None and _fits(pasted, embedded) else []
    if offered:
        knob.start(PASTED)
    chosen = knob.selectbox(t("ui.common.chat"), _title, among=[*offered, *SAMPLES])
    if pasted is not None and chosen == PASTED:
        return whole(pasted)
    with st.spinner(t("ui.common.running_model")):
        return sample(chosen)


def _fits(pasted: Inspection, embedded: bool) -> bool:
    return pasted.losses is not None and not (embedded and pasted.rendering.tokenizer.name != assets.TOKENIZER)


def _title(name: str) -> str:
    return t("ui.chat_choice.pasted") if name == PASTED else words_of("sample", SAMPLES[name])


@st.cache_resource(show_spinner=False)
def sample(name: str) -> Inspection:
    """A row of SAMPLES, inspected with the embedded tokenizer and model, once for everybody."""
    return whole(inspect(SAMPLES[name].text))
