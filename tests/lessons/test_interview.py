"""The interview without a page: how cards are asked, what comes back when, a mock that adapts, what is taken along."""

import ast
import csv
import io
import json
from collections import Counter
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from sftviz.course.content import CourseError, load
from sftviz.course.interview.asked import asked_questions
from sftviz.course.interview.cards import Asking, all_cards, askings
from sftviz.course.interview.mock import CODE_AT, COUNT, DERIVE_AT, ROLES, Answer, Asked, Mock, summary
from sftviz.course.interview.progress import DAYS, Progress, read_progress
from sftviz.course.interview.sheets import anki_csv, sheet
from sftviz.course.interview.slips import all_snippets
from sftviz.course.lesson import all_lessons

CARDS = all_cards()
TODAY = date(2026, 11, 29)
SAID = {"en": "a", "zh": "甲"}
POINT = {"says": SAID, "words": {"en": ["a"], "zh": ["甲"]}}
NEXT = {"if_missing": 1, "question": SAID, "answer": SAID}


def test_every_card_says_how_it_is_asked():
    for lesson in all_lessons():
        assert {question.id for question in lesson.questions} == set(askings(lesson)), lesson.slug
    for card in CARDS.values():
        assert len(card.asking.follow_ups) >= 2, card.name
        for language in ("en", "zh"):
            for point in card.asking.points:
                assert card.ticked(" ".join(point.words.of(language)), language)[card.asking.points.index(point)]
            words = [word for point in card.asking.points for word in point.words.of(language)]
            assert words == [word.lower() for word in words if word.strip()], card.name


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": [], "follow_ups": []},
        {"points": [POINT] * 6, "follow_ups": []},
        {"points": [POINT], "follow_ups": [NEXT | {"if_missing": 2}]},
        {"points": [POINT], "follow_ups": [], "seconds": 45},
        {"points": [POINT], "follow_ups": [], "hint": "x"},
    ],
)
def test_a_card_that_cannot_be_asked_is_refused(wrong):
    with pytest.raises(ValidationError):
        Asking.model_validate(wrong)


def test_a_follow_up_comes_from_what_was_missed_and_at_most_two():
    for card in CARDS.values():
        count = len(card.asking.points)
        first = card.follow_up([False] * count, ())
        assert first is not None
        missing = card.asking.follow_ups[first].if_missing
        if missing != "always":
            said = [i != missing - 1 for i in range(count)]
            then = card.follow_up(said, ())
            assert then is not None
            assert card.asking.follow_ups[then].if_missing == missing
        assert card.follow_up([False] * count, (0, 1)) is None


def test_cards_come_back_after_1_3_7_and_16_days_and_a_miss_today():
    progress, day = Progress(), TODAY
    assert progress.due(["a", "b"], day) == ["a", "b"]
    for days in (1, 3, 7, 16, 16):
        progress.told("a", True, day)
        assert progress.cards["a"].due == day + timedelta(days=days)
        assert progress.due(["a"], day) == []
        day += timedelta(days=days)
        assert progress.due(["a"], day) == ["a"]
    progress.told("a", False, day)
    assert (progress.cards["a"].box, progress.cards["a"].due) == (0, day)
    assert progress.due(["b", "a"], day) == ["a", "b"]  # what comes back is asked before what is new
    assert DAYS == (0, 1, 3, 7, 16)


def test_a_progress_file_is_read_in_both_versions_and_nothing_else():
    now = Progress()
    now.told("next_token/why_shift", True, TODAY)
    assert read_progress(now.model_dump_json(), TODAY) == now
    old = {"format": "sftviz interview progress, version 1", "progress": {"x/a": "known", "x/b": "again", "x/c": "new"}}
    read = read_progress(json.dumps(old).encode(), TODAY)
    assert {name: standing.box for name, standing in read.cards.items()} == {"x/a": 1, "x/b": 0}
    assert read.only(["x/b"]).cards.keys() == {"x/b"}
    for foreign in (
        "",
        "[]",
        "{",
        '{"format": "another"}',
        '{"format": "sftviz interview progress, version 2", "cards": 3}',
    ):
        with pytest.raises(CourseError, match="not a progress file"):
            read_progress(foreign, TODAY)
    box_9 = '{"format": "sftviz interview progress, version 2", "cards": {"a": {"box": 9, "due": "2026-01-01"}}}'
    with pytest.raises(CourseError):
        read_progress(box_9, TODAY)
    with pytest.raises(CourseError, match="bytes"):
        read_progress(b" " * 1_000_001, TODAY)


def taken(mock, good):
    """The interview of somebody who says all points, or none."""
    answers = []
    while (asked := mock.next(answers)) is not None:
        count = len(CARDS[asked.name].asking.points) if asked.kind == "talk" else 1
        answers.append(Answer(asked, (good,) * count))
    return answers


