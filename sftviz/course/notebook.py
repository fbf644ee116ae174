"""Lesson -> notebook: cells with stable ids, run from top to bottom, kept with outputs that need no network."""

import os

import nbformat
from nbclient import NotebookClient
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbformat import NotebookNode

from sftviz.course.content import PACKAGE
from sftviz.course.lesson import Cell, Lesson
from sftviz.words import Language

# Interactive where plotly's own type is known (JupyterLab), a picture everywhere else
RENDERER = "plotly_mimetype+png"
WORDS: dict[str, dict[Language, str]] = {
    "lab": {
        "en": "*In the app an explorable stands here: `streamlit run app.py`, page **{title}**.*",
        "zh": "*应用里这里是一个可以动手的实验：`streamlit run app.py`，页面 **{title}**。*",
    },
    "answer": {"en": "Answer", "zh": "答案"},
    "kata": {
        "en": "**Kata: {title}.** {task}\n\n```python\n{starter}```\n\nHere: `from sftviz.course import check`, then "
        '`check("{name}", {function})`. In a terminal: `sftviz kata start {name}`, then `sftviz kata check {name}`.',
        "zh": "**练习：{title}。** {task}\n\n```python\n{starter}```\n\n在这里：先 `from sftviz.course import check`，"
        '再 `check("{name}", {function})`。在终端里：`sftviz kata start {name}`，写完后 `sftviz kata check {name}`。',
    },
}


def build(lesson: Lesson, language: Language = "en") -> NotebookNode:
    """The notebook of a lesson, without outputs."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata.language_info = {"name": "python"}
    front = lesson.front_matter(language)
    title = f"# {front.number}. {front.title}\n\n*{front.question}*"
    notebook.cells = [
        nbformat.v4.new_markdown_cell(title, id=f"{lesson.slug.replace('_', '-')}-title"),
        *(_cell(lesson, cell, language) for cell in lesson.cells(language)),
    ]
    return notebook


def run(notebook: NotebookNode, *, pictures: bool) -> NotebookNode:
    """Execute every cell in a fresh kernel. pictures: also keep every figure as a PNG, for static viewers."""
    environment = os.environ | {
        "PLOTLY_RENDERER": RENDERER if pictures else "plotly_mimetype",
        "TQDM_DISABLE": "1",
        "SFTVIZ_STATIC": "1",  # a strip that answers needs its kernel: kept outputs are HTML
        "PYTHONPATH": str(PACKAGE.parent),
        "HF_HUB_OFFLINE": "1",
        "BROWSER_PATH": os.environ.get("BROWSER_PATH", "/usr/bin/chromium"),
    }
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(PACKAGE.parent)}}
    )
    client.execute(env=environment)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of the run: two builds must not differ by them
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return CoalesceStreamsPreprocessor().preprocess(notebook, {})[0]


def _cell(lesson: Lesson, cell: Cell, language: Language) -> NotebookNode:
    if cell.kind == "code":
        return nbformat.v4.new_code_cell(cell.source, id=cell.id)
    return nbformat.v4.new_markdown_cell(_markdown(lesson, cell, language), id=cell.id)


def _markdown(lesson: Lesson, cell: Cell, language: Language) -> str:
    if cell.kind == "lab":
        return WORDS["lab"][language].format(title=lesson.front_matter(language).title)
    if cell.kind == "ask":
        question = next(q for q in lesson.questions if q.id == cell.source)
        answer = question.answer.in_language(language)
        return (
            f"**{question.question.in_language(language)}**\n\n<details><summary>{WORDS['answer'][language]}</summary>"
            f"\n\n{answer}\n\n</details>"
        )
    if cell.kind == "kata":
        kata = lesson.kata
        return WORDS["kata"][language].format(
            title=kata.title.in_language(language),
            task=kata.task.in_language(language),
            name=kata.name,
            function=kata.function,
            starter=kata.starter,
        )
    return cell.source
