"""A lesson's notebook -> what its code cells printed and drew when it was built."""

from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from sftviz.course.content import CourseError
from sftviz.course.lesson import Lesson


def outputs_of(lesson: Lesson) -> dict[str, list[Any]]:
    """Outputs of every code cell, by the cell's id. Raises CourseError where the notebook is missing."""
    if not lesson.notebook.is_file():
        raise CourseError("notebook_missing", path=str(lesson.notebook))
    return _read(lesson.notebook)


@cache
def _read(notebook: Path) -> dict[str, list[Any]]:
    return {cell.id: cell.get("outputs", []) for cell in nbformat.read(notebook, as_version=4).cells}
