"""Lesson -> notebook: cells with stable ids, run from top to bottom, kept with outputs that need no network."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbformat import NotebookNode

from sftviz.course.content import PACKAGE, CourseError
from sftviz.course.lesson import Cell, Lesson
from sftviz.course.prediction import Prediction
from sftviz.course.questions import Question
from sftviz.words import Language

if TYPE_CHECKING:
    from sftviz.course.katas import Kata

# Interactive where plotly's own type is known (JupyterLab), a picture everywhere else
RENDERER = "plotly_mimetype+png"
WORDS: dict[str, dict[Language, str]] = {
    "lab": {
        "en": "*In the app an explorable stands here: `streamlit run app.py`, page **{title}**.*",
        "zh": "*应用里这里是一个可以动手的实验：`streamlit run app.py`，页面 **{title}**。*",
    },
    "answer": {"en": "Answer", "zh": "答案"},
    "predict": {"en": "Predict first", "zh": "先预测"},
    "proved": {"en": "*The prediction from above is settled here:* {says}", "zh": "*上面的预测在这里见分晓：* {says}"},
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
    written: dict[str, Callable[[], str]] = {
        "lab": lambda: WORDS["lab"][language].format(title=lesson.front_matter(language).title),
        "predict": lambda: _predict(_prediction(lesson), language),
        "proved": lambda: _proved(_prediction(lesson), language),
        "ask": lambda: _ask(next(q for q in lesson.questions if q.id == cell.source), language),
        "kata": lambda: _kata(lesson.kata, language),
    }
    return written[cell.kind]() if cell.kind in written else cell.source


def _prediction(lesson: Lesson) -> Prediction:
    if lesson.prediction is None:
        raise CourseError("lesson_file_missing", path=str(lesson.folder / "prediction.yaml"))
    return lesson.prediction


def _predict(asked: Prediction, language: Language) -> str:
    options = [f"- {one.says.in_language(language)}" for one in (*asked.options, *asked.to)]
    if asked.tokens and asked.tokens.code:
        options = [" ".join(f"`{text!r}`" for text in asked.tokens.texts)]
    question = f"**{WORDS['predict'][language]}. {asked.question.in_language(language)}**"
    return "\n\n".join(filter(None, [question, "\n".join(options), _folded(_settled(asked, language), language)]))


def _proved(asked: Prediction, language: Language) -> str:
    return WORDS["proved"][language].format(says=_settled(asked, language))


def _settled(asked: Prediction, language: Language) -> str:
    usual = [f"- {asked.worded(one.answer, language)}: {one.why.in_language(language)}" for one in asked.usual]
    return "\n\n".join(filter(None, [f"**{asked.answer_in_words(language)}**", "\n".join(usual)]))


def _ask(question: Question, language: Language) -> str:
    return (
        f"**{question.question.in_language(language)}**\n\n{_folded(question.answer.in_language(language), language)}"
    )


def _folded(answer: str, language: Language) -> str:
    return f"<details><summary>{WORDS['answer'][language]}</summary>\n\n{answer}\n\n</details>"


def _kata(kata: "Kata", language: Language) -> str:
    return WORDS["kata"][language].format(
        title=kata.title.in_language(language),
        task=kata.task.in_language(language),
        name=kata.name,
        function=kata.function,
        starter=kata.starter,
    )
