"""One question of a mock interview on the screen: to talk about, to be asked on, to derive, to find the slip in."""

from collections.abc import Callable, Sequence

import streamlit as st

from sftviz.course.formulas import Formula, check_formula
from sftviz.course.interview.cards import Card, FollowUp
from sftviz.course.interview.slips import Snippet
from sftviz.course.questions import Question
from sftviz.ui.components.clock import clock
from sftviz.ui.components.question import show_me
from sftviz.ui.language import language, t

FOLLOW_UP = 30  # seconds
FORMULA, CODE = 180, 120


def speak(card: Card, n: int, lock: Callable[[str], None]) -> None:
    """The question and a clock; the answer is spoken, or written in a few lines, and then locked."""
    st.header(card.question.question.in_language(language()), anchor=False)
    clock(card.asking.seconds, f"question {n}")
    key = f"mock_text_{n}"
    st.text_area(t("ui.mock.write"), key=key, height=130, placeholder=t("ui.mock.aloud"))
    st.button(t("ui.mock.done"), type="primary", key="mock_done", on_click=lambda: lock(st.session_state.get(key, "")))


def points(card: Card, n: int, written: str, ticked: Sequence[bool], go_on: Callable[[list[bool]], None]) -> None:
    """What a good answer says: ticked where it was said; and what people get wrong, with the number against it."""
    said = language()
    st.header(card.question.question.in_language(said), anchor=False)
    if written.strip():
        st.text(written)
    st.markdown(f"**{t('ui.mock.points')}** · {t('ui.mock.tick')}")
    keys = [f"mock_point_{n}_{i}" for i in range(len(card.asking.points))]
    for key, point, was_said in zip(keys, card.asking.points, ticked, strict=True):
        st.session_state.setdefault(key, was_said)
        st.checkbox(point.says.in_language(said), key=key)
    if card.question.wrong:
        st.markdown(f"**{t('ui.mock.wrong')}**")
    for i, wrong in enumerate(card.question.wrong):
        if st.checkbox(wrong.claim.in_language(said), key=f"mock_wrong_{n}_{i}"):
            st.warning(wrong.why.in_language(said), icon=":material/close:")
            _number_against(card.question)
    show_me(card.question.show)
    leave = lambda: go_on([st.session_state[key] for key in keys])  # noqa: E731
    st.button(t("ui.mock.on"), type="primary", key="mock_on", on_click=leave)


def _number_against(question: Question) -> None:
    """The number that settles it, large; of a proof that something is so, its sentence."""
    if question.proof is None:
        return
    says, value = question.proof.says.in_language(language()), question.proof.compute()
    if value in (0, 1):
        st.markdown(says)
    else:
        st.metric(says, f"{value:,.6g}")


def follow_up(one: FollowUp, of: str, done: bool, go_on: Callable[[], None]) -> None:
    """Asked on, as an interviewer does; then the two lines that would have done."""
    st.caption(t("ui.mock.follow_up"))
    st.header(one.question.in_language(language()), anchor=False)
    if done:
        st.markdown(one.answer.in_language(language()))
    else:
        clock(FOLLOW_UP, f"follow-up {of}")
    st.button(
        t("ui.mock.on" if done else "ui.mock.done"), type="primary", key=f"mock_follow_{of}_{done}", on_click=go_on
    )


def derive(formula: Formula, n: int, record: Callable[[Sequence[bool]], None]) -> None:
    """A formula is typed and judged by SymPy; the first one counts, and one may try on."""
    st.caption(t("ui.mock.derive"))
    st.header(formula.asks.in_language(language()), anchor=False)
    clock(FORMULA, f"question {n}")
    key, first = f"mock_formula_{n}", f"mock_first_{n}"
    typed = st.text_input(t("ui.mock.formula"), key=key, help=t("ui.mock.formula_help"))
    if typed.strip():
        judged = check_formula(formula.name, typed)
        st.session_state.setdefault(first, judged.proved)
        (st.success if judged else st.error)(judged.text(language()))

    def leave() -> None:
        last = st.session_state[key]  # typed, and not yet judged
        record([st.session_state.get(first, bool(last.strip()) and check_formula(formula.name, last).proved)])

    st.button(t("ui.mock.on"), type="primary", key="mock_on", on_click=leave)


def code(snippet: Snippet, n: int, seed: int, record: Callable[[Sequence[bool]], None]) -> None:
    """Code with one slip: what is wrong with it?"""
    st.caption(t("ui.mock.code"))
    st.header(t("ui.mock.slip"), anchor=False)
    clock(CODE, f"question {n}")
    st.code(snippet.code, language="python", wrap_lines=True)
    offered = snippet.choices(seed)
    chosen = st.radio(
        t("ui.mock.slip"), range(len(offered)), index=None, key=f"mock_slip_{n}", label_visibility="collapsed",
        format_func=lambda i: offered[i].in_language(language()), disabled=f"mock_locked_{n}" in st.session_state,
    )  # fmt: skip
    locked = st.session_state.get(f"mock_locked_{n}")
    if locked is None:
        lock = lambda: st.session_state.update({f"mock_locked_{n}": chosen})  # noqa: E731
        st.button(t("ui.mock.done"), type="primary", key="mock_done", disabled=chosen is None, on_click=lock)
        return
    right = offered[locked] == snippet.cause
    cause = snippet.cause.in_language(language())
    (st.success if right else st.error)(f"{'✓' if right else '✗'} {cause}")
    st.button(t("ui.mock.on"), type="primary", key="mock_on", on_click=record, args=([right],))
