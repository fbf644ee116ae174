"""Objectives: the same text, asked in four ways; and the terms that stand beside cross-entropy, each live."""

from sftviz.ui.components.questions import chosen_question
from sftviz.ui.lab import titled
from sftviz.ui.language import t
from sftviz.ui.pages.objectives import four_ways, terms
from sftviz.ui.state import Choice, table

# What answers each question
QUESTIONS = {"four_ways": four_ways.four_ways} | terms.SECTIONS
QUESTION = Choice("objectives_question", "four_ways", tuple(QUESTIONS))
KNOBS = table(QUESTION) | four_ways.KNOBS | terms.KNOBS


def page() -> None:
    titled(t("ui.objectives.title"))
    QUESTIONS[chosen_question(QUESTION, lambda name: t(f"ui.objectives.question.{name}"))]()
