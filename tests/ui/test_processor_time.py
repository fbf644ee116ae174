"""A rerun's processor time, as a multiple of a hello-world's that runs beside it.

A hello-world takes 2.4 to 4 ms here; 20 times it is what a classroom of 50 can share. The limits leave twice that and
more, and the least of several rounds is taken: `python -m benchmarks.pages` measures exactly.
"""

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.pages import hello
from sftviz.figures.calculators import stacks
from sftviz.figures.gradients import descents
from sftviz.ui.theme import show
from tests.growth import at_most, no_collections
from tests.ui.opened import PAGES, opened

LIMIT = 40


@pytest.fixture(scope="module")
def hello_world() -> AppTest:
    return AppTest.from_function(hello).run()


@pytest.mark.parametrize("page", PAGES)
def test_a_rerun_of_a_page_is_a_small_multiple_of_a_hello_world(page: str, hello_world: AppTest) -> None:
    app = opened(page)
    with no_collections():
        assert at_most(LIMIT, hello_world.run, app.run)


def test_a_figure_costs_no_more_than_a_hello_world(hello_world: AppTest) -> None:
    """Made, written as JSON and handed to Streamlit: the one with a frame for each of 40 steps three times as much."""
    path = [0.5 + i / 100 for i in range(41)]
    rows = {f"row {i}": {"weights": 2.0 + i, "gradients": 3.0} for i in range(6)}
    with no_collections():
        assert at_most(1, hello_world.run, lambda: show(stacks(rows, x="bytes"), "stacks"))
        assert at_most(
            3, hello_world.run, lambda: show(descents({"cross_entropy": path, "squared_error": path}), "descents")
        )
