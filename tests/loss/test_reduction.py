"""Three denominators, worked by hand."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.loss.loss_utils import ForCausalLMLoss

from sftviz.loss import (
    ACCUMULATIONS,
    IGNORE,
    NORMALIZATIONS,
    accumulate_nll,
    accumulated_weights,
    logit_gradient,
    next_token_pairs,
    reduce_nll,
    token_nll,
    token_weights,
)

NLL = torch.tensor([[0.0, 2.0, 4.0, 0.0], [0.0, 0.0, 0.0, 9.0]])
LABELS = torch.tensor([[-100, -100, 5, 6, -100], [-100, -100, -100, -100, 7]])


def test_token_divides_by_supervised_targets() -> None:
    assert reduce_nll(NLL, LABELS, "token").item() == pytest.approx((2 + 4 + 9) / 3)


def test_sample_divides_by_the_rows_length() -> None:
    assert reduce_nll(NLL, LABELS, "sample").item() == pytest.approx(((2 + 4) / 5 + 9 / 5) / 2)


def test_sample_leaves_padding_out_of_the_length() -> None:
    is_padding = torch.tensor([[False] * 4 + [True], [False] * 5])
    assert reduce_nll(NLL, LABELS, "sample", is_padding).item() == pytest.approx(((2 + 4) / 4 + 9 / 5) / 2)


def test_sequence_gives_every_answer_the_same_weight() -> None:
    assert reduce_nll(NLL, LABELS, "sequence").item() == pytest.approx(((2 + 4) / 2 + 9) / 2)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_nothing_supervised_is_zero_with_zero_gradient(normalization: str) -> None:
    nll = torch.ones(2, 3, requires_grad=True)
    with pytest.warns(UserWarning, match="0 of 6 targets are supervised"):
        loss = reduce_nll(nll, torch.full((2, 4), -100), normalization)
    loss.backward()
    assert loss.item() == 0.0
    assert nll.grad is not None
    assert (nll.grad == 0).all()


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_row_of_nothing_but_padding_takes_no_part(normalization: str) -> None:
    nll, labels = torch.tensor([[2.0, 4.0], [9.0, 9.0]]), torch.tensor([[-100, 5, 6], [-100, -100, -100]])
    is_padding = torch.tensor([[False] * 3, [True] * 3])
    rows = 2 if normalization == "sample" else 1  # its mean is over rows, empty ones too
    expected = 6 / 3 / rows if normalization == "sample" else 3.0
    assert float(reduce_nll(nll, labels, normalization, is_padding)) == pytest.approx(expected)


@pytest.mark.parametrize("label", [-1, -101])
def test_a_negative_label_that_is_not_ignored_is_no_target(label: int) -> None:
    with pytest.raises(ValueError, match=rf"label {label} at \[0, 1\] is no id, and not ignored either"):
        reduce_nll(torch.ones(1, 1), torch.tensor([[0, label]]))


def test_a_label_in_the_first_column_is_nobodys_target() -> None:
    labels = torch.tensor([[5, -100, 6]])
    assert reduce_nll(torch.tensor([[7.0, 3.0]]), labels, "token").item() == 3.0


def test_an_unknown_normalization_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'mean' is unknown; use one of token, sample, sequence"):
        reduce_nll(NLL, LABELS, "mean")


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"nll \[2, 5\] does not fit labels \[2, 5\]"):
        reduce_nll(torch.zeros(2, 5), LABELS)


def by_hand(nll: list[list[float]], labels: list[list[int]], normalization: str) -> float:
    """The three formulas in plain Python."""
    pairs = [zip(costs, row[1:], strict=True) for costs, row in zip(nll, labels, strict=True)]
    rows = [[cost for cost, label in pair if label != IGNORE] for pair in pairs]
    if normalization == "token":
        return sum(map(sum, rows)) / max(1, sum(map(len, rows)))
    if normalization == "sample":
        return sum(sum(row) / len(whole) for row, whole in zip(rows, labels, strict=True)) / len(rows)
    means = [sum(row) / len(row) for row in rows if row]
    return sum(means) / max(1, len(means))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 4), st.integers(1, 7), st.sampled_from(list(NORMALIZATIONS)), st.integers(0, 10_000))
def test_every_normalization_is_its_formula(b: int, t: int, normalization: str, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    nll = torch.rand(b, t - 1, generator=generator, dtype=torch.float64) * 9
    labels = torch.where(torch.rand(b, t, generator=generator) < 0.5, torch.tensor(IGNORE), torch.tensor(3))
    expected = by_hand(nll.tolist(), labels.tolist(), normalization)
    assert reduce_nll(nll, labels, normalization).item() == pytest.approx(expected, rel=1e-12)


def test_a_row_without_supervision_does_not_dilute_the_mean_over_sequences() -> None:
    nll = torch.cat([NLL, torch.ones(1, 4)])
    labels = torch.cat([LABELS, torch.full((1, 5), IGNORE)])
    assert reduce_nll(nll, labels, "sequence").item() == reduce_nll(NLL, LABELS, "sequence").item()


def test_the_first_token_is_never_a_target() -> None:
    labelled = LABELS.clone()
    labelled[:, 0] = 8
    assert all(reduce_nll(NLL, labelled, name).equal(reduce_nll(NLL, LABELS, name)) for name in NORMALIZATIONS)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("cost", [math.inf, math.nan])
def test_what_stands_on_an_ignored_row_does_not_matter(normalization: str, cost: float) -> None:
    nll = NLL.clone()
    nll[0, 0] = cost  # its label is -100, and inf * 0 is NaN
    assert reduce_nll(nll, LABELS, normalization).equal(reduce_nll(NLL, LABELS, normalization))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_batch_of_no_rows_is_zero(normalization: str) -> None:
    assert reduce_nll(torch.zeros(0, 2), torch.zeros(0, 3, dtype=torch.long), normalization).item() == 0.0


REFUSED = {
    "an attention mask as padding": (NLL, LABELS, torch.ones(2, 5, dtype=torch.long), "True on padding"),
    "padding of another shape": (NLL, LABELS, torch.zeros(2, 4, dtype=torch.bool), r"\[2, 4\]"),
    "one row without its batch": (NLL[0], LABELS[0], None, r"labels \[5\] are no batch: give \[B, T\]"),
    "shifted labels": (NLL, LABELS[:, 1:], None, r"nll \[2, 4\] does not fit labels \[2, 4\]"),
    "uint8 labels": (NLL, LABELS.to(torch.uint8), None, "-100 into 156"),
    "NaN that counts": (NLL.masked_fill(NLL == 9, math.nan), LABELS, None, r"\[1, 3\] is NaN"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_mean_is_refused(case: str) -> None:
    nll, labels, is_padding, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        reduce_nll(nll, labels, "sample", is_padding)


def test_an_unknown_normalization_lists_the_known() -> None:
    with pytest.raises(ValueError, match="'mean' is unknown; use one of token, sample, sequence"):
        reduce_nll(NLL, LABELS, "mean")


def micro_batches(seed: int, count: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Logits [1, T, 7] and labels [1, T] of different lengths, some prompt tokens ignored."""
    generator = torch.Generator().manual_seed(seed)
    logits, labels = [], []
    for _ in range(count):
        t = int(torch.randint(3, 9, (1,), generator=generator))
        logits.append(torch.randn(1, t, 7, generator=generator, dtype=torch.float64))
        row = torch.randint(0, 7, (1, t), generator=generator)
        row[:, : int(torch.randint(1, t, (1,), generator=generator))] = IGNORE
        labels.append(row)
    return logits, labels


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(0, 10_000))
def test_accumulation_over_the_step_is_transformers_num_items_in_batch(count: int, seed: int) -> None:
    logits, labels = micro_batches(seed, count)
    items = sum(int((row[:, 1:] != IGNORE).sum()) for row in labels)
    theirs = sum(
        ForCausalLMLoss(z, row, vocab_size=7, num_items_in_batch=items) for z, row in zip(logits, labels, strict=True)
    )
    ours = accumulate_nll([token_nll(z, row) for z, row in zip(logits, labels, strict=True)], labels, "step")
    assert float(ours) == pytest.approx(float(theirs), rel=1e-5)  # theirs is float32


