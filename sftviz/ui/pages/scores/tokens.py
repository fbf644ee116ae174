"""A chat's tokens: how many ranks, how sure, how often right."""

import streamlit as st
import torch
from torch import Tensor

from sftviz.figures.scores import Confident, rank_bars, reliability_bars
from sftviz.inspection import Inspection
from sftviz.loss import IGNORE, token_nll
from sftviz.loss.metrics import accuracy, calibration_error, perplexity, reliability, target_ranks, top_k_accuracy
from sftviz.model import load_model
from sftviz.training.output_layer import output_matrix, supervised_states
from sftviz.ui.components.chat_choice import chat_knob, chosen_chat, sample
from sftviz.ui.components.facts import facts
from sftviz.ui.lab import beside
from sftviz.ui.language import t
from sftviz.ui.piece import fragment
from sftviz.ui.state import Number, table
from sftviz.ui.theme import show, theme

MODEL = "sftviz/tiny-sft"
WORSE = "chinese"  # the sample on which the model is confidently wrong
DRAWN = 96  # tokens
CHAT = chat_knob("scores_chat")
K = Number("scores_k", 5, 1, 100, 1)
BINS = Number("scores_bins", 10, 1, 20, 1)
KNOBS = table(CHAT, K, BINS)


@fragment
def tokens() -> None:
    st.header(t("ui.scores.tokens"), anchor=False)
    left, right = beside("tokens_tokens")
    with left:
        seen = chosen_chat(CHAT, embedded=True)
        k, bins = K.live(t("ui.scores.k")), BINS.live(t("ui.scores.bins"))
    texts = [ahead.target_text for ahead in (row.prediction for row in seen.rows()) if ahead.target != IGNORE]
    if not texts:
        st.info(t("ui.scores.nothing_supervised"))
        return
    logits, labels = _predictions(seen)
    nll, found = token_nll(logits, labels), reliability(logits, labels, bins)
    ranks, vocabulary = target_ranks(logits, labels)[0].tolist(), logits.shape[-1]
    with left:
        facts(
            {
                t("ui.scores.perplexity"): _large(perplexity(nll, labels)),
                t("ui.scores.accuracy"): f"{accuracy(logits, labels):.1%}",
                t("ui.scores.top_k", k=k): f"{top_k_accuracy(logits, labels, k):.1%}",
                t("ui.scores.ece"): f"{calibration_error(found):.3f}",
            }
        )
    with right:
        drawn = slice(DRAWN)
        p = nll[0].neg().exp().tolist()
        show(rank_bars(texts[drawn], ranks[drawn], p[drawn], k, vocabulary, theme()), "rank_bars")
        st.caption(
            t("ui.scores.ranks_legend", vocabulary=f"{vocabulary:,}", shown=len(texts[drawn]), count=len(texts), k=k)
        )
    _uniform(perplexity(nll, labels), perplexity(token_nll(torch.zeros_like(logits), labels), labels))
    _reliability([Confident(b.low, b.high, b.confidence, b.accuracy, b.count) for b in found], calibration_error(found))


def _predictions(seen: Inspection) -> tuple[Tensor, Tensor]:
    """What the embedded model says where something is supervised, as one row: logits [1, N+1, V], labels [1, N+1]."""
    model = load_model(MODEL)
    states = supervised_states(model, [(seen.rendering.ids, seen.supervision.labels)])
    return states.as_batch(output_matrix(model))


def _uniform(of_chat: float, of_uniform: float) -> None:
    code = "ui.scores.worse_than_nothing" if of_chat > of_uniform else "ui.scores.better_than_nothing"
    worse = _large(sample(WORSE).perplexity())
    st.markdown(t(code, uniform=f"{of_uniform:,.0f}", chat=_large(of_chat), worse=worse))


def _reliability(bins: list[Confident], ece: float) -> None:
    left, right = st.columns([2, 5], gap="large", vertical_alignment="center")
    with left:
        st.markdown(t("ui.scores.reliability"))
        st.write(t("ui.scores.reliability_intro"))
        st.caption(t("ui.scores.few_predictions"))
    with right:
        show(reliability_bars(bins, ece, theme()), "reliability")


def _large(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"
