"""Every cut of a batch: none is the whole batch, every one is the known bug, and each is what accumulating gives."""

import pytest

from sftviz.chat.samples import SAMPLES
from sftviz.inspection import batched
from sftviz.inspection import inspect as inspected
from sftviz.model import load_model
from sftviz.training.accumulation import compare_accumulations
from sftviz.training.cuts import every_cut

NAMES = ("unmasked_trap", "single_turn", "multi_turn")


@pytest.fixture(scope="module")
def batch():
    return batched([inspected(SAMPLES[name].text) for name in NAMES])[0]


def test_no_cut_is_the_batch_and_every_cut_is_the_mean_of_means(batch) -> None:
    model = load_model("sftviz/tiny-sft")
    whole, cuts = every_cut(model, batch)
    wanted, (_, bug) = compare_accumulations(model, batch, size=1)
    assert len(cuts) == 4
    assert whole == pytest.approx(wanted, rel=1e-5)
    assert (cuts[0].length, cuts[0].direction) == (pytest.approx(1), pytest.approx(1))
    assert cuts[-1].cuts == (True, True)
    assert cuts[-1].loss == pytest.approx(bug.loss, rel=1e-5)
    assert cuts[-1].direction == pytest.approx(bug.direction, abs=1e-4)
    off = (1 + cuts[-1].length ** 2 - 2 * cuts[-1].length * cuts[-1].direction) ** 0.5
    assert off == pytest.approx(bug.off_by, rel=1e-3)


def test_rows_with_equally_many_targets_can_be_cut_anywhere() -> None:
    equal = batched([inspected(SAMPLES["single_turn"].text)] * 3)[0]
    whole, cuts = every_cut(load_model("sftviz/tiny-sft"), equal)
    for cut in cuts:
        assert cut.loss == pytest.approx(whole, rel=1e-5)
        assert cut.direction == pytest.approx(1, abs=1e-5)


def test_a_row_without_a_target_says_so(batch) -> None:
    batch.labels[1] = -100
    with pytest.raises(ValueError, match="row 1 of the batch has no target"):
        every_cut(load_model("sftviz/tiny-sft"), batch)
