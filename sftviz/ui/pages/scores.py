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
from sftviz.ui.components.chat_choice import chosen_chat, sample
from sftviz.ui.components.facts import facts
from sftviz.ui.components.linked import linked, linked_choice
from sftviz.ui.components.live_slider import live_slider
from sftviz.ui.language import t
from sftviz.ui.theme import show, theme

MODEL = "sftviz/tiny-sft"
WORSE = "chinese"  # the sample on which the model is confidently wrong
DRAWN = 96  # tokens
ALPHAS = torch.linspace(0, 2, 81, dtype=torch.float64).tolist()
SOURCES = {"model": "the model", "made": "made up"}
NAMES = ("A", "B", "C")
QUESTION = "What does thumb mean?"
ANSWERS = ("Thumb.", "Thumb means a digit.", "Thumb means the thick short innermost digit of the forelimb.")
MADE = ((-6.0, 4), (-9.0, 8), (-30.0, 20))  # log-probability in nats, tokens
# Reference, candidate 1, candidate 2
EXAMPLES = {
    "Paraphrase and negation": (
        "The drug is safe for children.",
        "Kids can take this medicine without harm.",
        "The drug is not safe for children.",
    ),
    "The same in Chinese": (
        "这种药对儿童是安全的。",
        "小朋友服用此药没有危险。",
        "这种药对儿童是不安全的。",
    ),
    "Who bites whom": ("The dog bites the man.", "A man gets bitten by a dog.", "The man bites the dog."),
}
BOXES = ("text_reference", "text_candidate_1", "text_candidate_2")


def page() -> None:
    st.title(t("How good is it? Scores and metrics"))
    st.write(
        t(
            "A loss in nats trains a model; people ask other questions. How often is it right, is it as sure as it is "
            "right, which of its answers is the best, and how near does a text come to the one that was wanted?"
        )
    )
    _tokens()
    st.divider()
    _lengths()
    st.divider()
    _texts()


@st.fragment
def _tokens() -> None:
    st.subheader(t("Token by token"))
    left, right = st.columns([2, 5], gap="large")
    with left:
        seen = chosen_chat("scores_chat", embedded=True)
        k = round(live_slider(t("k: how many guesses count"), 1, 100, 5, 1, key="scores_k"))
        bins = round(live_slider(t("Bins of confidence"), 1, 20, 10, 1, key="scores_bins"))
    texts = [row["target_text"] for row in seen.rows() if row["target"] != IGNORE]
    if not texts:
        st.info(t("Nothing is supervised in this chat under its policy, so there is nothing to measure."))
        return
    logits, labels = _predictions(seen)
    nll, found = token_nll(logits, labels), reliability(logits, labels, bins)
    ranks, vocabulary = target_ranks(logits, labels)[0].tolist(), logits.shape[-1]
    with left:
        facts(
            {
                t("perplexity"): _large(perplexity(nll, labels)),
                t("accuracy: the likeliest token is the true one"): f"{accuracy(logits, labels):.1%}",
                t("the true one is among the {k} likeliest").format(k=k): f"{top_k_accuracy(logits, labels, k):.1%}",
                t("calibration error, ECE"): f"{calibration_error(found):.3f}",
            }
        )
    with right:
        drawn = slice(DRAWN)
        p = nll[0].neg().exp().tolist()
        show(rank_bars(texts[drawn], ranks[drawn], p[drawn], k, vocabulary, theme()), "rank_bars")
        st.caption(
            t(
                "Rank of the true token among all {vocabulary}: {shown} of {count} supervised tokens, each over "
                "its own text. The shaded band is the {k} likeliest."
            ).format(vocabulary=f"{vocabulary:,}", shown=len(texts[drawn]), count=len(texts), k=k)
        )
    _uniform(perplexity(nll, labels), perplexity(token_nll(torch.zeros_like(logits), labels), labels))
    _reliability([Confident(b.low, b.high, b.confidence, b.accuracy, b.count) for b in found], calibration_error(found))