@pytest.mark.parametrize("role", list(ROLES))
def test_a_mock_adapts_and_never_asks_twice(role):
    mock = Mock(role, 7, CARDS, ["p_minus_y"], list(all_snippets()))
    for good in (True, False):
        answers = taken(mock, good)
        assert taken(mock, good) == answers
        assert len(answers) == COUNT == len({answer.asked for answer in answers})
        kinds = [answer.asked.kind for answer in answers]
        assert kinds[DERIVE_AT] == "derive"
        assert kinds[CODE_AT] == "code"
        assert Counter(kinds)["talk"] == COUNT - 2
        levels = [CARDS[a.asked.name].question.level for a in answers if a.asked.kind == "talk"]
        assert levels[:2] == ["L1", "L1"]
        assert ("L3" in levels) == good
        assert mock.level(answers) == ("L3" if good else "L1")
    heaviest = max(
        ROLES[role], key=lambda slug: ROLES[role][slug] if slug in {c.lesson.slug for c in CARDS.values()} else 0
    )
    assert CARDS[taken(mock, True)[0].asked.name].lesson.slug == heaviest


def test_seeds_differ():
    assert len({tuple(a.asked.name for a in taken(Mock("sft", seed, CARDS), True)) for seed in range(1, 9)}) > 4


def test_two_good_answers_raise_the_level_and_a_poor_one_lowers_it():
    mock, ask = Mock("sft", 1, CARDS), Asked("talk", "x")
    good, fair, poor = (Answer(ask, said) for said in ((True,), (True, False), (False,)))
    assert [mock.level(row) for row in ([good], [good, good], [good, fair, good], [good] * 4)] == [
        "L1",
        "L2",
        "L1",
        "L3",
    ]
    assert [mock.level(row) for row in ([good, good, poor], [poor], [good] * 4 + [poor])] == ["L1", "L1", "L2"]


def test_the_summary_counts_what_was_said():
    names = list(CARDS)[:2]
    answers = [
        Answer(Asked("talk", name), tuple(i > 0 for i in range(len(CARDS[name].asking.points)))) for name in names
    ] + [Answer(Asked("derive", "p_minus_y"), (True,))]
    found = summary(answers, CARDS)
    assert list(found.missed) == [(name, 0) for name in names]
    assert set(found.again) == set(names)
    assert found.exact == {"p_minus_y": True}
    counts = [len(CARDS[name].asking.points) for name in names]
    assert found.share == pytest.approx((sum((n - 1) / n for n in counts) + 1) / 3)


def test_a_slip_is_the_katas_own_code_and_its_cause_is_offered_once():
    snippets = all_snippets()
    assert len(snippets) > 20
    for snippet in snippets.values():
        body = ast.parse(snippet.code).body
        assert isinstance(body[-1], ast.Expr)
        assert isinstance(body[-1].value, ast.Lambda)
        assert snippet.choices(3) == snippet.choices(3)
        assert snippet.choices(3).count(snippet.cause) == 1
        kata = load(next(lesson.folder for lesson in all_lessons() if lesson.slug == snippet.lesson) / "kata.py")
        compile(snippet.code, "<slip>", "exec")
        used = {node.id for node in ast.walk(body[-1]) if isinstance(node, ast.Name)}
        own = {name for name in used if name.startswith("_") and hasattr(kata, name)}
        assert own <= {node.name for node in body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_deck_is_what_anki_reads(language):
    text = anki_csv(CARDS.values(), language)
    head, rows = [], []
    for line in csv.reader(io.StringIO(text)):
        (head if line[0].startswith("#") else rows).append(line)
    assert len(rows) == len(CARDS)
    assert {len(row) for row in rows} == {4}
    assert "#separator:Comma" in text.splitlines()[0]
    for row in rows:
        assert "<" not in row[1].replace("<br>", "")
        assert "$" not in row[1]
        assert row[1].count(r"\(") == row[1].count(r"\)")
        assert row[3].startswith("sftviz::")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sheet_has_every_question_before_every_answer(language):
    text = sheet(CARDS.values(), language)
    asked = [text.index(card.question.question.in_language(language)) for card in CARDS.values()]
    answers = [text.rindex(card.question.answer.in_language(language)) for card in CARDS.values()]
    assert asked == sorted(asked)
    assert max(asked) < min(answers)
    assert str(len(CARDS)) in text


def test_every_question_that_is_asked_elsewhere_names_its_card():
    rows = asked_questions()
    assert [row.n for row in rows] == list(range(1, 67))
    written = {lesson.number for lesson in all_lessons()}
    for row in rows:
        assert row.card is None or row.card in CARDS, row.n
        if row.lesson in written:
            assert row.card, f"question {row.n} belongs to lesson {row.lesson}, which is written, and has no card"
