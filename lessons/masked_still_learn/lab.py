"""Scissors: cut the row, and see whose embedding still gets a gradient; then one token's two rows."""

import streamlit as st

from sftviz.chat.samples import SAMPLES
from sftviz.inspection import Inspection
from sftviz.inspection import inspect as inspected
from sftviz.model import load_model
from sftviz.model.cuts import Cuts, every_cut
from sftviz.model.flow import output_gradient
from sftviz.ui.components.facts import facts
from sftviz.ui.components.scissors import scissors
from sftviz.ui.language import t
from sftviz.ui.piece import fragment
from sftviz.ui.state import Number, table
from sftviz.words.visible import visible

MODEL = "sftviz/tiny-sft"
CUT = Number("scissors_cut", 0, 0, 63, 1)  # before which token; 0: nowhere
TOKEN = Number("scissors_token", 18, 0, 63, 1)
KNOBS = table(CUT, TOKEN)


@fragment
def lab() -> None:
    seen = _seen()
    last = len(seen.rendering.ids) - 1
    token = min(last, TOKEN.value())
    scissors(
        seen.rendering.tokens.texts,
        seen.supervision.supervised,
        _cuts(),
        key="scissors",
        cut=min(last, CUT.value()),
        token=token,
        rested=_keep,
    )
    _two_rows(seen, token)


def _keep(cut: int, token: int) -> None:
    CUT.put(cut)
    TOKEN.put(token)


def _two_rows(seen: Inspection, token: int) -> None:
    row = seen.rendering.ids[token]
    places = [at for at, one in enumerate(seen.rendering.ids) if one == row]
    st.markdown(f"**{t('ui.scissors.two_rows')}**")
    st.text(visible(seen.rendering.tokens.texts[token]))
    left, right = st.columns(2)
    with left:
        facts({t("ui.scissors.as_read"): f"{_cuts().flows[0].together(places)[2]:.3g}"})
    with right:
        asked = any(seen.supervision.supervised[at] for at in places)
        facts({t("ui.scissors.as_written" if asked else "ui.scissors.only_down"): f"{_written()[row]:.3g}"})


@st.cache_resource(show_spinner=False)
def _seen() -> Inspection:
    return inspected(SAMPLES["single_turn"].text, model=None)


@st.cache_resource(show_spinner=False)
def _cuts() -> Cuts:
    return every_cut(load_model(MODEL), list(_seen().rendering.ids), list(_seen().supervision.labels))


@st.cache_resource(show_spinner=False)
def _written() -> list[float]:
    model = load_model(MODEL)
    return output_gradient(model, list(_seen().rendering.ids), list(_seen().supervision.labels)).tolist()