def test_each_micro_batchs_own_mean_is_transformers_without_the_count() -> None:
    logits, labels = micro_batches(3, 4)
    theirs = [float(ForCausalLMLoss(z, row, vocab_size=7)) for z, row in zip(logits, labels, strict=True)]
    ours = accumulate_nll([token_nll(z, row) for z, row in zip(logits, labels, strict=True)], labels, "micro_batch")
    assert float(ours) == pytest.approx(sum(theirs) / 4, rel=1e-5)


def test_only_the_step_gives_the_big_batchs_loss() -> None:
    """Costs 4 and 1, 1, 1: the big batch says 7/4, the mean of means 5/2."""
    nll, labels = (
        torch.tensor([[4.0, 0.0, 0.0], [1.0, 1.0, 1.0]]),
        torch.tensor([[-100, 5, -100, -100], [-100, 5, 6, 7]]),
    )
    parts = [nll[:1], nll[1:]], [labels[:1], labels[1:]]
    assert reduce_nll(nll, labels, "token").item() == accumulate_nll(*parts, "step").item() == 7 / 4
    assert accumulate_nll(*parts, "micro_batch").item() == 5 / 2


@pytest.mark.parametrize("accumulation", ACCUMULATIONS)
def test_weights_add_up_to_one_and_are_the_losss_slope(accumulation: str) -> None:
    logits, labels = micro_batches(5, 3)
    costs = [token_nll(z, row).requires_grad_(True) for z, row in zip(logits, labels, strict=True)]
    accumulate_nll(costs, labels, accumulation).backward()
    weights = accumulated_weights(labels, accumulation)
    assert sum(float(weight.sum()) for weight in weights) == pytest.approx(1.0)
    for cost, weight in zip(costs, weights, strict=True):
        assert cost.grad is not None
        torch.testing.assert_close(cost.grad, weight)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_tokens_weight_is_the_slope_of_the_loss_along_its_cost(normalization: str) -> None:
    nll = NLL.clone().double().requires_grad_(True)
    reduce_nll(nll, LABELS, normalization).backward()
    assert nll.grad is not None
    torch.testing.assert_close(nll.grad, token_weights(LABELS, normalization))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_the_gradient_on_the_logits_is_weight_times_p_minus_y(normalization: str) -> None:
    logits, labels = micro_batches(8, 1)
    z = logits[0].requires_grad_(True)
    reduce_nll(token_nll(z, labels[0]), labels[0], normalization).backward()
    assert z.grad is not None
    pull = logit_gradient(*next_token_pairs(z.detach(), labels[0]))
    torch.testing.assert_close(z.grad[:, :-1], token_weights(labels[0], normalization).unsqueeze(-1) * pull)


