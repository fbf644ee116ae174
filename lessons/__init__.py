"""Lessons: one folder each, found and never registered. One source becomes page, notebook, questions and kata."""

from lessons.katas import check
from lessons.lesson import Lesson, all_lessons, find_lesson
from sftviz.words import LANGUAGES

__all__ = ["LANGUAGES", "Lesson", "all_lessons", "check", "find_lesson"]
