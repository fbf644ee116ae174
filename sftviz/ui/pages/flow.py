"""Where the gradient goes: masked tokens carry no loss and learn all the same, as long as somebody reads them."""

import streamlit as st
from torch import Tensor

from sftviz.attention import causal, diagonal
from sftviz.figures.flow import Arrived, flow_bars, row_bars
from sftviz.inspection import Inspection
from sftviz.loss import IGNORE
from sftviz.model import load_model
from sftviz.model.flow import Flow, gradient_flow, output_gradient
from sftviz.supervision.policies import POLICIES
from sftviz.supervision.verdicts import apply
from sftviz.ui.components.chat_choice import chat_knob, chosen_chat
from sftviz.ui.components.facts import facts
from sftviz.ui.lab import beside, titled
from sftviz.ui.language import t, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Switch, table
from sftviz.ui.theme import show, theme
from sftviz.words.visible import visible

MODEL = "sftviz/tiny-sft"
LONGEST = 256  # tokens
ROWS = 12

CHAT = chat_knob("flow_chat")
POLICY = Choice("flow_policy", "assistant_only", tuple(POLICIES))
CUT = Switch("flow_cut", False)
TOKEN: Choice[int] = Choice("flow_token", -1)  # an id of the chat
KNOBS = table(CHAT, POLICY, CUT, TOKEN)


def page() -> None:
    titled(t("ui.flow.title"))
    st.write(t("ui.flow.intro"))
    _lab()


@fragment
def _lab() -> None:
    left, right = beside("flow_lab")
    with left:
        seen = chosen_chat(CHAT, embedded=True)
        policy = POLICY.selectbox(t("ui.common.policy"), lambda name: words_of("policy", POLICIES[name]))
        cut = CUT.toggle(t("ui.flow.cut_attention"))
        st.caption(t("ui.flow.alone") if cut else t("ui.flow.not_alone"))
    labels = apply(policy, seen.rendering).labels[:LONGEST]
    ids = tuple(seen.rendering.ids[:LONGEST])
    flow = _flow(ids, labels, cut)
    with left:
        _totals(flow, ids, labels)
    with right:
        show(flow_bars(_arrived(seen, flow, ids, labels), theme()), "flow_bars")
        st.caption(t("ui.flow.legend"))
        if len(seen.rendering.ids) > LONGEST:
            st.caption(t("ui.common.first_tokens", shown=LONGEST, count=len(seen.rendering.ids)))
    st.divider()
    _one_token(seen, ids, labels, cut)


@st.cache_data(show_spinner=False, max_entries=64)
def _flow(ids: tuple[int, ...], labels: tuple[int, ...], cut: bool) -> Flow:
    return gradient_flow(load_model(MODEL), ids, labels, _may_attend(len(ids), cut))


def _may_attend(length: int, cut: bool) -> Tensor:
    return diagonal(length) if cut else causal(length)


def _masked(labels: tuple[int, ...]) -> list[int]:
    return [at for at, label in enumerate(labels) if label == IGNORE]


def _totals(flow: Flow, ids: tuple[int, ...], labels: tuple[int, ...]) -> None:
    masked = _masked(labels)
    reached = [at for at in masked if float(flow.total_norm[at]) > 0]
    facts(
        {
            t("ui.common.loss"): f"{flow.loss:.3f} nats",
            t("ui.flow.masked_tokens"): t("ui.common.count_of", asked=len(masked), all=len(ids)),
            t("ui.flow.masked_reached"): str(len(reached)),
        }
    )


def _arrived(seen: Inspection, flow: Flow, ids: tuple[int, ...], labels: tuple[int, ...]) -> Arrived:
    return Arrived(
        seen.rendering.tokens.texts[: len(ids)],
        [label != IGNORE for label in labels],
        flow.own_norm.tolist(),
        flow.attention_norm.tolist(),
        flow.total_norm.tolist(),
    )


def _one_token(seen: Inspection, ids: tuple[int, ...], labels: tuple[int, ...], cut: bool) -> None:
    st.header(t("ui.flow.one_token"), anchor=False)
    left, right = beside("flow_one_token")
    texts = dict(zip(reversed(ids), reversed(seen.rendering.tokens.texts[: len(ids)]), strict=True))
    special = [token for token in dict.fromkeys(ids) if token in seen.rendering.tokenizer.control_ids]
    offered = [*special, *(token for token in dict.fromkeys(ids) if token not in special)]
    with left:
        token = TOKEN.selectbox(t("ui.flow.token"), lambda token: visible(texts[token]), among=offered)
        places = [at for at, one in enumerate(ids) if one == token]
        own, through, total = _flow(ids, labels, cut).together(places)
        norms = _rows(ids, labels, cut)
        facts(
            {
                t("ui.flow.places"): f"{len(places)}, {len(set(places) & set(_masked(labels)))}",
                t("ui.flow.embedding_own"): f"{own:.4g}",
                t("ui.flow.embedding_through"): f"{through:.4g}",
                t("ui.flow.embedding_together"): f"{total:.4g}",
                t("ui.flow.output_row"): f"{norms[token]:.4g}",
            }
        )
    with right:
        st.write(t("ui.flow.rows_intro"))
        pulled = sorted(range(len(norms)), key=lambda row: -norms[row])[:ROWS]
        targets = set(labels[1:])
        names = [seen.rendering.tokenizer.bytes_of(row).decode(errors="backslashreplace") for row in pulled]
        show(row_bars(names, [norms[row] for row in pulled], [row in targets for row in pulled], theme()), "flow_rows")


@st.cache_data(show_spinner=False, max_entries=64)
def _rows(ids: tuple[int, ...], labels: tuple[int, ...], cut: bool) -> list[float]:
    return output_gradient(load_model(MODEL), ids, labels, _may_attend(len(ids), cut)).tolist()
