"""Scores and metrics: a chat's tokens, answers of different lengths, and whole texts, each measured as papers do."""

from itertools import combinations

import streamlit as st
import torch
from torch import Tensor

from sftviz.figures.scores import (
    Confident,
    Contest,
    Swap,
    TextScore,
    rank_bars,
    reliability_bars,
    score_curves,
    text_score_bars,
)
from sftviz.inspection import Inspection, batched, inspect
from sftviz.loss import IGNORE, token_nll
from sftviz.loss.metrics import accuracy, calibration_error, perplexity, reliability, target_ranks, top_k_accuracy
from sftviz.loss.scores import (
    PENALTIES,
    ranking_over,
    scores_over,
    sequence_log_probabilities,
    sequence_score,
    swap_alpha,
)
from sftviz.loss.text_scores import BLEU_TOKENIZERS, bleu, rouge, token_f1
from sftviz.model import load_model
from sftviz.training.output_layer import output_matrix, supervised_states
from sftviz.ui.components.bounded import fits
from sftviz.ui.components.chat_choice import chosen_chat, sample
from sftviz.ui.components.facts import facts
from sftviz.ui.components.linked import linked, linked_choice
from sftviz.ui.components.live_slider import live_slider
from sftviz.ui.language import explained, named, t, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.theme import show, theme

MODEL = "sftviz/tiny-sft"
WORSE = "chinese"  # the sample on which the model is confidently wrong
DRAWN = 96  # tokens
LONGEST = 4000  # characters of a text that is read or compared
ALPHAS = torch.linspace(0, 2, 81, dtype=torch.float64).tolist()
SOURCES = ("model", "made")
NAMES = ("A", "B", "C")
QUESTION = "What does thumb mean?"
ANSWERS = ("Thumb.", "Thumb means a digit.", "Thumb means the thick short innermost digit of the forelimb.")
MADE = ((-6.0, 4), (-9.0, 8), (-30.0, 20))  # log-probability in nats, tokens
# Reference, candidate 1, candidate 2
EXAMPLES = {
    "paraphrase": (
        "The drug is safe for children.",
        "Kids can take this medicine without harm.",
        "The drug is not safe for children.",
    ),
    "chinese": (
        "这种药对儿童是安全的。",
        "小朋友服用此药没有危险。",
        "这种药对儿童是不安全的。",
    ),
    "bites": ("The dog bites the man.", "A man gets bitten by a dog.", "The man bites the dog."),
}
BOXES = ("text_reference", "text_candidate_1", "text_candidate_2")


def page() -> None:
    st.title(t("ui.scores.title"))
    st.write(t("ui.scores.intro"))
    _tokens()
    st.divider()
    _lengths()
    st.divider()
    _texts()


@fragment
def _tokens() -> None:
    st.subheader(t("ui.scores.tokens"))
    left, right = st.columns([2, 5], gap="large")
    with left:
        seen = chosen_chat("scores_chat", embedded=True)
        k = round(live_slider(t("ui.scores.k"), 1, 100, 5, 1, key="scores_k"))
        bins = round(live_slider(t("ui.scores.bins"), 1, 20, 10, 1, key="scores_bins"))
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


@fragment
def _lengths() -> None:
    st.subheader(t("ui.scores.lengths"))
    st.write(t("ui.scores.lengths_intro"))
    left, right = st.columns([2, 5], gap="large")
    with left:
        source = st.segmented_control(
            t("ui.scores.source"),
            list(SOURCES),
            default=linked_choice("lengths_source", SOURCES, "model"),
            format_func=lambda name: t(f"ui.scores.from_{name}"),
            key="lengths_source",
            required=True,
        )
        candidates = _read_by_model() if source == "model" else _made()
        penalty = st.selectbox(
            t("ui.scores.penalty"),
            list(PENALTIES),
            format_func=lambda name: words_of("penalty", PENALTIES[name]),
            key="lengths_penalty",
        )
        alpha = live_slider(
            t("ui.scores.alpha"),
            0,
            2,
            0.6,
            0.01,
            key="lengths_alpha",
            ends=(t("ui.scores.the_sum"), t("ui.scores.long_answers_win")),
        )
    if candidates is None:
        return
    log_p, lengths = candidates
    with right:
        swaps = _swaps(log_p, lengths, penalty)
        show(score_curves(_contest(log_p, lengths, penalty, alpha, swaps), theme()), "score_curves")
        _ranking(log_p, lengths, penalty, alpha, swaps)
        row = PENALTIES[penalty]
        st.latex(row.formula)
        st.caption(explained("penalty", row))


def _read_by_model() -> tuple[list[float], list[int]] | None:
    question = _text_line(t("ui.common.question"), "lengths_question", QUESTION)
    answers = [
        _text_line(t("ui.scores.answer", name=name), f"lengths_answer_{name}", answer)
        for name, answer in zip(NAMES, ANSWERS, strict=True)
    ]
    if not all(fits(text, LONGEST) for text in (question, *answers)):
        return None
    try:
        nll, labels = _costs(question, tuple(answers))
        log_p, lengths = (column.tolist() for column in sequence_log_probabilities(nll, labels))
    except ValueError as error:
        st.text(str(error))
        return None
    st.caption(t("ui.scores.read_by_model"))
    return log_p, lengths


def _text_line(label: str, key: str, default: str) -> str:
    return st.text_input(label, linked(key, default), key=key)


