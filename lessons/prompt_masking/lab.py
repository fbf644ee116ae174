"""Which tokens carry loss: turn the policy's knobs on a chat; then let models tuned with and without the mask go on."""

import streamlit as st
import torch

from sftviz.chat.samples import SAMPLES
from sftviz.inspection import Inspection
from sftviz.inspection import inspect as inspected
from sftviz.loss import NORMALIZATIONS
from sftviz.model import load_model
from sftviz.model.generate import continuation
from sftviz.supervision.policies import POLICIES
from sftviz.ui.components.facts import facts
from sftviz.ui.components.token_strip import token_strip
from sftviz.ui.language import t, told, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Switch, table

CHAT = Choice("masking_chat", "single_turn", tuple(SAMPLES))
POLICY = Choice("masking_policy", "assistant_only", tuple(POLICIES))
END = Choice("masking_end", "each", ("each", "last", "none"))
HEADER = Switch("masking_header", False)
KNOBS = table(CHAT, POLICY, END, HEADER)
MODELS = {"sftviz/tiny-sft": "masked", "sftviz/tiny-unmasked": "unmasked"}
LONGEST = 32  # tokens a model writes


@fragment
def lab() -> None:
    seen = _chosen()
    supervised = sum(seen.supervision.supervised)
    facts(
        {
            t("ui.prompt_masking.supervised_tokens"): t(
                "ui.common.count_of", asked=supervised, all=len(seen.rendering.ids)
            )
        }
    )
    selected, _ = token_strip(seen, key="masking_strip", selected=0, tools=False)
    row = seen.rows()[max(0, selected)]
    st.text(f"{row.text!r}: {told(row.reason)}")
    columns = st.columns(3)
    for column, (name, normalization) in zip(columns, NORMALIZATIONS.items(), strict=True):
        with column:
            facts(
                {t("ui.common.loss") + ", " + words_of("normalization", normalization): f"{seen.loss(name):.3f} nats"}
            )
    _goes_on(seen)


def _chosen() -> Inspection:
    left, middle, right = st.columns(3)
    with left:
        chat = CHAT.selectbox(t("ui.common.chat"), lambda name: words_of("sample", SAMPLES[name]))
    with middle:
        policy = POLICY.selectbox(t("ui.common.policy"), lambda name: words_of("policy", POLICIES[name]))
    with right:
        end = END.selectbox(t("ui.prompt_masking.end"), lambda name: t(f"ui.prompt_masking.end_{name}"))
        header = HEADER.toggle(t("ui.prompt_masking.header"))
    return _inspected(chat, policy, end, header)


@st.cache_resource(show_spinner=False, max_entries=64)
def _inspected(chat: str, policy: str, end: str, header: bool) -> Inspection:
    return inspected(SAMPLES[chat].text, policy=policy, end=end, header=header)


def _goes_on(seen: Inspection) -> None:
    st.markdown(f"**{t('ui.prompt_masking.goes_on')}**")
    for column, (name, tuned) in zip(st.columns(2), MODELS.items(), strict=True):
        with column:
            st.markdown(f"{t(f'ui.prompt_masking.{tuned}')} (`{name}`)")
            st.code(_written(name, tuple(seen.rendering.ids)), language=None, wrap_lines=True)


@st.cache_data(show_spinner=False, max_entries=64)
def _written(model: str, ids: tuple[int, ...]) -> str:
    tokenizer = inspected(SAMPLES["single_turn"].text, model=None).rendering.tokenizer
    stop = [token for token in (tokenizer.id_of("<|im_end|>"), tokenizer.eos_id) if token is not None]
    with torch.no_grad():
        return tokenizer.decode(continuation(load_model(model), ids, LONGEST, stop))
