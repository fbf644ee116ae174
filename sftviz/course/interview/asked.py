"""asked.yaml -> the questions that published collections ask in this subject, and the card that answers each."""

from functools import cache

import yaml
from pydantic import BaseModel, ConfigDict

from sftviz.course.content import LESSONS
from sftviz.course.questions import Said


class AskedQuestion(BaseModel):
    """sources: letters of the collections; lesson: the number of the one that takes it; card: "lesson/question"."""

    model_config = ConfigDict(extra="forbid")

    n: int
    question: Said
    sources: list[str]
    lesson: int
    card: str | None = None


@cache
def asked_questions() -> tuple[AskedQuestion, ...]:
    """Every row, in the order of its number."""
    rows = yaml.safe_load((LESSONS / "asked.yaml").read_text(encoding="utf-8"))
    return tuple(AskedQuestion.model_validate(row) for row in rows)