@st.cache_resource(show_spinner=False, max_entries=32)
def _costs(question: str, answers: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """nll [B, T-1] and labels [B, T] of one question with each of the answers."""
    chats = [[{"role": "user", "content": question}, {"role": "assistant", "content": one}] for one in answers]
    batch, nll = batched([inspect(chat, model=MODEL) for chat in chats])
    return nll, batch.labels


def _made() -> tuple[list[float], list[int]]:
    st.caption(t("ui.scores.made_up"))
    log_p, lengths = [], []
    for name, (value, length) in zip(NAMES, MADE, strict=True):
        log_p.append(
            live_slider(t("ui.scores.made_log_p", name=name), -40, -0.5, value, 0.5, key=f"lengths_log_p_{name}")
        )
        lengths.append(
            round(live_slider(t("ui.scores.made_tokens", name=name), 1, 40, length, 1, key=f"lengths_tokens_{name}"))
        )
    return log_p, lengths


def _swaps(log_p: list[float], lengths: list[int], penalty: str) -> dict[tuple[int, int], float | None]:
    return {
        (i, j): swap_alpha(log_p[i], lengths[i], log_p[j], lengths[j], penalty)
        for i, j in combinations(range(len(NAMES)), 2)
    }


def _contest(
    log_p: list[float], lengths: list[int], penalty: str, alpha: float, swaps: dict[tuple[int, int], float | None]
) -> Contest:
    names = [
        t("ui.scores.candidate", name=name, log_p=f"{value:.2f}".replace("-", "−"), count=length)
        for name, value, length in zip(NAMES, log_p, lengths, strict=True)
    ]
    grid, here = scores_over(log_p, lengths, ALPHAS, penalty).T, scores_over(log_p, lengths, [alpha], penalty)[0]
    level = [
        Swap(f"{NAMES[i]} = {NAMES[j]}", at, sequence_score(log_p[i], lengths[i], at, penalty))
        for (i, j), at in swaps.items()
        if at is not None and ALPHAS[0] <= at <= ALPHAS[-1]
    ]
    return Contest(
        ALPHAS,
        dict(zip(names, grid.tolist(), strict=True)),
        alpha,
        dict(zip(names, here.tolist(), strict=True)),
        level,
    )


def _ranking(
    log_p: list[float], lengths: list[int], penalty: str, alpha: float, swaps: dict[tuple[int, int], float | None]
) -> None:
    first, *others = (NAMES[i] for i in ranking_over(log_p, lengths, [alpha], penalty)[0].tolist())
    st.markdown(t("ui.scores.ranking", alpha=f"{alpha:.2f}", first=first, second=others[0], third=others[1]))
    columns = st.columns(len(swaps))
    for column, ((i, j), at) in zip(columns, swaps.items(), strict=True):
        with column:
            facts({t("ui.scores.change_places", one=NAMES[i], other=NAMES[j]): _place(at)})


def _place(at: float | None) -> str:
    if at is None:
        return t("ui.scores.at_no_alpha")
    if at < ALPHAS[0]:
        return t("ui.scores.below_zero", alpha=f"{at:.2f}")
    if at > ALPHAS[-1]:
        return t("ui.scores.above_two", alpha=f"{at:.2f}")
    return t("ui.scores.at_alpha", alpha=f"{at:.3f}")


@fragment
def _texts() -> None:
    st.subheader(t("ui.scores.texts"))
    st.write(t("ui.scores.texts_intro"))
    for key, text in zip(BOXES, EXAMPLES["paraphrase"], strict=True):
        st.session_state.setdefault(key, linked(key, text))
    left, right = st.columns([2, 5], gap="large")
    with left:
        for name, texts in EXAMPLES.items():
            st.button(
                t(f"ui.scores.example_{name}"), key=f"example_{name}", on_click=_load, args=(texts,), width="stretch"
            )
        labels = (t("ui.scores.reference"), t("ui.scores.candidate_1"), t("ui.scores.candidate_2"))
        reference, *candidates = (
            st.text_area(label, key=key, height=72) for label, key in zip(labels, BOXES, strict=True)
        )
        tokenizer = st.selectbox(
            t("ui.scores.bleu_tokenizer"), list(BLEU_TOKENIZERS), format_func=_tokenizer_title, key="text_tokenizer"
        )
        characters = st.checkbox(t("ui.scores.by_characters"), key="text_characters")
    with right:
        if not all(fits(text, LONGEST) for text in (reference, *candidates)):
            return
    try:
        found = [_scored(candidate, reference, tokenizer, characters) for candidate in candidates]
        signature = bleu([candidates[0]], [[reference]], tokenizer).signature
    except ValueError as error:
        right.text(str(error))
        return
    with right:
        show(text_score_bars(dict(zip(labels[1:], found, strict=True)), theme()), "text_scores")
        st.caption(t("ui.scores.texts_legend"))
        st.caption(t("ui.scores.bleu_signature", signature=f"`{signature}`"))


def _load(texts: tuple[str, ...]) -> None:
    for key, text in zip(BOXES, texts, strict=True):
        st.session_state[key] = text


def _tokenizer_title(name: str) -> str:
    return f"{name}: {named('bleu_tokenizer', name, BLEU_TOKENIZERS[name])}"


def _scored(candidate: str, reference: str, tokenizer: str, characters: bool) -> dict[str, TextScore]:
    rouges = rouge(candidate, reference)
    return {
        "BLEU": TextScore(bleu([candidate], [[reference]], tokenizer).score, 100),
        "ROUGE-1": TextScore(rouges["rouge1"].f1, 1),
        "ROUGE-2": TextScore(rouges["rouge2"].f1, 1),
        "ROUGE-L": TextScore(rouges["rougeL"].f1, 1),
        "token F1": TextScore(token_f1([candidate], [[reference]], characters).f1, 100),
    }


def _large(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"
