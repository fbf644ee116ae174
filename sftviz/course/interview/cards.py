"""interview.yaml -> how a lesson's cards are asked: what a good answer says, and what is asked where it did not."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from sftviz.course.lesson import Lesson, all_lessons
from sftviz.course.questions import Question, Said

FILE = "interview.yaml"
MOST_FOLLOW_UPS = 2


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Words(_Strict):
    """Key words by language, in lower case."""

    en: list[str]
    zh: list[str]

    def of(self, language: str) -> list[str]:
        return self.zh if language == "zh" else self.en


class Point(_Strict):
    """A statement that a good answer holds. Any one of its words in a written answer ticks it at first."""

    says: Said
    words: Words


class FollowUp(_Strict):
    """What is asked next: where that point was missing, counted from 1, or always."""

    if_missing: int | Literal["always"]
    question: Said
    answer: Said


class Asking(_Strict):
    """How one card is asked. asked_by: the collections of questions in which it was met, by their letters."""

    seconds: Literal[30, 60, 120] = 60
    asked_by: list[str] = []
    points: list[Point]
    follow_ups: list[FollowUp]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not 1 <= len(self.points) <= 5:
            raise ValueError(f"a card has one to five points, and this one {len(self.points)}")
        for one in self.follow_ups:
            if one.if_missing != "always" and not 1 <= one.if_missing <= len(self.points):
                raise ValueError(f"a follow-up is for point {one.if_missing} of {len(self.points)}")
        return self


@dataclass(frozen=True)
class Card:
    """A question of a lesson's ladder, and how it is asked."""

    lesson: Lesson
    question: Question
    asking: Asking

    @property
    def name(self) -> str:
        return name_of(self.lesson, self.question)

    def ticked(self, text: str, language: str) -> list[bool]:
        """Which points a written answer seems to say: the reader corrects it."""
        return [any(_stands(word, text.lower()) for word in point.words.of(language)) for point in self.asking.points]

    def follow_up(self, said: Sequence[bool], asked: Sequence[int]) -> int | None:
        """Which follow-up comes next, given the points said and those asked: from what was missed, at most two."""
        if len(asked) >= MOST_FOLLOW_UPS:
            return None
        open_ones = [i for i in range(len(self.asking.follow_ups)) if i not in asked]
        missed = [i for i in open_ones if self._is_missed(i, said)]
        always = [i for i in open_ones if self.asking.follow_ups[i].if_missing == "always"]
        return next(iter(missed or always), None)

    def _is_missed(self, follow_up: int, said: Sequence[bool]) -> bool:
        point = self.asking.follow_ups[follow_up].if_missing
        return point != "always" and not said[point - 1]


def name_of(lesson: Lesson, question: Question) -> str:
    """What a card is called in a progress file and in the table of questions."""
    return f"{lesson.slug}/{question.id}"


def askings(lesson: Lesson) -> Mapping[str, Asking]:
    """How a lesson's cards are asked, by their id; empty where it does not say so."""
    path = lesson.folder / FILE
    return _read(path, path.stat().st_mtime) if path.is_file() else {}


def all_cards() -> dict[str, Card]:
    """Every card that says how it is asked, by name, lesson after lesson."""
    cards = [
        Card(lesson, question, asking)
        for lesson in all_lessons()
        for question in lesson.questions
        if (asking := askings(lesson).get(question.id)) is not None
    ]
    return {card.name: card for card in cards}


def _stands(word: str, text: str) -> bool:
    """A word by itself: 9 does not stand in 19. Chinese has no spaces, so its words stand anywhere."""
    before = r"(?<![a-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    after = r"(?![a-z0-9])" if word[-1].isascii() and word[-1].isalnum() else ""
    return re.search(before + re.escape(word) + after, text) is not None


@cache
def _read(path: Path, changed: float) -> Mapping[str, Asking]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: Asking.model_validate(row) for name, row in found.items()}
