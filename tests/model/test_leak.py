"""What a leak does to training, against the entropy of what it is trained on."""

import math

import pytest
import torch

from sftviz.attention import causal, full, prefix, sliding_window
from sftviz.model.leak import FLOOR, LENGTH, learn_random_tokens


def end_of(losses: tuple[float, ...]) -> float:
    return sum(losses[-20:]) / 20


def test_the_floor_is_the_entropy_of_sixteen_equally_likely_tokens() -> None:
    assert pytest.approx(torch.distributions.Categorical(torch.ones(16)).entropy().item()) == FLOOR


@pytest.mark.parametrize("may_attend", [causal(LENGTH), sliding_window(LENGTH, 2)], ids=["causal", "window"])
def test_without_a_leak_nobody_beats_chance(may_attend: torch.Tensor) -> None:
    learned = learn_random_tokens(may_attend)
    assert end_of(learned.losses) == pytest.approx(math.log(16), abs=0.05)
    assert learned.writing == pytest.approx(math.log(16), abs=0.05)


def test_with_full_attention_the_loss_drops_too_well_and_writing_is_worse_than_chance() -> None:
    learned = learn_random_tokens(full(LENGTH))
    assert end_of(learned.losses) < 0.05
    assert learned.writing > math.log(16) + 1


def test_a_supervised_prefix_leaks_as_many_targets_as_it_shows() -> None:
    """Three of the seven targets stand within a prefix of four; the other four cost log V each, honestly."""
    learned = learn_random_tokens(prefix(LENGTH, 4), steps=300)
    assert end_of(learned.losses) == pytest.approx(4 / 7 * math.log(16), abs=0.15)


def test_the_same_seed_learns_the_same_whatever_the_processs_own_seed_is() -> None:
    torch.manual_seed(5)
    first = learn_random_tokens(causal(LENGTH), steps=3)
    torch.manual_seed(6)
    assert learn_random_tokens(causal(LENGTH), steps=3) == first
    assert learn_random_tokens(causal(LENGTH), steps=3, seed=1) != first
