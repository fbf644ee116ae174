"""Normalisation and accumulation: what a token weighs beside short and long answers, and how micro-batches go wrong."""

import streamlit as st
import torch

from sftviz.chat.samples import SAMPLES
from sftviz.figures.normalization import Weighed, share_bars, token_weight_bars
from sftviz.inspection import batched
from sftviz.loss import ACCUMULATIONS, IGNORE, NORMALIZATIONS, accumulate_nll, accumulated_weights, reduce_nll
from sftviz.loss.reduction import token_weights
from sftviz.supervision.packing import Batch
from sftviz.ui.components.chat_choice import sample
from sftviz.ui.components.facts import facts
from sftviz.ui.language import sentence, t
from sftviz.ui.theme import show, theme

BATCH = ("unmasked_trap", "single_turn", "multi_turn", "tool_call")


def page() -> None:
    st.title(t("Which tokens does the mean listen to?"))
    st.write(
        t(
            "A batch holds short and long answers. The loss is one number, so somebody must decide what each token "
            "weighs. Three ways are in use, and they train three different models."
        )
    )
    names = st.multiselect(
        t("Chats of the batch"),
        list(SAMPLES),
        default=list(BATCH),
        format_func=lambda name: t(SAMPLES[name].title),
        key="normalization_chats",
    )
    if not names:
        st.info(t("Choose at least one chat."))
        return
    batch, nll = batched([sample(name) for name in names])
    titles = [t(SAMPLES[name].title) for name in names]
    texts = [[row["target_text"] for row in sample(name).rows()] for name in names]
    _normalizations(batch, nll, titles, texts)
    st.divider()
    _accumulations(batch, nll, titles, texts)


@st.fragment
def _normalizations(batch: Batch, nll: torch.Tensor, titles: list[str], texts: list[list[str]]) -> None:
    weights = {name: token_weights(batch.labels, name, batch.is_padding) for name in NORMALIZATIONS}
    left, right = st.columns([2, 5], gap="large")
    with left:
        chosen = st.radio(
            t("Normalisation"),
            list(NORMALIZATIONS),
            format_func=lambda name: t(NORMALIZATIONS[name].title),
            key="normalization",
        )
        row = NORMALIZATIONS[chosen]
        st.write(sentence(row.meaning))
        st.caption(t(row.source))
        facts(
            {
                t("loss {per}").format(per=t(NORMALIZATIONS[name].title)): f"{_loss(nll, batch, name):.4f} nats"
                for name in NORMALIZATIONS
            }
        )
    with right:
        st.latex(row.formula)
        show(token_weight_bars(_weighed(weights[chosen], nll, batch, titles, texts), theme()), "token_weights")
        shares = {t(NORMALIZATIONS[name].title): _shares(weights[name], titles) for name in NORMALIZATIONS}
        show(share_bars(shares, theme()), "shares")


def _loss(nll: torch.Tensor, batch: Batch, normalization: str) -> float:
    return float(reduce_nll(nll, batch.labels, normalization, batch.is_padding))


def _weighed(
    weights: torch.Tensor, nll: torch.Tensor, batch: Batch, titles: list[str], texts: list[list[str]]
) -> list[Weighed]:
    chats = []
    for row, title in enumerate(titles):
        counted = (batch.labels[row, 1:] != IGNORE).nonzero().flatten().tolist()
        chats.append(
            Weighed(
                title,
                [texts[row][at] for at in counted],
                weights[row, counted].tolist(),
                nll[row, counted].tolist(),
            )
        )
    return chats


def _shares(weights: torch.Tensor, titles: list[str]) -> list[tuple[str, float]]:
    total = float(weights.sum()) or 1.0
    return [(title, float(row.sum()) / total) for title, row in zip(titles, weights, strict=True)]


@st.fragment
def _accumulations(batch: Batch, nll: torch.Tensor, titles: list[str], texts: list[list[str]]) -> None:
    st.subheader(t("The same batch in micro-batches"))
    st.write(
        t(
            "Where memory is short the batch is cut, and gradients are added up. Every micro-batch's own mean forgets "
            "how many tokens it stood for."
        )
    )
    left, right = st.columns([2, 5], gap="large")
    with left:
        size = st.slider(t("Chats in a micro-batch"), 1, max(2, len(titles)), 1, key="micro_batch")
        labels, costs = batch.labels.split(size), nll.split(size)
        whole = float(reduce_nll(nll, batch.labels))
        losses = {name: float(accumulate_nll(costs, labels, name)) for name in ACCUMULATIONS}
        facts(
            {t("the whole batch at once"): f"{whole:.4f} nats"}
            | {
                t(row.title): f"{losses[name]:.4f} nats ({losses[name] - whole:+.4f})"
                for name, row in ACCUMULATIONS.items()
            }
        )
        st.caption(
            t("Right: {right}. Wrong: {wrong}.").format(
                right=t(ACCUMULATIONS["step"].source), wrong=t(ACCUMULATIONS["micro_batch"].source)
            )
        )
    with right:
        for name, row in ACCUMULATIONS.items():
            st.markdown(t("**{title}**: {meaning}.").format(title=t(row.title), meaning=t(row.meaning)))
            weights = torch.cat(accumulated_weights(labels, name))
            show(token_weight_bars(_weighed(weights, nll, batch, titles, texts), theme()), f"weights_{name}")
