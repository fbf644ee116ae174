"""Micro-batches against the big batch, on the embedded model, by transformers' own loss."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.loss.loss_utils import ForCausalLMLoss

from sftviz.chat.samples import SAMPLES
from sftviz.inspection import inspect
from sftviz.loss import ACCUMULATIONS, IGNORE, token_nll
from sftviz.model import load_model
from sftviz.supervision.packing import Batch, Sample, pad
from sftviz.training.accumulation import (
    accumulate_gradients,
    compare_accumulations,
    gradients,
    model_costs,
    split,
    trainable_copy,
)

MODEL = "sftviz/tiny-sft"
CHATS = ("unmasked_trap", "single_turn", "multi_turn")


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    seen = [inspect(SAMPLES[name].text, model=None) for name in CHATS]
    return [Sample(tuple(s.rendering.ids), tuple(s.supervision.labels)) for s in seen]


@pytest.fixture(scope="module")
def batch(samples: list[Sample]) -> Batch:
    return pad(samples, pad_id=3)


def theirs(batches: Sequence[Batch], items: int | None) -> tuple[float, list[Tensor]]:
    """Loss and gradients as transformers' trainer makes them: its own loss, backward after every micro-batch."""
    model: Any = trainable_copy(load_model(MODEL))
    loss = 0.0
    for part in batches:
        logits = model(input_ids=part.input_ids, attention_mask=part.attention_mask).logits
        own = ForCausalLMLoss(logits, part.labels, vocab_size=logits.shape[-1], num_items_in_batch=items)
        own = own if items else own / len(batches)
        own.backward()
        loss += float(own.detach())
    return loss, gradients(model)


def ours(batches: Sequence[Batch], accumulation: str) -> tuple[float, list[Tensor]]:
    model = trainable_copy(load_model(MODEL))
    return accumulate_gradients(model, batches, accumulation), gradients(model)


def assert_same(found: list[Tensor], expected: list[Tensor]) -> None:
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=2e-6)


def targets_of(batch: Batch) -> int:
    return int((batch.labels[:, 1:] != IGNORE).sum())


@pytest.mark.parametrize("size", [1, 2])
def test_over_the_step_the_gradient_is_the_big_batchs(batch: Batch, size: int) -> None:
    whole_loss, whole = theirs([batch], None)
    loss, found = ours(split(batch, size), "step")
    assert loss == pytest.approx(whole_loss, rel=1e-5)
    assert_same(found, whole)


def test_over_the_step_it_is_transformers_with_num_items_in_batch(batch: Batch) -> None:
    loss, expected = theirs(split(batch, 1), targets_of(batch))
    found_loss, found = ours(split(batch, 1), "step")
    assert found_loss == pytest.approx(loss, rel=1e-5)
    assert_same(found, expected)


def test_the_bug_is_the_mean_of_transformers_means_and_not_the_big_batch(batch: Batch) -> None:
    loss, expected = theirs(split(batch, 1), None)
    found_loss, found = ours(split(batch, 1), "micro_batch")
    assert found_loss == pytest.approx(loss, rel=1e-5)
    assert_same(found, expected)
    _, whole = theirs([batch], None)
    away = sum(float((a - b).square().sum()) for a, b in zip(found, whole, strict=True)) ** 0.5
    assert away > 0.2 * sum(float(b.square().sum()) for b in whole) ** 0.5


def test_micro_batches_padded_to_their_own_length_give_the_same(samples: list[Sample], batch: Batch) -> None:
    loss, found = ours([pad([sample], pad_id=3) for sample in samples], "step")
    whole_loss, whole = theirs([batch], None)
    assert loss == pytest.approx(whole_loss, rel=1e-5)
    assert_same(found, whole)


