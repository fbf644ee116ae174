"""Which chat a lab looks at: a sample, or what stands on the Inspect page."""

import streamlit as st

from sftviz.chat.samples import SAMPLES
from sftviz.inspection import Inspection, inspect

PASTED = "pasted"


def chosen_chat(key: str) -> Inspection:
    """The chosen chat inspected with the embedded tokenizer and model; what was pasted, as it was inspected."""
    pasted = st.session_state.get("seen")
    offered = [PASTED] if pasted is not None and pasted.losses is not None else []
    chosen = st.selectbox("Chat", [*offered, *SAMPLES], format_func=_title, key=key)
    return pasted if pasted is not None and chosen == PASTED else sample(chosen)


def _title(name: str) -> str:
    return "The one on the Inspect page" if name == PASTED else SAMPLES[name].title


@st.cache_resource(show_spinner="Running the model …")
def sample(name: str) -> Inspection:
    """A row of SAMPLES, inspected with the embedded tokenizer and model, once for everybody."""
    return inspect(SAMPLES[name].text)
