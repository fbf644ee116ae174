"""Lessons: one folder each, found and never registered. One source becomes page, notebook, questions and kata."""

from lessons.katas import check
from lessons.lesson import LANGUAGES, Lesson, all_lessons, find_lesson

__all__ = ["LANGUAGES", "Lesson", "all_lessons", "check", "find_lesson"]
