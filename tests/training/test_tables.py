"""The smallest model: what it learns from each shift, and that a low loss does not say which."""

import pytest
import torch
import torch.nn.functional as F

from sftviz.training.tables import Apprentice, pairs, shifted_costs, trained_table

TEN = list(range(100, 110))


@pytest.fixture(scope="module")
def apprentices() -> dict[int, Apprentice]:
    return {shift: trained_table(TEN, shift) for shift in (-1, 0, 1, 2)}


def test_every_shift_ends_at_the_same_low_loss(apprentices: dict[int, Apprentice]) -> None:
    ends = [one.losses[-1] for one in apprentices.values()]
    assert max(ends) < 0.02
    assert max(ends) - min(ends) < 0.002
    assert all(one.losses[0] == pytest.approx(torch.tensor(10.0).log().item()) for one in apprentices.values())


def test_only_one_of_them_writes_the_row(apprentices: dict[int, Apprentice]) -> None:
    assert apprentices[1].written == TEN
    assert apprentices[0].written == [100] * 10
    assert apprentices[2].written == [100, 102, 104, 106, 108]
    assert apprentices[-1].written == [100]  # nobody was asked what came before the first


def test_a_row_that_was_never_asked_stays_at_zero(apprentices: dict[int, Apprentice]) -> None:
    assert apprentices[2].trained == set(range(8))
    assert apprentices[2].logits[8:].abs().max() == 0


def test_a_token_that_comes_twice_keeps_a_loss_its_two_successors_make() -> None:
    twice = trained_table([1, 2, 1, 3], 1)
    assert twice.losses[-1] == pytest.approx(2 / 3 * torch.tensor(2.0).log().item(), abs=0.01)  # of a coin, twice in 3


def test_costs_of_a_shift_are_torchs() -> None:
    logits = torch.randn(6, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ids = torch.tensor([3, 1, 4, 1, 5, 8])
    for shift in (-1, 0, 1, 2):
        costs = shifted_costs(logits, ids, shift)
        read, asked = pairs(6, shift)
        wanted = F.cross_entropy(logits[read], ids[asked], reduction="none").tolist()
        assert [cost for cost in costs if cost is not None] == pytest.approx(wanted)
        assert costs.count(None) == abs(shift)


def test_a_row_too_short_for_its_shift_says_so() -> None:
    with pytest.raises(ValueError, match="of 2 tokens none is 2 places"):
        trained_table([1, 2], 2)
