"""A lesson's page without a browser: what was said is taken up, a depth shows its part, links open what they say."""

from typing import Any

import pytest

from sftviz.course.lesson import Lesson, all_lessons, find_lesson
from sftviz.course.listing import claims
from tests.ui.opened import failed, handed, keys, opened, said

LESSONS = {lesson.slug: lesson for lesson in all_lessons()}
each_lesson = pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)


@pytest.mark.parametrize("language", ["en", "zh"])
@each_lesson
def test_what_was_said_is_judged_where_it_is_proved(lesson: Lesson, language: str) -> None:
    asked = lesson.prediction
    assert asked is not None
    tried: list[Any] = [asked.answer.value, *(usual.answer for usual in asked.usual)]
    for answer in tried:
        app = opened(lesson.slug, {f"said_{lesson.slug}": answer}, lang=language)
        told = list(said(app))
        sign = "✓" if asked.is_right(answer) else "✗"
        assert f"{sign} {asked.verdict(answer, language)}" in told
        if why := asked.why(answer):
            assert why.in_language(language) in told
        assert handed(app)[f"predict_{lesson.slug}"]["said"] == answer


def test_what_no_form_can_send_is_taken_for_nothing_said() -> None:
    app = opened("next_token", {"said_next_token": {"a": ["<b>"]}})
    assert failed(app) == set()
    assert handed(app)["predict_next_token"]["said"] is None
    assert any("You have not predicted yet" in text for text in said(app))


@each_lesson
def test_a_depth_shows_its_part(lesson: Lesson) -> None:
    parts = {"code_", "prediction_", "lab_", "settled_", "ladder_", "kata_", "footer_"}
    shown = {
        "see": {"prediction_", "lab_", "settled_", "footer_"},
        "interview": {"ladder_", "kata_", "footer_"},
        "derive": parts,
    }
    for depth, expected in shown.items():
        app = opened(lesson.slug, depth=depth)
        assert failed(app) == set()
        drawn = {block.proto.id for block in blocks(app) if getattr(block.proto, "id", "")}
        seen = {part for part in parts if any(part in one for one in drawn)}
        assert seen == expected, depth


def blocks(app: Any) -> list[Any]:
    found: list[Any] = []
    waiting = [app.main]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += [child for child in getattr(one, "children", {}).values() if hasattr(child, "children")]
    return found


@each_lesson
def test_ones_own_chat_opens_inspect_in_a_state_it_can_have(lesson: Lesson) -> None:
    app = opened("", **lesson.front_matter().inspect)
    assert failed(app) == set()
    assert not [key for key in keys(app) if key.startswith("ignored_")]


def test_a_claim_is_shown_in_the_pages_language() -> None:
    lesson = find_lesson("next_token")
    for language, proved in (("en", "proved: "), ("zh", "已证明：")):
        told = list(said(opened("next_token", lang=language)))
        wanted = [claim for cell in lesson.cells(language) if cell.kind == "code" for claim in claims(cell.source)]
        assert [f":green[✓ {proved}{claim}]" in told for claim in wanted] == [True] * len(wanted)
        assert wanted


@pytest.mark.parametrize("page", ["lessons", "glossary", "interview", *LESSONS])
def test_a_page_of_the_course_can_be_sent_to_somebody(page: str) -> None:
    assert handed(opened(page))["copy_link"]["words"]["copy"]
