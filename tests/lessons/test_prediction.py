"""Predictions: the stored answer is the one that its code gives, and what is said of an answer fits it."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sftviz.course.lesson import Lesson, all_lessons
from sftviz.course.notebook import build
from sftviz.course.prediction import EXACT, Prediction, read_prediction

LESSONS = {lesson.slug: lesson for lesson in all_lessons()}
PREDICTIONS = {slug: lesson.prediction for slug, lesson in LESSONS.items() if lesson.prediction}
each = pytest.mark.parametrize("asked", PREDICTIONS.values(), ids=PREDICTIONS)
BOTH = {"en": "you said {said}; it is {answer}", "zh": "你说 {said}，其实是 {answer}"}
OPTIONS = [{"id": one, "says": {"en": f"the {one}", "zh": f"第 {one} 个"}} for one in "abc"]
KINDS: dict[str, dict[str, Any]] = {
    "number": {"scale": {"least": 0, "most": 20}, "answer": {"code": "3 * 3", "value": 9}},
    "choice": {"options": OPTIONS, "answer": {"code": "'ab'[1]", "value": "b"}},
    "order": {"options": OPTIONS, "answer": {"code": "sorted('cab')", "value": ["a", "b", "c"]}},
    "match": {"options": OPTIONS[:2], "to": OPTIONS, "answer": {"code": "['c', 'a']", "value": ["c", "a"]}},
    "mark": {"tokens": {"code": "list('wxyz')"}, "answer": {"code": "[0, 2]", "value": [0, 2]}},
}


def made(kind: str, **changed: Any) -> Prediction:
    question = {
        "kind": kind,
        "question": BOTH,
        "surprise": BOTH,
        "right": {"en": "yes, {answer}", "zh": "对，{answer}"},
    }
    return Prediction.model_validate(question | KINDS[kind] | changed)


def test_every_lesson_has_one() -> None:
    assert PREDICTIONS.keys() == LESSONS.keys()


@each
def test_the_stored_answer_is_what_its_code_gives(asked: Prediction) -> None:
    given, stored = asked.answer.compute(), asked.answer.value
    assert given == (pytest.approx(stored, rel=EXACT) if isinstance(stored, float) else stored)


@each
def test_a_usual_answer_is_wrong_and_every_sentence_is_in_both_languages(asked: Prediction) -> None:
    assert not any(asked.is_right(one.answer) for one in asked.usual)
    said = [asked.question, asked.surprise, asked.right, *(one.why for one in asked.usual)]
    for text in said:
        assert re.search("[\u4e00-\u9fff]", text.zh), text.zh
        assert not re.search("[\u4e00-\u9fff]", text.en), text.en
        assert set(re.findall(r"\{\w+\}", text.en)) == set(re.findall(r"\{\w+\}", text.zh)), text.en


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_takes_its_answer_and_no_other(kind: str) -> None:
    asked = made(kind)
    assert asked.answer.compute() == asked.answer.value
    assert asked.is_right(asked.answer.value)
    others = [
        float("nan"),
        True,
        None,
        "d",
        ["a", "a", "b"],
        ["c"],
        [0, 0],
        [-1],
        {"a": 1},
        [{}, {}],
        5,
        "b",
        ["b", "a", "c"],
        [1],
    ]
    taken = {"number": [5], "choice": ["b"], "order": [["b", "a", "c"]], "match": [], "mark": [[1]]}
    assert [one for one in others if asked.takes(one)] == taken[kind]


@pytest.mark.parametrize(
    ("kind", "said", "is_right", "words"),
    [
        ("number", 10, False, "you said 10; it is 9"),
        ("number", 9.2, True, "yes, 9"),
        ("choice", "a", False, "you said the a; it is the b"),
        ("order", ["b", "a", "c"], False, "you said the b → the a → the c; it is the a → the b → the c"),
        ("match", ["a", "a"], False, "you said the a → the a; the b → the a; it is the a → the c; the b → the a"),
        ("mark", [2, 0], True, "yes, 2"),
        ("mark", [1, 0], False, "you said 2; it is 2"),
    ],
)
def test_an_answer_is_judged_and_told(kind: str, said: Any, is_right: bool, words: str) -> None:
    assert made(kind).is_right(said) is is_right
    assert made(kind).verdict(said, "en") == words


def test_marks_say_what_was_missed_and_what_was_too_much() -> None:
    said = {"en": "missed {missed}, added {added}", "zh": "漏 {missed}，多 {added}"}
    assert made("mark", surprise=said).verdict([0, 1, 3], "zh") == "漏 1，多 2"


def test_a_usual_answer_has_its_reason() -> None:
    usual = [{"answer": 10, "why": {"en": "one too many", "zh": "多了一个"}}]
    asked = made("number", usual=usual)
    assert asked.why(10.2) == asked.usual[0].why
    assert asked.why(9) is asked.why(50) is None


@pytest.mark.parametrize(
    ("kind", "changed", "message"),
    [
        ("number", {"scale": None}, "a number has a scale"),
        ("choice", {"options": []}, "options are for"),
        ("choice", {"answer": {"code": "'d'", "value": "d"}}, "'d' is no answer"),
        ("match", {"to": []}, "a match has `to`"),
        ("mark", {"tokens": None}, "a mark has tokens"),
        ("number", {"surprise": {"en": "{sad}", "zh": "{said}"}}, "has the hole"),
        ("number", {"hint": "no such field"}, "Extra inputs"),
    ],
)
def test_a_prediction_that_is_not_whole_is_refused(kind: str, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        made(kind, **changed)


def test_a_stored_answer_that_its_code_does_not_give_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "prediction.yaml"
    file.write_text(made("number", answer={"code": "4 + 4", "value": 9}).model_dump_json(), encoding="utf-8")
    read = read_prediction(file)
    assert read is not None
    assert read.answer.compute() != pytest.approx(read.answer.value, rel=EXACT)
    assert read_prediction(tmp_path / "none.yaml") is None


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_the_notebook_asks_folds_the_answer_and_settles_it(lesson: Lesson) -> None:
    asked = lesson.prediction
    assert asked is not None
    cells = zip(lesson.cells(), build(lesson).cells[1:], strict=True)
    asking, settling = (built.source for cell, built in cells if cell.kind in ("predict", "proved"))
    question, _, folded = asking.partition("<details>")
    assert asked.question.en in question
    assert asked.answer_in_words("en") in folded
    assert asked.answer_in_words("en") in settling