def _predictions(seen: Inspection) -> tuple[Tensor, Tensor]:
    """What the embedded model says where something is supervised, as one row: logits [1, N+1, V], labels [1, N+1]."""
    model = load_model(MODEL)
    states = supervised_states(model, [(seen.rendering.ids, seen.supervision.labels)])
    return states.as_batch(output_matrix(model))


def _uniform(of_chat: float, of_uniform: float) -> None:
    if of_chat > of_uniform:
        words = t(
            "A model that knows nothing, the uniform one, has perplexity V = **{uniform}**. This chat has **{chat}**: "
            "worse than knowing nothing, for the model is sure, and wrong."
        )
    else:
        words = t(
            "A model that knows nothing, the uniform one, has perplexity V = **{uniform}**; this chat has **{chat}**. "
            "Worse than V is possible: the Chinese sample has **{worse}**, for there the model is sure, and wrong."
        )
    worse = sample(WORSE).perplexity()
    st.markdown(words.format(uniform=f"{of_uniform:,.0f}", chat=_large(of_chat), worse=_large(worse)))


def _reliability(bins: list[Confident], ece: float) -> None:
    left, right = st.columns([2, 5], gap="large", vertical_alignment="center")
    with left:
        st.markdown(t("**When it says 0.8, is it right eight times in ten?**"))
        st.write(
            t(
                "Predictions are sorted into bins by how sure they are. The numbers on top count "
                "them. ECE is the mean height of the hatched gaps, each weighed by its number."
            )
        )
        st.caption(
            t(
                "One chat holds few predictions, and ECE depends on the bins: move their number. Papers take 10 to 20 "
                "bins and thousands of predictions."
            )
        )
    with right:
        show(reliability_bars(bins, ece, theme()), "reliability")


