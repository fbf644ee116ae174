"""Cards to take away: a deck for Anki, a sheet to print."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import groupby

from sftviz.course.interview.cards import Card
from sftviz.words import Language, say
from sftviz.words import Said as Sentence

PASS = 0.6  # of a sheet's questions, cold


def anki_csv(cards: Iterable[Card], language: Language) -> str:
    """Text that Anki imports: question, answer, tags, a deck for each lesson. Fields are HTML, and escaped."""
    out = io.StringIO()
    out.write("#separator:Comma\n#html:true\n#columns:Front,Back,Tags,Deck\n#tags column:3\n#deck column:4\n")
    rows = csv.writer(out, lineterminator="\n")
    for card in cards:
        title = card.lesson.front_matter(language).title
        tags = f"sftviz {card.question.level} {card.lesson.slug}"
        front = _html(card.question.question.in_language(language))
        rows.writerow([front, _html(_back(card, language)), tags, f"sftviz::{card.lesson.number:02} {title}"])
    return out.getvalue()


def sheet(cards: Iterable[Card], language: Language) -> str:
    """Markdown: every question with room to write, then every answer; the pass mark at the top."""
    asked = list(cards)
    return "\n".join(
        [
            f"# {say(Sentence('sheet.title'), language)}",
            "",
            say(Sentence("sheet.rule", count=len(asked), enough=round(PASS * len(asked))), language),
            *_questions(asked, language),
            "",
            f"# {say(Sentence('sheet.answers'), language)}",
            *_answers(asked, language),
            "",
        ]
    )


def _questions(cards: list[Card], language: Language) -> Iterator[str]:
    for lesson, group in groupby(enumerate(cards, start=1), key=lambda one: one[1].lesson):
        yield f"\n## {lesson.number}. {lesson.front_matter(language).title}\n"
        for n, card in group:
            yield f"{n}. ({card.question.level}) {card.question.question.in_language(language)}\n\n   {'_' * 60}\n"


def _answers(cards: list[Card], language: Language) -> Iterator[str]:
    for n, card in enumerate(cards, start=1):
        yield f"\n**{n}.** {_back(card, language)}"


def _back(card: Card, language: Language) -> str:
    points = "\n".join(f"- {point.says.in_language(language)}" for point in card.asking.points)
    wrong = "\n".join(
        f"✗ {one.claim.in_language(language)} {one.why.in_language(language)}" for one in card.question.wrong
    )
    return "\n\n".join(part for part in (card.question.answer.in_language(language), points, wrong) if part)


def _html(markdown: str) -> str:
    """Text for a field of Anki: nothing in it is a tag, formulas stand as its MathJax reads them."""
    escaped = markdown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    pieces = escaped.split("$")
    if len(pieces) % 2:  # every formula is closed
        pieces = [rf"\({piece}\)" if i % 2 else piece for i, piece in enumerate(pieces)]
        escaped = "".join(pieces)
    return escaped.replace("\n", "<br>")
