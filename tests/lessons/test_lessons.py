"""Every lesson found: it runs offline, its notebook and translation match it, its questions prove what they say."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from sftviz.course.__main__ import stale
from sftviz.course.content import load
from sftviz.course.lesson import WORDED, Lesson, all_lessons, find_lesson, formulas, headings
from sftviz.course.listing import assertions, claims, without_claims
from sftviz.course.notebook import RENDERER
from sftviz.course.questions import LEVELS, Question
from sftviz.ui.app import LABS

ROOT = Path(__file__).resolve().parent.parent.parent
LESSONS = {lesson.slug: lesson for lesson in all_lessons()}
QUESTIONS = {f"{slug}/{q.id}": (lesson, q) for slug, lesson in LESSONS.items() for q in lesson.questions}
OFFLINE = """
import socket
def refuse(*_): raise AssertionError("a lesson asked the network")
socket.socket.connect = socket.getaddrinfo = refuse
"""
each_lesson = pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
each_question = pytest.mark.parametrize(("lesson", "question"), QUESTIONS.values(), ids=QUESTIONS)


def test_lessons_are_found_in_the_order_of_their_numbers() -> None:
    numbers = [lesson.number for lesson in all_lessons()]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1
    with pytest.raises(ValueError, match="lesson 'nowhere' is unknown; there are next_token, "):
        find_lesson("nowhere")


@each_lesson
def test_a_lesson_runs_from_top_to_bottom_without_a_network(lesson: Lesson, tmp_path: Path) -> None:
    cells = "\n".join(cell.source for cell in lesson.cells() if cell.kind == "code")
    assert cells.count("assert ") >= 8
    script = tmp_path / "lesson.py"
    script.write_text(OFFLINE + cells, encoding="utf-8")
    done = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


def test_an_assertion_in_a_lesson_can_fail(tmp_path: Path) -> None:
    (tmp_path / "lesson.py").write_text(OFFLINE + 'import urllib.request as u\nu.urlopen("http://example.org")')
    done = subprocess.run([sys.executable, tmp_path / "lesson.py"], capture_output=True, text=True)
    assert "asked the network" in done.stderr


def test_every_notebook_is_its_lessons_and_no_other_is_there() -> None:
    assert stale() == []


@each_lesson
def test_a_notebook_keeps_its_outputs_and_its_figures_as_pictures_too(lesson: Lesson) -> None:
    notebook = nbformat.read(lesson.notebook, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    outputs = [output for cell in code for output in cell.outputs]
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in outputs)
    figures = [o.data for o in outputs if "application/vnd.plotly.v1+json" in o.get("data", {})]
    assert figures or any("text/html" in output.get("data", {}) for output in outputs)
    assert all("image/png" in figure for figure in figures), f"build with the renderer {RENDERER}"
    assert str(ROOT) not in lesson.notebook.read_text(encoding="utf-8")


@each_lesson
def test_the_translation_has_the_same_cells_headings_and_formulas(lesson: Lesson) -> None:
    english, chinese = lesson.cells("en"), lesson.cells("zh")
    assert [cell.kind for cell in english] == [cell.kind for cell in chinese]
    assert [(c.kind, without_claims(c.source)) for c in english if c.kind != "markdown"] == [
        (c.kind, without_claims(c.source)) for c in chinese if c.kind != "markdown"
    ]
    assert headings(english) == headings(chinese)
    assert formulas(english) == formulas(chinese)
    fronts = [lesson.front_matter(language) for language in ("en", "zh")]
    assert fronts[0].model_dump(exclude=WORDED) == fronts[1].model_dump(exclude=WORDED)
    assert all(front.see and front.can for front in fronts)
    for cell in chinese:
        if cell.kind == "markdown":
            assert re.search("[\u4e00-\u9fff]", cell.source), cell.source


@each_lesson
def test_what_is_called_proved_stands_right_before_an_assertion_and_is_said_in_both_languages(lesson: Lesson) -> None:
    for english, chinese in zip(lesson.cells("en"), lesson.cells("zh"), strict=True):
        if english.kind != "code":
            continue
        for cell in (english, chinese):
            after = re.findall(r"^ *# proved: .+\n((?:\s*# .+\n)*) *(.*)", cell.source, re.M)
            assert all(line.startswith("assert ") for _, line in after), cell.source
        said = list(zip(claims(english.source), claims(chinese.source), strict=True))
        assert all(re.search("[\u4e00-\u9fff]", zh) and not re.search("[\u4e00-\u9fff]", en) for en, zh in said)


def test_every_lab_that_a_lesson_explains_is_there_and_is_no_other_lessons() -> None:
    explained = [address for lesson in LESSONS.values() for address in lesson.front_matter().labs]
    assert len(explained) == len(set(explained))
    assert {*explained} <= {lab.address for lab in LABS}


@each_lesson
def test_a_lesson_has_its_marks_and_knows_what_it_requires(lesson: Lesson) -> None:
    kinds = [cell.kind for cell in lesson.cells()]
    assert kinds.count("lab") == kinds.count("kata") == 1
    assert kinds.count("predict") == kinds.count("proved") == 1
    assert kinds.index("predict") < kinds.index("proved")
    asked = [cell.source for cell in lesson.cells() if cell.kind == "ask"]
    assert set(asked) <= {question.id for question in lesson.questions}
    assert all(LESSONS[slug].number < lesson.number for slug in lesson.front_matter().requires)
    assert min(headings(lesson.cells()) or [2]) == 2
    assert callable(load(lesson.folder / "lab.py").lab)


@each_lesson
def test_a_ladder_has_every_level_and_no_question_twice(lesson: Lesson) -> None:
    ids = [question.id for question in lesson.questions]
    assert len(ids) == len(set(ids)) >= 8
    assert {question.level for question in lesson.questions} == set(LEVELS)


@each_question
def test_a_number_proves_the_answer(lesson: Lesson, question: Question) -> None:
    assert question.proof is not None
    assert question.proof.compute() == pytest.approx(question.proof.value, abs=question.proof.tolerance)


@each_question
def test_a_card_shows_its_number_somewhere(lesson: Lesson, question: Question) -> None:
    assert question.show is not None
    assert question.expects


@each_lesson
def test_screen_one_has_at_most_eighty_words_before_the_first_thing_to_touch(lesson: Lesson) -> None:
    for language in ("en", "zh"):
        first, *_ = lesson.cells(language)
        assert first.kind == "markdown"
        words = lesson.front_matter(language).question + first.source
        assert len(words.split() if language == "en" else re.findall(r"[\u4e00-\u9fff]|\w+", words)) <= 80
    assert [cell.kind for cell in lesson.cells()][1:3] == ["predict", "lab"]


@each_lesson
def test_whatever_is_asserted_says_in_words_what_it_proves(lesson: Lesson) -> None:
    for language in ("en", "zh"):
        cells = [cell.source for cell in lesson.cells(language) if cell.kind == "code"]
        assert [source for source in cells if assertions(source) and not claims(source)] == []


@each_lesson
def test_a_lesson_is_short(lesson: Lesson) -> None:
    """Prose a reader reads: no formula, table, mark or code; cells that the page shows."""
    prose = "\n".join(cell.source for cell in lesson.cells() if cell.kind == "markdown")
    prose = re.sub(r"\$\$.+?\$\$|<!--.*?-->|^\|.*$", "", prose, flags=re.S | re.M)
    assert len(prose.split()) <= 520
    shown = [cell for cell in lesson.cells() if cell.kind == "code" and not cell.source.startswith("# notebook only")]
    assert len(shown) <= 8


@each_question
def test_a_question_says_what_people_get_wrong_in_both_languages(lesson: Lesson, question: Question) -> None:
    assert question.wrong
    said = [
        question.question,
        question.answer,
        *(text for wrong in question.wrong for text in (wrong.claim, wrong.why)),
    ]
    for text in said:
        assert re.search("[\u4e00-\u9fff]", text.zh), text.zh
        assert not re.search("[\u4e00-\u9fff]", text.en), text.en
        assert len(re.findall(r"\$[^$]+\$", text.en)) == len(re.findall(r"\$[^$]+\$", text.zh)), text.en