@st.fragment
def _lengths() -> None:
    st.subheader(t("Which answer wins? Length normalisation"))
    st.write(
        t(
            "Every further token multiplies an answer's probability by something below 1, so the sum of logarithms "
            "prefers short answers. Beam search therefore divides it by a power α of the length."
        )
    )
    left, right = st.columns([2, 5], gap="large")
    with left:
        source = st.segmented_control(
            t("Log-probabilities from"),
            list(SOURCES),
            default=linked_choice("lengths_source", SOURCES, "model"),
            format_func=lambda name: t(SOURCES[name]),
            key="lengths_source",
            required=True,
        )
        candidates = _read_by_model() if source == "model" else _made()
        penalty = st.selectbox(
            t("Divided by"), list(PENALTIES), format_func=lambda name: t(PENALTIES[name].title), key="lengths_penalty"
        )
        alpha = live_slider(
            t("Power α"), 0, 2, 0.6, 0.01, key="lengths_alpha", ends=(t("the sum"), t("long answers win"))
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
        st.caption(t("{meaning}. {source}").format(meaning=t(row.meaning), source=row.source))


def _read_by_model() -> tuple[list[float], list[int]] | None:
    question = _text_line(t("Question"), "lengths_question", QUESTION)
    answers = [
        _text_line(t("Answer {name}").format(name=name), f"lengths_answer_{name}", answer)
        for name, answer in zip(NAMES, ANSWERS, strict=True)
    ]
    try:
        nll, labels = _costs(question, tuple(answers))
        log_p, lengths = (column.tolist() for column in sequence_log_probabilities(nll, labels))
    except ValueError as error:
        st.text(str(error))
        return None
    st.caption(
        t("The embedded model reads every answer after the question; the end-of-turn token is the last one counted.")
    )
    return log_p, lengths


def _text_line(label: str, key: str, default: str) -> str:
    return st.text_input(label, linked(key, default), max_chars=200, key=key)


@st.cache_resource(show_spinner=False, max_entries=32)
def _costs(question: str, answers: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """nll [B, T-1] and labels [B, T] of one question with each of the answers."""
    chats = [[{"role": "user", "content": question}, {"role": "assistant", "content": one}] for one in answers]
    batch, nll = batched([inspect(chat, model=MODEL) for chat in chats])
    return nll, batch.labels


def _made() -> tuple[list[float], list[int]]:
    st.caption(t("Numbers made up to start with: move them."))
    log_p, lengths = [], []
    for name, (value, length) in zip(NAMES, MADE, strict=True):
        log_p.append(
            live_slider(t("{name}: log p, nats").format(name=name), -40, -0.5, value, 0.5, key=f"lengths_log_p_{name}")
        )
        lengths.append(
            round(live_slider(t("{name}: tokens").format(name=name), 1, 40, length, 1, key=f"lengths_tokens_{name}"))
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
        t("{name}: log p {log_p}, {count} tokens").format(
            name=name, log_p=f"{value:.2f}".replace("-", "−"), count=length
        )
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
    order = t("At α = {alpha}, **{first}** wins, then {second}, then {third}.")
    st.markdown(order.format(alpha=f"{alpha:.2f}", first=first, second=others[0], third=others[1]))
    columns = st.columns(len(swaps))
    for column, ((i, j), at) in zip(columns, swaps.items(), strict=True):
        with column:
            facts({t("{one} and {other} change places").format(one=NAMES[i], other=NAMES[j]): _place(at)})


def _place(at: float | None) -> str:
    if at is None:
        return t("at no α")
    if at < ALPHAS[0]:
        return t("below 0, at α = {alpha}").format(alpha=f"{at:.2f}")
    if at > ALPHAS[-1]:
        return t("above 2, at α = {alpha}").format(alpha=f"{at:.2f}")
    return t("at α = {alpha}").format(alpha=f"{at:.3f}")


@st.fragment
def _texts() -> None:
    st.subheader(t("Whole texts: BLEU, ROUGE, token F1"))
    st.write(
        t(
            "Where there are no probabilities, only texts, what is counted is shared words. **None of these scores "
            "reads meaning.** With the first example, candidate 1 says the same in other words, and candidate 2 says "
            "the opposite in the same words."
        )
    )
    for key, text in zip(BOXES, EXAMPLES["Paraphrase and negation"], strict=True):
        st.session_state.setdefault(key, linked(key, text))
    left, right = st.columns([2, 5], gap="large")
    with left:
        for name, texts in EXAMPLES.items():
            st.button(t(name), key=f"example_{name}", on_click=_load, args=(texts,), width="stretch")
        labels = (t("Reference"), t("Candidate 1"), t("Candidate 2"))
        reference, *candidates = (
            st.text_area(label, key=key, max_chars=2000, height=72) for label, key in zip(labels, BOXES, strict=True)
        )
        tokenizer = st.selectbox(
            t("BLEU cuts words by"), list(BLEU_TOKENIZERS), format_func=_tokenizer_title, key="text_tokenizer"
        )
        characters = st.checkbox(t("Token F1 by characters, for Chinese"), key="text_characters")
    try:
        found = [_scored(candidate, reference, tokenizer, characters) for candidate in candidates]
        signature = bleu([candidates[0]], [[reference]], tokenizer).signature
    except ValueError as error:
        right.text(str(error))
        return
    with right:
        show(text_score_bars(dict(zip(labels[1:], found, strict=True)), theme()), "text_scores")
        st.caption(
            t(
                "BLEU and token F1 are out of 100, ROUGE (F1) out of 1, as papers give them. A paraphrase scores low, "
                "a negation high: such scores tell whether words were kept, not whether the answer is true."
            )
        )
        st.caption(
            t("BLEU depends on how words are cut, so papers cite sacrebleu's signature: {signature}").format(
                signature=f"`{signature}`"
            )
        )


def _load(texts: tuple[str, ...]) -> None:
    for key, text in zip(BOXES, texts, strict=True):
        st.session_state[key] = text


def _tokenizer_title(name: str) -> str:
    return f"{name}: {t(BLEU_TOKENIZERS[name])}"


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
