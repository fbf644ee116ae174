"""A mock interview: which question comes next, given the answers so far, and what to say at its end.

It opens with the basics of the three topics that weigh most for the role; after that two good answers in a row raise
the level and a poor one lowers it. One question of ten is a derivation that SymPy judges, one a line of code whose
slip is to be found. The same seed and the same answers give the same questions.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sftviz.course.interview.cards import Card
from sftviz.course.questions import LEVELS

Kind = Literal["talk", "derive", "code"]
Role = Literal["sft", "pretraining", "research", "campus"]

# What weighs for whom, by lesson; any other lesson weighs 1
ROLES: dict[Role, Mapping[str, float]] = {
    "sft": {"prompt_masking": 5, "one_number": 4, "masked_still_learn": 3, "next_token": 3},
    "pretraining": {"next_token": 5, "cross_entropy_vs_mse": 4, "one_number": 3},
    "research": {"cross_entropy_vs_mse": 5, "masked_still_learn": 4, "next_token": 2},
    "campus": {"next_token": 4, "cross_entropy_vs_mse": 4, "prompt_masking": 3},
}
COUNT, MINUTES = 10, 25
OPENING = 3  # basics of the heaviest topics
DERIVE_AT, CODE_AT = 5, 8  # which question is a formula, which a line of code, counted from 0
GOOD, POOR = 2 / 3, 1 / 3  # share of the points that were said
ORDER = tuple(LEVELS)


@dataclass(frozen=True)
class Asked:
    """A question that was put: a card's name, a formula's, or "kata/place of the slip"."""

    kind: Kind
    name: str


@dataclass(frozen=True)
class Answer:
    """What came of a question: which points were said (a formula and a slip have one), and what was asked on."""

    asked: Asked
    said: tuple[bool, ...]
    follow_ups: tuple[int, ...] = ()

    @property
    def share(self) -> float:
        return sum(self.said) / max(1, len(self.said))


@dataclass(frozen=True)
class Mock:
    """An interview: its role, its seed, and what can be asked."""

    role: Role
    seed: int
    cards: Mapping[str, Card]
    formulas: Sequence[str] = ()
    slips: Sequence[str] = ()
    count: int = COUNT

    def next(self, answers: Sequence[Answer]) -> Asked | None:
        """The question after these answers; None at the end, and where nothing is left to ask."""
        at = len(answers)
        if at >= self.count:
            return None
        chance = random.Random(f"{self.role}:{self.seed}:{at}")
        if at == DERIVE_AT and self.formulas:
            return Asked("derive", chance.choice(list(self.formulas)))
        if at == CODE_AT and self.slips:
            return Asked("code", chance.choice(list(self.slips)))
        name = self._card(answers, chance)
        return None if name is None else Asked("talk", name)

    def level(self, answers: Sequence[Answer]) -> str:
        """What the answers so far have earned: L1 at first."""
        at, in_a_row = 0, 0
        for answer in answers:
            in_a_row = in_a_row + 1 if answer.share >= GOOD else 0
            if in_a_row == 2:
                at, in_a_row = min(at + 1, len(ORDER) - 1), 0
            elif answer.share < POOR:
                at = max(at - 1, 0)
        return ORDER[at]

    def _card(self, answers: Sequence[Answer], chance: random.Random) -> str | None:
        done = {answer.asked.name for answer in answers}
        left = [card for name, card in self.cards.items() if name not in done]
        if len(answers) < OPENING:
            topic = self._topics()[len(answers) :][:1]
            opening = [card for card in left if card.lesson.slug in topic and card.question.level == ORDER[0]]
            if opening:
                return chance.choice(opening).name
        level = ORDER.index(self.level(answers))
        left.sort(key=lambda card: abs(ORDER.index(card.question.level) - level))
        near = [card for card in left if card.question.level == left[0].question.level]
        return chance.choices(near, [self._weight(card.lesson.slug) for card in near])[0].name if near else None

    def _topics(self) -> list[str]:
        """Lessons that have cards, the heaviest for this role first."""
        topics = list(dict.fromkeys(card.lesson.slug for card in self.cards.values()))
        return sorted(topics, key=lambda slug: -self._weight(slug))

    def _weight(self, slug: str) -> float:
        return ROLES[self.role].get(slug, 1)


@dataclass(frozen=True)
class Summary:
    """The end of it. topics: share of the points said, by lesson; missed: card and point; again: cards for tomorrow."""

    share: float
    topics: Mapping[str, float]
    missed: Sequence[tuple[str, int]]
    again: Sequence[str]
    exact: Mapping[str, bool] = field(default_factory=dict[str, bool])


def summary(answers: Sequence[Answer], cards: Mapping[str, Card]) -> Summary:
    """What an interview of these answers has shown."""
    by_topic: dict[str, list[bool]] = defaultdict(list)
    talks = [answer for answer in answers if answer.asked.kind == "talk"]
    for answer in talks:
        by_topic[cards[answer.asked.name].lesson.slug] += answer.said
    weakest = sorted((answer for answer in talks if answer.share < 1), key=lambda answer: answer.share)
    return Summary(
        share=sum(answer.share for answer in answers) / max(1, len(answers)),
        topics={topic: sum(said) / len(said) for topic, said in by_topic.items()},
        missed=[(one.asked.name, i) for one in talks for i, said in enumerate(one.said) if not said],
        again=[answer.asked.name for answer in weakest[:3]],
        exact={answer.asked.name: answer.said[0] for answer in answers if answer.asked.kind != "talk"},
    )
