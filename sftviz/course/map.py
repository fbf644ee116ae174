"""map.yaml -> the course as a map: its lessons, written or not, what each builds on, and the routes through them."""

from functools import cache
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from sftviz.course.content import LESSONS
from sftviz.course.lesson import Lesson, all_lessons
from sftviz.course.questions import Said


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Node(_Strict):
    """A lesson's place. requires: what the picture leads from; a written lesson's front matter decides instead."""

    slug: str
    number: int
    title: Said
    requires: list[str] = []
    place: tuple[int, int]  # column and row

    @property
    def lesson(self) -> Lesson | None:
        """The lesson, where it is written."""
        return next((lesson for lesson in all_lessons() if lesson.slug == self.slug), None)

    def worded(self, language: str) -> str:
        front = self.lesson.front_matter("zh" if language == "zh" else "en") if self.lesson else None
        return (front.short or front.title) if front else self.title.in_language(language)

    def builds_on(self) -> list[str]:
        return self.lesson.front_matter().requires if self.lesson else self.requires


class Route(_Strict):
    """A way through the lessons, by their numbers; dash: how its line is told from the others without colour."""

    name: Literal["learner", "interview", "repair"]
    title: Said
    says: Said
    dash: str
    order: list[int]


class Course(_Strict):
    """The whole map."""

    nodes: list[Node]
    routes: list[Route]

    def ahead(self, route: str) -> list[Lesson]:
        """The lessons of a route that are written, in its order."""
        by_number = {node.number: node.lesson for node in self.nodes}
        order = next(one.order for one in self.routes if one.name == route)
        return [lesson for number in order if (lesson := by_number[number])]


@cache
def course() -> Course:
    return Course.model_validate(yaml.safe_load((LESSONS / "map.yaml").read_text(encoding="utf-8")))


def next_lesson(lesson: Lesson, route: str = "learner") -> Lesson | None:
    """What comes after a lesson on a route; None after its last, and where it is not on it."""
    ahead = course().ahead(route)
    at = next((place for place, one in enumerate(ahead) if one.slug == lesson.slug), len(ahead))
    return ahead[at + 1] if at + 1 < len(ahead) else None
