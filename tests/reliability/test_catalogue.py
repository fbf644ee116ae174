"""The catalogue is whole: 91 rows, each tried by a case that bears its id, 25 of them and more in a real browser."""

import pytest

from tests.chat.tokenizers.folders import DAMAGED
from tests.model.test_load import DAMAGED_CONFIGS
from tests.reliability import losses, pages, sinks
from tests.reliability.catalogue import CATALOGUE, row_of
from tests.reliability.inspected import INSPECTED
from tests.reliability.pastes import PASTES
from tests.reliability.sources import DAMAGED_MODELS, NO_SOURCE
from tests.reliability.templates import HOSTILE
from tests.sources import ROOT

ROWS = {"J": 34, "S": 6, "X": 10, "K": 7, "T": 12, "M": 6, "L": 13, "R": 1, "U": 1, "F": 1}
IN_A_BROWSER = {*pages.REFUSED, *pages.READ, *sinks.PAYLOADS, "J32", "J34"}
# Rows whose case is a whole test of its own, and what its file says of it
ALONE = {
    "M02": ("reliability/test_sources.py", '["M02 tokenizer", "M02 model"]'),
    "J32": ("browser/test_draft.py", '"""J32: '),
    "J34": ("browser/test_draft.py", '"""J34: '),
}
CASES = [
    *PASTES, *INSPECTED, *HOSTILE, *NO_SOURCE, *DAMAGED_MODELS,
    *(f"M06 {case}" for case in (*DAMAGED, *DAMAGED_CONFIGS)), *losses.REFUSED, *losses.COMPUTED, *losses.UNDEFINED,
    *pages.REFUSED, *pages.READ, *pages.FILES, *pages.ADDRESSES, *sinks.PAYLOADS,
]  # fmt: skip


def test_all_ninety_one_rows_are_there() -> None:
    assert list(CATALOGUE) == [f"{letter}{n:02}" for letter, count in ROWS.items() for n in range(1, count + 1)]
    assert len(CATALOGUE) == 91


@pytest.mark.parametrize("row", CATALOGUE)
def test_a_row_is_tried(row: str) -> None:
    if row in ALONE:
        file, words = ALONE[row]
        assert words in (ROOT / "tests" / file).read_text(encoding="utf-8")
    else:
        assert [case for case in CASES if row_of(case) == row]


def test_every_case_tries_a_row() -> None:
    assert {case for case in CASES if row_of(case) not in CATALOGUE} == set()


def test_enough_rows_are_tried_in_a_real_browser() -> None:
    rows = {row_of(case) for case in IN_A_BROWSER}
    assert len(rows) >= 25
    assert rows <= set(CATALOGUE)


def test_what_differs_from_the_catalogue_says_why() -> None:
    assert {row.id for row in CATALOGUE.values() if row.differs} == {
        "J01", "J27", "J34", "S01", "X10", "L01", "L02", "L04", "R01", "U01",
    }  # fmt: skip
    assert all(len(row.differs) > 30 for row in CATALOGUE.values() if row.differs)
