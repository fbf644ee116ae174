"""A folder -> a Lesson: its front matter and its cells, in English and in Chinese, read from Markdown notebooks."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from sftviz.course.content import LESSONS, NOTEBOOKS, CourseError, load
from sftviz.course.questions import Question, read_questions
from sftviz.words import Language

if TYPE_CHECKING:
    from sftviz.course.katas import Kata

SOURCES: dict[Language, str] = {"en": "lesson.md", "zh": "lesson.zh.md"}
MARK = re.compile(r"^<!-- (lab|ask (?P<question>[\w-]+)|kata) -->$", re.M)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^\n$]+?)\$", re.S)
FRONT = re.compile(r"---\n(.*?)\n---\n", re.S)
HEADING = re.compile(r"^(#+) ", re.M)


class FrontMatter(BaseModel):
    """What stands between the dashes at the top of a lesson."""

    model_config = ConfigDict(extra="forbid")

    number: int
    title: str
    short: str = ""  # for the menu, where the title would be cut
    question: str  # the one question the lesson answers
    see: str = ""  # the lesson in three sentences, for who wants to see only
    can: str = ""  # what the reader can do now, for the end of the page
    minutes: int
    requires: list[str] = []
    labs: list[str] = []  # addresses of the labs it explains


Kind = Literal["markdown", "code", "lab", "ask", "kata"]


@dataclass(frozen=True)
class Cell:
    """A piece of a lesson. source: Markdown, Python, or the question's id; marks for lab and kata have none."""

    kind: Kind
    source: str
    id: str  # of the notebook cell: slug and place, so that two builds do not differ


@dataclass(frozen=True)
class Lesson:
    """One lesson, whole. Everything else about it is read on demand from its folder."""

    slug: str
    folder: Path

    def front_matter(self, language: Language = "en") -> FrontMatter:
        return _front_matter(self.folder / SOURCES[language])

    def cells(self, language: Language = "en") -> list[Cell]:
        """Prose, code and marks in reading order; the same kinds in the same places in every language."""
        pieces: list[tuple[Kind, str]] = []
        for cell in _notebook(self.folder / SOURCES[language]).cells[1:]:
            pieces.extend(_split(cell.source) if cell.cell_type == "markdown" else [("code", cell.source)])
        return [Cell(kind, source, f"{self.slug.replace('_', '-')}-{i:02}") for i, (kind, source) in enumerate(pieces)]

    @property
    def number(self) -> int:
        return self.front_matter().number

    @property
    def notebook(self) -> Path:
        """Where `python -m sftviz.course` writes it."""
        return NOTEBOOKS / f"{self.number:02}_{self.slug}.ipynb"

    @property
    def questions(self) -> list[Question]:
        return read_questions(self.folder / "questions.yaml")

    @property
    def kata(self) -> "Kata":
        return load(self.folder / "kata.py").KATA


@cache
def all_lessons() -> tuple[Lesson, ...]:
    """Every folder with a lesson.md, in the order of the numbers in their front matter.

    Raises CourseError where there is none: an installation without its lessons.
    """
    found = [Lesson(source.parent.name, source.parent) for source in LESSONS.glob(f"*/{SOURCES['en']}")]
    if not found:
        raise CourseError("lessons_missing", folder=str(LESSONS))
    return tuple(sorted(found, key=lambda lesson: lesson.number))


def find_lesson(slug: str) -> Lesson:
    """The lesson of that name; raises ValueError naming those there are."""
    for lesson in all_lessons():
        if lesson.slug == slug:
            return lesson
    raise ValueError(f"lesson {slug!r} is unknown; there are {', '.join(lesson.slug for lesson in all_lessons())}")


def headings(cells: list[Cell]) -> list[int]:
    """The levels of all headings, in order."""
    return [len(match[1]) for cell in cells if cell.kind == "markdown" for match in HEADING.finditer(cell.source)]


def formulas(cells: list[Cell]) -> list[str]:
    """Every formula, in order, without white space."""
    return [
        re.sub(r"\s+", "", match[1] or match[2])
        for cell in cells
        if cell.kind == "markdown"
        for match in FORMULA.finditer(cell.source)
    ]


@cache
def _front_matter(path: Path) -> FrontMatter:
    """Of every lesson at every run of the app: read by itself, since a whole lesson takes jupytext to read."""
    found = FRONT.match(path.read_text(encoding="utf-8"))
    if found is None:
        raise CourseError("no_front_matter", path=str(path))
    return FrontMatter.model_validate(yaml.safe_load(found[1]))


@cache
def _notebook(path: Path):
    import jupytext

    return jupytext.reads(path.read_text(encoding="utf-8"), fmt="md")


def _split(markdown: str) -> list[tuple[Kind, str]]:
    """Prose cut at its marks."""
    pieces: list[tuple[Kind, str]] = []
    done = 0
    for mark in MARK.finditer(markdown):
        pieces.append(("markdown", markdown[done : mark.start()].strip()))
        kind: Kind = "ask" if mark["question"] else mark[1]  # pyright: ignore[reportAssignmentType]
        pieces.append((kind, mark["question"] or ""))
        done = mark.end()
    pieces.append(("markdown", markdown[done:].strip()))
    return [piece for piece in pieces if piece != ("markdown", "")]
