"""`python -m sftviz.course`: build every notebook, run it, write it with its outputs. `--check` compares sources."""

import sys

import nbformat

from sftviz.course.content import INSTALLED, NOTEBOOKS
from sftviz.course.lesson import all_lessons
from sftviz.course.notebook import build, run


def stale() -> list[str]:
    """Notebooks whose sources are not those of their lesson, and notebooks that no lesson has."""
    wanted = {lesson.notebook: lesson for lesson in all_lessons()}
    wrong = [f"{path.name}: no lesson makes it" for path in NOTEBOOKS.glob("*.ipynb") if path not in wanted]
    for path, lesson in wanted.items():
        if not path.exists():
            wrong.append(f"{path.name}: missing")
        elif _sources(nbformat.read(path, as_version=4)) != _sources(build(lesson)):
            wrong.append(f"{path.name}: differs from lessons/{lesson.slug}/lesson.md")
    return wrong


def _sources(notebook: nbformat.NotebookNode) -> list[tuple[str, str, str]]:
    return [(cell.id, cell.cell_type, cell.source) for cell in notebook.cells]


def main() -> None:
    if "--check" in sys.argv:
        wrong = stale()
        print("\n".join(wrong) or "every notebook is its lesson's")
        sys.exit(bool(wrong))
    if INSTALLED.is_dir():
        sys.exit(f"{NOTEBOOKS} holds them, with their outputs; they are built in the repository only")
    NOTEBOOKS.mkdir(exist_ok=True)
    for lesson in all_lessons():
        print(f"{lesson.notebook.name} …", flush=True)
        made = run(build(lesson), pictures=True)
        temporary = lesson.notebook.with_suffix(".tmp")  # a half-written notebook never takes a good one's place
        nbformat.write(made, temporary)
        temporary.replace(lesson.notebook)


if __name__ == "__main__":
    main()
