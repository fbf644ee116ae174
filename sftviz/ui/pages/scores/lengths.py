"""Answers of different lengths: which one wins, under which penalty."""

from itertools import combinations

import streamlit as st
import torch
from torch import Tensor

from sftviz.figures.scores import Contest, Swap, score_curves
from sftviz.inspection import batched, inspect
from sftviz.loss.scores import (
    PENALTIES,
    ranking_over,
    scores_over,
    sequence_log_probabilities,
    sequence_score,
    swap_alpha,
)
from sftviz.ui.components.bounded import fits
from sftviz.ui.components.facts import facts
from sftviz.ui.lab import beside
from sftviz.ui.language import explained, t, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Number, Text, table
from sftviz.ui.theme import show, theme

MODEL = "sftviz/tiny-sft"
LONGEST = 4000  # characters of a text that is read
ALPHAS = torch.linspace(0, 2, 81, dtype=torch.float64).tolist()
NAMES = ("A", "B", "C")
SOURCE = Choice("lengths_source", "model", ("model", "made"))
PENALTY = Choice("lengths_penalty", next(iter(PENALTIES)), tuple(PENALTIES))
ALPHA = Number("lengths_alpha", 0.6, 0, 2, 0.01)
QUESTION = Text("lengths_question", "What does thumb mean?")
ANSWERS = {
    "A": Text("lengths_answer_A", "Thumb."),
    "B": Text("lengths_answer_B", "Thumb means a digit."),
    "C": Text("lengths_answer_C", "Thumb means the thick short innermost digit of the forelimb."),
}
LOG_P = {  # nats
    "A": Number("lengths_log_p_A", -6.0, -40, -0.5, 0.5),
    "B": Number("lengths_log_p_B", -9.0, -40, -0.5, 0.5),
    "C": Number("lengths_log_p_C", -30.0, -40, -0.5, 0.5),
}
LENGTHS = {  # tokens
    "A": Number("lengths_tokens_A", 4, 1, 40, 1),
    "B": Number("lengths_tokens_B", 8, 1, 40, 1),
    "C": Number("lengths_tokens_C", 20, 1, 40, 1),
}
KNOBS = table(SOURCE, PENALTY, ALPHA, QUESTION, *ANSWERS.values(), *LOG_P.values(), *LENGTHS.values())


@fragment
def lengths() -> None:
    st.header(t("ui.scores.lengths"), anchor=False)
    st.write(t("ui.scores.lengths_intro"))
    left, right = beside("lengths_lengths")
    with left:
        source = SOURCE.segmented(t("ui.scores.source"), lambda name: t(f"ui.scores.from_{name}"))
        candidates = _read_by_model() if source == "model" else _made()
        penalty = PENALTY.selectbox(t("ui.scores.penalty"), lambda name: words_of("penalty", PENALTIES[name]))
        alpha = ALPHA.live(t("ui.scores.alpha"), ends=(t("ui.scores.the_sum"), t("ui.scores.long_answers_win")))
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
    question = QUESTION.text(t("ui.common.question"))
    answers = [knob.text(t("ui.scores.answer", name=name)) for name, knob in ANSWERS.items()]
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


@st.cache_resource(show_spinner=False, max_entries=32)
def _costs(question: str, answers: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """nll [B, T-1] and labels [B, T] of one question with each of the answers."""
    chats = [[{"role": "user", "content": question}, {"role": "assistant", "content": one}] for one in answers]
    batch, nll = batched([inspect(chat, model=MODEL) for chat in chats])
    return nll, batch.labels


def _made() -> tuple[list[float], list[int]]:
    st.caption(t("ui.scores.made_up"))
    log_p = [knob.live(t("ui.scores.made_log_p", name=name)) for name, knob in LOG_P.items()]
    lengths = [knob.live(t("ui.scores.made_tokens", name=name)) for name, knob in LENGTHS.items()]
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
