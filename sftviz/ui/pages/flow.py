"""Where the gradient goes: masked tokens carry no loss and learn all the same, as long as somebody reads them."""

import streamlit as st
from torch import Tensor

from sftviz.attention import causal, diagonal
from sftviz.figures.flow import Arrived, flow_bars, row_bars
from sftviz.figures.strip import visible
from sftviz.inspection import Inspection
from sftviz.loss import IGNORE
from sftviz.model import load_model
from sftviz.model.flow import Flow, gradient_flow, output_gradient
from sftviz.supervision.policies import POLICIES, apply
from sftviz.ui.components.chat_choice import chosen_chat
from sftviz.ui.components.facts import facts
from sftviz.ui.components.linked import linked, linked_choice
from sftviz.ui.language import t
from sftviz.ui.theme import show, theme

MODEL = "sftviz/tiny-sft"
LONGEST = 256  # tokens
ROWS = 12


def page() -> None:
    st.title(t("Where does the gradient go?"))
    st.write(
        t(
            "A masked token is no target. But later rows read it, and their loss comes back to it through attention. "
            "Cut the attention, and only rows that predict a supervised token get anything."
        )
    )
    _lab()


@st.fragment
def _lab() -> None:
    left, right = st.columns([2, 5], gap="large")
    with left:
        seen = chosen_chat("flow_chat", embedded=True)
        names = list(POLICIES)
        policy = st.selectbox(
            t("Policy: which tokens carry loss"),
            names,
            index=names.index(linked_choice("flow_policy", names, "assistant_only")),
            format_func=lambda name: t(POLICIES[name].title),
            key="flow_policy",
        )
        cut = st.toggle(t("Cut the attention"), linked("flow_cut", 0) == 1, key="flow_cut")
        st.caption(t("every token sees itself alone") if cut else t("every token sees itself and everything before it"))
    labels = apply(policy, seen.rendering).labels[:LONGEST]
    ids = tuple(seen.rendering.ids[:LONGEST])
    flow = _flow(ids, labels, cut)
    with left:
        _totals(flow, ids, labels)
    with right:
        show(flow_bars(_arrived(seen, flow, ids, labels), theme()), "flow_bars")
        st.caption(
            t(
                "A square says whether the token carries loss; a token's own row is the one that predicts the token "
                "after it. The two parts are vectors: they add up, their lengths do not."
            )
        )
        if len(seen.rendering.ids) > LONGEST:
            st.caption(t("The first {shown} of {count} tokens.").format(shown=LONGEST, count=len(seen.rendering.ids)))
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
            t("loss"): f"{flow.loss:.3f} nats",
            t("masked tokens"): t("{masked} of {all}").format(masked=len(masked), all=len(ids)),
            t("masked tokens that get a gradient all the same"): str(len(reached)),
        }
    )


def _arrived(seen: Inspection, flow: Flow, ids: tuple[int, ...], labels: tuple[int, ...]) -> Arrived:
    return Arrived(
        [token.text for token in seen.rendering.tokens[: len(ids)]],
        [label != IGNORE for label in labels],
        flow.own_norm.tolist(),
        flow.attention_norm.tolist(),
        flow.total_norm.tolist(),
    )


def _one_token(seen: Inspection, ids: tuple[int, ...], labels: tuple[int, ...], cut: bool) -> None:
    st.subheader(t("One token of the vocabulary: both its rows"))
    left, right = st.columns([2, 5], gap="large")
    texts = {token.id: token.text for token in reversed(seen.rendering.tokens[: len(ids)])}
    special = [token for token in dict.fromkeys(ids) if token in seen.rendering.tokenizer.control_ids]
    offered = [*special, *(token for token in dict.fromkeys(ids) if token not in special)]
    with left:
        token = st.selectbox(t("Token"), offered, format_func=lambda token: visible(texts[token]), key="flow_token")
        places = [at for at, one in enumerate(ids) if one == token]
        own, through, total = _flow(ids, labels, cut).together(places)
        norms = _rows(ids, labels, cut)
        facts(
            {
                t(
                    "it stands at so many places, of them masked"
                ): f"{len(places)}, {len(set(places) & set(_masked(labels)))}",
                t("row of the embedding table: from own rows"): f"{own:.4g}",
                t("row of the embedding table: through attention"): f"{through:.4g}",
                t("row of the embedding table: together"): f"{total:.4g}",
                t("row of the output matrix"): f"{norms[token]:.4g}",
            }
        )
    with right:
        st.write(
            t(
                "The embedding row is pulled where the token is read. The output row is pulled by every supervised "
                "position, whatever its target: softmax pushes every other token down. The rows pulled hardest:"
            )
        )
        pulled = sorted(range(len(norms)), key=lambda row: -norms[row])[:ROWS]
        targets = set(labels[1:])
        names = [seen.rendering.tokenizer.bytes_of(row).decode(errors="backslashreplace") for row in pulled]
        show(row_bars(names, [norms[row] for row in pulled], [row in targets for row in pulled], theme()), "flow_rows")


@st.cache_data(show_spinner=False, max_entries=64)
def _rows(ids: tuple[int, ...], labels: tuple[int, ...], cut: bool) -> list[float]:
    return output_gradient(load_model(MODEL), ids, labels, _may_attend(len(ids), cut)).tolist()
