"""A mock interview, one question at a time: speak or write, lock it, see the points, be asked on, and a summary."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import streamlit as st
from pydantic import TypeAdapter, ValidationError

from sftviz.course.formulas import FORMULAS
from sftviz.course.interview.cards import Card
from sftviz.course.interview.mock import COUNT, GOOD, MINUTES, ROLES, Answer, Asked, Mock, Role
from sftviz.course.interview.progress import Progress
from sftviz.course.interview.slips import all_snippets
from sftviz.ui.components.memory import remember
from sftviz.ui.language import language, t
from sftviz.ui.pages.interview import questions, result
from sftviz.ui.state import Choice, Number

ROLE = Choice[Role]("mock_role", "sft", tuple(ROLES))
SEED = Number("mock_seed", 1, 1, 9999, 1)
KNOBS = (ROLE, SEED)
PLACE = "mock:1"
Phase = Literal["speak", "points", "follow", "followed"]


@dataclass
class Sitting:
    """An interview that is going on. `asked` and what follows are of the question on the table."""

    mock: Mock
    answers: list[Answer] = field(default_factory=list[Answer])
    asked: Asked | None = None
    phase: Phase = "speak"
    written: str = ""
    said: list[bool] = field(default_factory=list[bool])
    follow_ups: list[int] = field(default_factory=list[int])

    def go_on(self) -> None:
        self.asked = self.mock.next(self.answers)
        self.phase, self.written, self.said, self.follow_ups = "speak", "", [], []

    def record(self, said: Sequence[bool]) -> None:
        """The question on the table is answered; the next one comes."""
        if self.asked is not None:
            self.answers.append(Answer(self.asked, tuple(said), tuple(self.follow_ups)))
        self.go_on()


@dataclass(frozen=True)
class Kept:
    """What the browser keeps of an interview: from the same seed and answers it goes on where it stopped."""

    role: Role
    seed: int
    answers: tuple[Answer, ...]


_kept = TypeAdapter(Kept)


def page(cards: Mapping[str, Card], progress: Progress) -> None:
    held: Sitting | None = st.session_state.get("sitting")
    if held is None:
        _begin(cards)
    elif held.asked is None:
        with st.container(key="mock_result"):
            result.show(held.answers, cards, held.mock.seed)
        st.button(t("ui.mock.another"), on_click=_leave, icon=":material/refresh:")
    else:
        _question(held, cards, progress)
    remember(PLACE, _text(st.session_state.get("sitting")), lambda text: _resume(text, cards))


def _begin(cards: Mapping[str, Card]) -> None:
    with st.container(border=True):
        st.markdown(t("ui.mock.begin", count=COUNT, minutes=MINUTES))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            role = ROLE.segmented(t("ui.mock.role"), lambda name: t(f"ui.mock.role_{name}"))
            seed = SEED.slider(t("ui.mock.seed"), help=t("ui.mock.seed_help"))
        st.button(
            t("ui.mock.start"), type="primary", key="mock_start", on_click=_sit_down, args=(role, int(seed), (), cards)
        )


def _sit_down(role: Role, seed: int, answers: Sequence[Answer], cards: Mapping[str, Card]) -> None:
    knobs = {knob.key for knob in KNOBS}
    for key in [key for key in st.session_state if str(key).startswith("mock_") and key not in knobs]:
        del st.session_state[key]  # what was written and ticked in the last one
    mine = [name for name, formula in FORMULAS.items() if formula.lesson in {c.lesson.slug for c in cards.values()}]
    held = Sitting(Mock(role, seed, cards, mine, list(all_snippets())), list(answers))
    held.go_on()
    st.session_state.sitting = held


def _leave() -> None:
    del st.session_state["sitting"]


def _text(held: Sitting | None) -> str:
    if held is None:
        return ""
    return _kept.dump_json(Kept(held.mock.role, held.mock.seed, tuple(held.answers))).decode()


def _resume(text: str, cards: Mapping[str, Card]) -> None:
    try:
        kept = _kept.validate_json(text)
    except ValidationError:
        return
    if all(answer.asked.kind != "talk" or answer.asked.name in cards for answer in kept.answers):
        _sit_down(kept.role, kept.seed, kept.answers, cards)


def _question(held: Sitting, cards: Mapping[str, Card], progress: Progress) -> None:
    assert held.asked is not None
    n = len(held.answers)
    st.progress(n / held.mock.count, t("ui.mock.at", n=n + 1, count=held.mock.count))
    draw: dict[str, Callable[[], None]] = {
        "talk": lambda: _talk(held, cards[held.asked.name if held.asked else ""], progress),
        "derive": lambda: questions.derive(FORMULAS[held.asked.name if held.asked else ""], n, held.record),
        "code": lambda: questions.code(
            all_snippets()[held.asked.name if held.asked else ""], n, held.mock.seed, held.record
        ),
    }
    with st.container(border=True, key="mock_question"):
        draw[held.asked.kind]()
    st.button(t("ui.mock.stop"), on_click=_leave, type="tertiary")


def _talk(held: Sitting, card: Card, progress: Progress) -> None:
    n = len(held.answers)
    if held.phase == "speak":
        questions.speak(card, n, lambda text: _lock(held, card, text))
    elif held.phase == "points":
        questions.points(card, n, held.written, held.said, lambda said: _asked_on(held, card, said, progress))
    else:
        follow_up = card.asking.follow_ups[held.follow_ups[-1]]
        done = held.phase == "followed"
        questions.follow_up(follow_up, f"{n}:{len(held.follow_ups)}", done, lambda: _follow(held, card, done, progress))


def _lock(held: Sitting, card: Card, text: str) -> None:
    held.written, held.said, held.phase = text, card.ticked(text, language()), "points"


def _asked_on(held: Sitting, card: Card, said: Sequence[bool], progress: Progress) -> None:
    """After the points: a follow-up from what was missed, or the next question."""
    held.said = list(said)
    coming = card.follow_up(held.said, held.follow_ups)
    if coming is None:
        progress.told(card.name, sum(held.said) / len(held.said) >= GOOD, date.today())
        held.record(held.said)
        return
    held.follow_ups.append(coming)
    held.phase = "follow"


def _follow(held: Sitting, card: Card, done: bool, progress: Progress) -> None:
    if done:
        _asked_on(held, card, held.said, progress)
    else:
        held.phase = "followed"