@pytest.mark.parametrize("accumulation", ACCUMULATIONS)
def test_a_step_without_supervision_is_zero(accumulation: str) -> None:
    nll = torch.ones(1, 2, requires_grad=True)
    loss = accumulate_nll([nll, nll], [torch.full((1, 3), IGNORE)] * 2, accumulation)
    loss.backward()
    assert loss.item() == 0
    assert nll.grad is not None
    assert (nll.grad == 0).all()


def test_accumulation_names_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="'sum' is unknown; use one of step, micro_batch"):
        accumulate_nll([NLL], [LABELS], "sum")
    with pytest.raises(ValueError, match="no micro-batch"):
        accumulate_nll([], [])
    with pytest.raises(ValueError, match=r"nll \[2, 4\] does not fit labels \[2, 4\]"):
        accumulate_nll([NLL], [LABELS[:, 1:]])


def test_ignoring_the_pad_id_forgets_the_end_of_turn_where_pad_is_eos() -> None:
    """ignore_index = pad id with pad = eos: the end-of-turn leaves the loss, and nothing teaches the model to stop."""
    eos = 2
    ids = torch.tensor([[5, 6, 4, eos, eos, eos]])  # a reply, its end, two pads
    is_padding = torch.tensor([[False] * 4 + [True] * 2])
    wrong = ids.masked_fill(ids == eos, IGNORE)
    right = ids.masked_fill(is_padding, IGNORE)
    logits = torch.randn(1, 6, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    stop = token_nll(logits, right)[0, 2]  # the position that predicts the end
    assert token_weights(wrong)[0, 2] == 0
    assert float(token_weights(right)[0, 2]) == pytest.approx(1 / 3)
    expected = F.cross_entropy(logits[0, :3], ids[0, 1:4])
    assert float(reduce_nll(token_nll(logits, right), right)) == pytest.approx(float(expected))
    assert float(reduce_nll(token_nll(logits, wrong), wrong)) == pytest.approx(float((3 * expected - stop) / 2))