class Bigram(nn.Module):
    """The next token from the last one alone, in float64: any module will do."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.table = nn.Parameter(torch.randn(11, 11, generator=generator, dtype=torch.float64))
        self.unused = nn.Parameter(torch.zeros(2))


def bigram_costs(model: Bigram, batch: Batch) -> Tensor:
    return token_nll(model.table[batch.input_ids], batch.labels)


def ragged(targets: Sequence[int]) -> Batch:
    """One row for each number, with that many targets."""
    generator = torch.Generator().manual_seed(sum(targets))
    rows = []
    for count in targets:
        ids = torch.randint(0, 11, (max(targets) + 3,), generator=generator).tolist()
        rows.append(Sample(tuple(ids), (IGNORE,) * (len(ids) - count) + tuple(ids[len(ids) - count :])))
    return pad(rows, pad_id=0)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_any_module_has_the_big_batchs_gradient_to_float64(size: int) -> None:
    batch, model = ragged([1, 7, 3, 2, 4]), Bigram()
    loss = accumulate_gradients(model, split(batch, size), "step", bigram_costs)
    table = model.table.detach().clone().requires_grad_(True)
    expected = F.cross_entropy(table[batch.input_ids[:, :-1]].flatten(0, 1), batch.labels[:, 1:].flatten())
    expected.backward()
    assert loss == pytest.approx(float(expected), rel=1e-12)
    torch.testing.assert_close(model.table.grad, table.grad, rtol=1e-10, atol=1e-14)


def test_with_equally_many_targets_in_each_the_bug_cannot_be_seen() -> None:
    _, rows = compare_accumulations(Bigram(), ragged([3, 3, 3, 3]), 2, bigram_costs)
    assert [row.off_by for row in rows] == pytest.approx([0, 0], abs=1e-12)


def test_the_comparison_tells_the_right_one_from_the_bug_and_by_how_much() -> None:
    """One target of cost a beside three of b: the big batch's gradient is (g1 + 3 g2) / 4, the bug's (g1 + g2) / 2."""
    batch, model = ragged([1, 3]), Bigram()
    table = model.table.detach().clone().requires_grad_(True)
    costs = [
        F.cross_entropy(table[row[:-1]], label[1:]) for row, label in zip(batch.input_ids, batch.labels, strict=True)
    ]
    first, second = (torch.autograd.grad(cost, table, retain_graph=True)[0] for cost in costs)
    whole, bug = (first + 3 * second) / 4, (first + second) / 2
    loss, (right, wrong) = compare_accumulations(model, batch, 1, bigram_costs)
    assert loss == pytest.approx(float(costs[0] + 3 * costs[1]) / 4)
    assert (right.accumulation, wrong.accumulation) == ("step", "micro_batch")
    assert (right.loss, right.off_by, right.direction) == pytest.approx((loss, 0, 1), abs=1e-12)
    assert wrong.loss == pytest.approx(float(costs[0] + costs[1]) / 2)
    assert wrong.off_by == pytest.approx(float((bug - whole).norm() / whole.norm()))
    assert wrong.direction == pytest.approx(float((bug * whole).sum() / bug.norm() / whole.norm()))


def test_the_comparison_only_reads_the_model(batch: Batch) -> None:
    model = load_model(MODEL)
    before = [parameter.clone() for parameter in model.parameters()]
    compare_accumulations(model, batch, 2)
    for parameter, was in zip(model.parameters(), before, strict=True):
        assert parameter.grad is None
        assert not parameter.requires_grad
        assert parameter.equal(was)


def test_gradients_are_added_to_what_is_there() -> None:
    batch, model = ragged([1, 3]), Bigram()
    accumulate_gradients(model, [batch], costs=bigram_costs)
    once = model.table.grad.clone()
    accumulate_gradients(model, [batch], costs=bigram_costs)
    torch.testing.assert_close(model.table.grad, 2 * once)


@pytest.mark.parametrize("accumulation", ACCUMULATIONS)
def test_a_step_without_a_target_is_zero_and_leaves_zeros(accumulation: str) -> None:
    model = Bigram()
    assert (
        accumulate_gradients(
            model,
            [
                ragged([1, 3]),
            ],
            accumulation,
            bigram_costs,
        )
        > 0
    )
    model.zero_grad()
    nothing = pad([Sample((1, 2, 3), (IGNORE,) * 3)] * 2, pad_id=0)
    assert accumulate_gradients(model, split(nothing, 1), accumulation, bigram_costs) == 0.0
    assert all((gradient == 0).all() for gradient in gradients(model))


def test_split_and_copy_keep_what_they_were_given(batch: Batch) -> None:
    parts = split(batch, 2)
    assert [part.labels.shape[0] for part in parts] == [2, 1]
    for column in ("input_ids", "labels", "is_padding", "position_ids"):
        assert torch.cat([getattr(part, column) for part in parts]).equal(getattr(batch, column))
    with pytest.raises(ValueError, match="micro-batch of 0 rows"):
        split(batch, 0)


def test_a_frozen_model_is_refused_with_the_way_out(batch: Batch) -> None:
    with pytest.raises(ValueError, match=r"shared and frozen; train a trainable_copy\(model\)"):
        accumulate_gradients(load_model(MODEL), [batch])


def test_no_micro_batch_and_an_unknown_accumulation_are_refused(batch: Batch) -> None:
    model = Bigram()
    with pytest.raises(ValueError, match="no micro-batch"):
        accumulate_gradients(model, [])
    with pytest.raises(ValueError, match="'mean' is unknown; use one of step, micro_batch"):
        accumulate_gradients(model, [batch], "mean")


def test_padding_on_the_left_costs_the_same(samples: list[Sample]) -> None:
    model: Any = load_model(MODEL)
    right, left = (model_costs(model, pad(samples, pad_id=3, side=side)) for side in ("right", "left"))
    assert float(right.sum()) == pytest.approx(float(left.sum()), rel=1e-4)
