"""The map: sixteen lessons, each once; what is written knows its place; a route leads over what is written."""

from itertools import pairwise

import pytest

from sftviz.course.lesson import all_lessons, find_lesson
from sftviz.course.map import course, next_lesson
from sftviz.ui.app import LABS

NODES = {node.slug: node for node in course().nodes}


def test_there_are_sixteen_lessons_each_with_a_place_of_its_own() -> None:
    assert sorted(node.number for node in course().nodes) == list(range(1, 17))
    assert len({node.place for node in course().nodes}) == len(NODES) == 16
    assert NODES.keys().isdisjoint({lab.address for lab in LABS})  # both are addresses of pages


def test_every_lesson_that_is_written_is_on_it() -> None:
    assert {lesson.slug for lesson in all_lessons()} == {node.slug for node in course().nodes if node.lesson}


@pytest.mark.parametrize("slug", NODES)
def test_a_lesson_builds_on_lessons_that_are_there(slug: str) -> None:
    node = NODES[slug]
    assert set(node.builds_on()) <= NODES.keys()
    if node.lesson is None:
        assert all(NODES[one].number < node.number for one in node.requires)
    else:
        assert node.worded("zh") == (node.lesson.front_matter("zh").short or node.lesson.front_matter("zh").title)


def test_routes_name_lessons_once_and_differ_by_more_than_colour() -> None:
    routes = course().routes
    assert routes[0].name == "learner"
    assert sorted(routes[0].order) == list(range(1, 17))
    assert all(len(set(route.order)) == len(route.order) for route in routes)
    assert len({route.dash for route in routes}) == len(routes) == 3


def test_the_next_lesson_is_the_next_that_is_written_on_the_route() -> None:
    ahead = course().ahead("learner")
    assert ahead[0].slug == "next_token"
    assert {lesson.slug for lesson in ahead} == {lesson.slug for lesson in all_lessons()}
    assert [next_lesson(one) for one in ahead[:-1]] == ahead[1:]
    assert next_lesson(ahead[-1]) is None
    assert all(one != other for one, other in pairwise(ahead))
    assert next_lesson(find_lesson("cross_entropy_vs_mse"), "repair") is None
