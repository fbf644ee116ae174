"""Paint and its labels: slips paint what they say, the mask slides against the targets, ranges come back."""

import pytest

from sftviz.chat.rendering import render
from sftviz.supervision.paints import PAINTS, from_ranges, painted_labels, to_ranges
from sftviz.supervision.verdicts import apply
from tests.chat.chats import TWO_TURNS

IGNORE = -100


def painted(name: str) -> list[str]:
    rendering = render(TWO_TURNS, "sftviz/tiny", "chatml")
    return [token.text for token, yes in zip(rendering.tokens, PAINTS[name].painted(rendering), strict=True) if yes]


def test_every_paint_differs_from_the_right_one_as_it_says() -> None:
    right = painted("right")
    rendering = render(TWO_TURNS, "sftviz/tiny", "chatml")
    assert PAINTS["right"].painted(rendering) == list(apply("assistant_only", rendering).supervised)
    assert painted("nothing") == []
    assert len(painted("everything")) == len(rendering.ids)
    assert [text for text in right if text != "<|im_end|>"] == painted("no_end")
    assert painted("header").count("<|im_start|>") == 2
    assert right[-len(painted("last_turn")) :] == painted("last_turn") != right


@pytest.mark.parametrize(
    ("moved", "wanted"),
    [(0, (IGNORE, 6, 7, IGNORE)), (-1, (IGNORE, IGNORE, 7, 8)), (1, (5, 6, IGNORE, IGNORE))],
)
def test_the_mask_slides_and_the_ids_stay(moved: int, wanted: tuple[int, ...]) -> None:
    assert painted_labels([5, 6, 7, 8], [False, True, True, False], moved) == wanted


def test_what_is_masked_gets_another_label_if_told() -> None:
    assert painted_labels([5, 6], [False, True], masked=0) == (0, 6)


@pytest.mark.parametrize("text", ["", "0", "1-2,4", "0-5"])
def test_ranges_are_read_as_they_are_written(text: str) -> None:
    assert to_ranges(from_ranges(text, 6)) == text


def test_ranges_beyond_the_row_are_left_out_and_no_ranges_are_refused() -> None:
    assert from_ranges("4-99", 6) == [False] * 4 + [True] * 2
    with pytest.raises(ValueError, match="invalid literal"):
        from_ranges("a-b", 6)
