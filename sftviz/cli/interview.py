"""`sftviz interview`: the cards on paper, or as a deck for Anki."""

from pathlib import Path
from typing import Annotated

import typer

from sftviz.cli.border import console, user_mistakes, write
from sftviz.cli.options import Language

Lesson = Annotated[str, typer.Option("--lesson", help="only this lesson's cards")]


def interview(
    print_sheet: Annotated[bool, typer.Option("--print", help="a sheet: questions first, then the answers")] = False,
    anki: Annotated[Path | None, typer.Option(help="write a deck that Anki imports")] = None,
    lesson: Lesson = "",
    lang: Language = "en",
) -> None:
    """Take the interview's cards along: a sheet to print (Markdown), or a deck for Anki (CSV)."""
    with user_mistakes():
        from sftviz.course.interview.cards import all_cards
        from sftviz.course.interview.sheets import anki_csv, sheet
        from sftviz.course.lesson import find_lesson

        only = find_lesson(lesson).slug if lesson else ""
        cards = [card for card in all_cards().values() if only in ("", card.lesson.slug)]
        spoken = "zh" if lang == "zh" else "en"
        if anki is not None:
            anki.write_text(anki_csv(cards, spoken), encoding="utf-8")
            console.print(f"{anki}: {len(cards)} cards", markup=False, highlight=False)
        if print_sheet or anki is None:
            write(sheet(cards, spoken))
