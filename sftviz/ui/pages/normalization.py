"""Normalisation and accumulation: what a token weighs beside short and long answers, and how micro-batches go wrong."""

from typing import NamedTuple

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
from sftviz.ui.lab import beside, titled
from sftviz.ui.language import introduced, sentence, t, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Number, Several, table
from sftviz.ui.theme import show, theme

CHATS = Several("normalization_chats", ("unmasked_trap", "single_turn", "multi_turn", "tool_call"), tuple(SAMPLES))
NORMALIZATION = Choice("normalization", next(iter(NORMALIZATIONS)), tuple(NORMALIZATIONS))
MICRO_BATCH = Number("micro_batch", 1, 1, len(SAMPLES), 1)
KNOBS = table(CHATS, NORMALIZATION, MICRO_BATCH)


class Loaded(NamedTuple):
    """The chats of a batch: padded, priced, with their titles and the texts of their targets."""

    batch: Batch
    nll: torch.Tensor
    titles: list[str]
    texts: list[list[str]]


def page() -> None:
    titled(t("ui.normalization.title"))
    st.write(t("ui.normalization.intro"))
    names = chosen()
    if names:
        chats = loaded(names)
        normalizations(chats)
        st.divider()
        accumulations(chats)


def chosen() -> tuple[str, ...]:
    """Which chats; none, and a sentence that asks for one."""
    names = CHATS.multiselect(t("ui.normalization.chats"), lambda name: words_of("sample", SAMPLES[name]))
    if not names:
        st.info(t("ui.normalization.no_chat"))
    return names


def loaded(names: tuple[str, ...]) -> Loaded:
    batch, nll = batched([sample(name) for name in names])
    texts = [[row.prediction.target_text for row in sample(name).rows()] for name in names]
    return Loaded(batch, nll, [words_of("sample", SAMPLES[name]) for name in names], texts)


@fragment
def normalizations(chats: Loaded) -> None:
    batch, nll, titles, texts = chats
    weights = {name: token_weights(batch.labels, name, batch.is_padding) for name in NORMALIZATIONS}
    left, right = beside("normalization_normalizations")
    with left:
        name = NORMALIZATION.radio(
            t("ui.normalization.normalisation"), lambda name: words_of("normalization", NORMALIZATIONS[name])
        )
        row = NORMALIZATIONS[name]
        st.write(sentence(words_of("normalization", row, "meaning")))
        st.caption(words_of("normalization", row, "source"))
        facts(
            {
                t(
                    "ui.normalization.loss_per", per=words_of("normalization", NORMALIZATIONS[name])
                ): f"{_loss(nll, batch, name):.4f} nats"
                for name in NORMALIZATIONS
            }
        )
    with right:
        st.latex(row.formula)
        show(token_weight_bars(_weighed(weights[name], nll, batch, titles, texts), theme()), "token_weights")
        shares = {
            words_of("normalization", NORMALIZATIONS[name]): _shares(weights[name], titles) for name in NORMALIZATIONS
        }
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


@fragment
def accumulations(chats: Loaded) -> None:
    batch, nll, titles, texts = chats
    st.header(t("ui.normalization.accumulation"), anchor=False)
    st.write(t("ui.normalization.accumulation_intro"))
    left, right = beside("normalization_accumulations")
    with left:
        size = MICRO_BATCH.slider(t("ui.normalization.micro_batch"), high=max(2, len(titles)))
        labels, costs = batch.labels.split(size), nll.split(size)
        whole = float(reduce_nll(nll, batch.labels))
        losses = {name: float(accumulate_nll(costs, labels, name)) for name in ACCUMULATIONS}
        facts(
            {t("ui.normalization.whole_batch"): f"{whole:.4f} nats"}
            | {
                words_of("accumulation", row): f"{losses[name]:.4f} nats ({losses[name] - whole:+.4f})"
                for name, row in ACCUMULATIONS.items()
            }
        )
        st.caption(
            t(
                "ui.normalization.sources",
                right=words_of("accumulation", ACCUMULATIONS["step"], "source"),
                wrong=words_of("accumulation", ACCUMULATIONS["micro_batch"], "source"),
            )
        )
    with right:
        for name, row in ACCUMULATIONS.items():
            st.markdown(introduced("accumulation", row))
            weights = torch.cat(accumulated_weights(labels, name))
            show(token_weight_bars(_weighed(weights, nll, batch, titles, texts), theme()), f"weights_{name}")
