"""What a reader knows: the box a card lies in and the day it comes back (Leitner), and the file that is taken along.

A card that was known goes a box further and comes back later; one that was not goes back to the first, and is asked
again today.
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from sftviz.course.content import CourseError

DAYS = (0, 1, 3, 7, 16)  # until a card of each box comes back
LARGEST = 1_000_000  # bytes of a file


class Standing(BaseModel):
    """Where a card lies."""

    box: int = Field(ge=0, lt=len(DAYS))
    due: date


class Progress(BaseModel):
    """The file: where every card lies that was asked at least once, by "lesson/question"."""

    format: Literal["sftviz interview progress, version 2"] = "sftviz interview progress, version 2"
    cards: dict[str, Standing] = {}

    def due(self, names: Collection[str], today: date) -> list[str]:
        """Of these cards the ones to ask today: those that come back, the longest overdue first, then new ones."""
        back = [name for name in names if name in self.cards and self.cards[name].due <= today]
        back.sort(key=lambda name: (self.cards[name].due, self.cards[name].box))
        return back + [name for name in names if name not in self.cards]

    def told(self, name: str, knew: bool, today: date) -> None:
        """The reader has looked at a card's answer, and says whether it was known."""
        before = self.cards.get(name)
        box = min((before.box if before else 0) + 1, len(DAYS) - 1) if knew else 0
        self.cards[name] = Standing(box=box, due=today + timedelta(days=DAYS[box]))

    def only(self, names: Collection[str]) -> "Progress":
        """What it says of cards that exist."""
        return Progress(cards={name: standing for name, standing in self.cards.items() if name in names})


class _First(BaseModel):
    """The file as it was written at first: a card was known, or to be asked again."""

    format: Literal["sftviz interview progress, version 1"]
    progress: dict[str, str]

    def as_now(self, today: date) -> Progress:
        now = Progress()
        for name, mark in self.progress.items():
            if mark in ("known", "again"):
                now.told(name, mark == "known", today)
        return now


_file: TypeAdapter[Progress | _First] = TypeAdapter(Annotated[Progress | _First, Field(discriminator="format")])


def read_progress(content: bytes | str, today: date) -> Progress:
    """A progress file of either version. Raises CourseError for any other, and for one that is too long."""
    if len(content) > LARGEST:
        raise CourseError("progress_too_long", most=LARGEST)
    try:
        read = _file.validate_json(content)
    except ValidationError as error:
        raise CourseError("foreign_progress") from error
    return read.as_now(today) if isinstance(read, _First) else read
