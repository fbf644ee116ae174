"""glossary.yaml -> the course's terms: a line each, and where prose uses one first.

What a per-token quantity means is said by the strip in its own words (`bench.term`): the glossary shows those.
"""

import re
from collections.abc import Callable
from functools import cache

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from sftviz.course.content import LESSONS
from sftviz.course.lesson import Lesson
from sftviz.course.map import course
from sftviz.course.questions import Said
from sftviz.words import Said as Code
from sftviz.words import say

# What stays as it is: code, formulas, links, headings, comments
KEPT = r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\n]+\$|!?\[[^\]]*\]\([^)]*\)|^#[^\n]*$|<!--.*?-->"


class Term(BaseModel):
    """A word of the course. forms: how else prose writes it, by language."""

    model_config = ConfigDict(extra="forbid")

    id: str
    lesson: str  # the slug of the lesson that explains it, which may not be written yet
    term: Said
    says: Said | None = None
    column: str = ""  # of the strip's table, where the line is that of its words
    forms: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _says_it_once(self) -> "Term":
        if (self.says is None) != bool(self.column):
            raise ValueError(f"{self.id}: a term has a line of its own, or a column whose line it is")
        return self

    def meaning(self, language: str) -> str:
        if self.says is not None:
            return self.says.in_language(language)
        return say(Code(f"bench.term.{self.column}"), "zh" if language == "zh" else "en")

    def written(self, language: str) -> list[str]:
        """Every way in which prose writes it."""
        return [self.term.in_language(language), *self.forms.get(language, [])]


@cache
def glossary() -> tuple[Term, ...]:
    """Every term, in the file's order."""
    return tuple(map(Term.model_validate, yaml.safe_load((LESSONS / "glossary.yaml").read_text(encoding="utf-8"))))


def known_in(lesson: Lesson) -> list[Term]:
    """The terms that a lesson explains, or one before it: a word is no term before it is explained."""
    number = {node.slug: node.number for node in course().nodes}
    return [term for term in glossary() if number[term.lesson] <= number[lesson.slug]]


def linked(markdown: str, language: str, terms: dict[str, Term], href: Callable[[Term], str]) -> str:
    """The prose with a link at the first use of every term; those it links are taken out of `terms`, which has ids."""
    pattern = _pattern(language)

    def link(match: re.Match[str]) -> str:
        whole, written = match[0], match["term"] or match["bold"]
        term = _forms(language).get(written or "")
        if term is None or terms.pop(term.id, None) is None:
            return whole
        return f"[{whole}]({href(term)})"

    return pattern.sub(link, markdown)


@cache
def _forms(language: str) -> dict[str, Term]:
    return {form: term for term in glossary() for form in term.written(language)}


@cache
def _pattern(language: str) -> re.Pattern[str]:
    """What is kept, or bold, or a term, the longest first; Latin letters end a word, Chinese ones do not."""
    forms = "|".join(map(re.escape, sorted(_forms(language), key=len, reverse=True)))
    return re.compile(
        rf"{KEPT}|\*\*(?P<bold>[^*]+)\*\*|(?<![A-Za-z0-9_/-])(?P<term>{forms})(?![A-Za-z0-9_-])", re.S | re.M
    )
