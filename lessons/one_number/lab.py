"""What a token weighs under each habit, as on the normalisation page; then the cutter: a batch in micro-batches."""

import streamlit as st

from sftviz.inspection import batched
from sftviz.loss import IGNORE
from sftviz.model import load_model
from sftviz.training.cuts import Cut, every_cut
from sftviz.ui.components.chat_choice import sample
from sftviz.ui.components.cutter import cutter
from sftviz.ui.language import t
from sftviz.ui.pages import normalization
from sftviz.ui.pages.normalization import Loaded
from sftviz.ui.piece import fragment
from sftviz.ui.state import Text, table

MODEL = "sftviz/tiny-sft"
CUTS = Text("cutter_cuts", "111", longest=8)  # 0 or 1 for every gap between two chats
KNOBS = table(normalization.CHATS, normalization.NORMALIZATION, CUTS)


def lab() -> None:
    names = normalization.chosen()
    if not names:
        return
    loaded = normalization.loaded(names)
    _cutter(names, loaded)
    st.divider()
    normalization.normalizations(loaded)


@fragment
def _cutter(names: tuple[str, ...], loaded: Loaded) -> None:
    st.markdown(f"**{t('ui.cutter.title')}**")
    targets = [int((row[1:] != IGNORE).sum()) for row in loaded.batch.labels]
    if len(names) < 2 or not all(targets):
        st.info(t("ui.cutter.two"))
        return
    gaps = len(names) - 1
    asked = CUTS.value()
    at = asked if len(asked) == gaps and set(asked) <= {"0", "1"} else "1" * gaps
    cutter(loaded.titles, targets, _cuts(names), key="cutter", at=at, told=CUTS.put)


@st.cache_data(show_spinner=False, max_entries=8)
def _cuts(names: tuple[str, ...]) -> list[Cut]:
    return every_cut(load_model(MODEL), batched([sample(name) for name in names])[0])[1]
