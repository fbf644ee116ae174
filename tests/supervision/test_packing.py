"""Truncation, padding and packing: no token invented or lost, and the loss of the embedded model unchanged."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import DataCollatorWithFlattening

from sftviz.attention import as_heads
from sftviz.attention import packed as packed_attention
from sftviz.chat.samples import SAMPLES
from sftviz.inspection import inspect
from sftviz.loss import IGNORE, reduce_nll, token_nll
from sftviz.model import load_model
from sftviz.supervision.packing import Batch, Sample, Side, bins, pack, pad, supervised_spans, truncate, truncation_cost

MODEL = "sftviz/tiny-sft"


def samples_of_chats() -> list[Sample]:
    seen = [inspect(sample.text, model=None) for sample in list(SAMPLES.values())[:4]]
    return [Sample(tuple(one.rendering.ids), tuple(one.supervision.labels)) for one in seen]


def loss_of(**inputs: torch.Tensor) -> float:
    labels = inputs.pop("labels")
    logits = load_model(MODEL)(**inputs, use_cache=False).logits
    return float(reduce_nll(token_nll(logits.double(), labels), labels))


def unpacked_loss(samples: list[Sample]) -> float:
    """Every chat on its own, the costs of all supervised targets averaged."""
    costs = [
        token_nll(load_model(MODEL)(torch.tensor([s.ids])).logits.double(), torch.tensor([s.labels])) for s in samples
    ]
    return float(sum(cost.sum() for cost in costs) / sum(s.targets for s in samples))


def within_documents(documents: torch.Tensor) -> torch.Tensor:
    """[1, 1, T, T] bool: same chat, and not later."""
    return as_heads(packed_attention(documents))


def test_a_packed_row_has_the_loss_of_its_chats_unpacked() -> None:
    samples = samples_of_chats()
    [row] = pack(samples, length=512)
    packed = loss_of(
        input_ids=row.ids[None],
        labels=row.labels[None],
        position_ids=row.position_ids[None],
        attention_mask=within_documents(row.document_ids),
    )
    assert packed == pytest.approx(unpacked_loss(samples), abs=1e-6)


def test_an_end_of_document_that_is_not_learned_changes_nothing() -> None:
    samples = samples_of_chats()
    [row] = pack(samples, length=512, end_of_document=2)
    packed = loss_of(
        input_ids=row.ids[None],
        labels=row.labels[None],
        position_ids=row.position_ids[None],
        attention_mask=within_documents(row.document_ids),
    )
    assert packed == pytest.approx(unpacked_loss(samples), abs=1e-6)
    [learned] = pack(samples, length=512, end_of_document=2, learn_end=True)
    assert (learned.labels == 2).sum() == (row.labels == 2).sum() + len(samples)


def test_attention_across_chats_and_a_label_across_the_border_both_change_the_loss() -> None:
    samples = samples_of_chats()
    [row] = pack(samples, length=512)
    right = unpacked_loss(samples)
    leaking = loss_of(input_ids=row.ids[None], labels=row.labels[None])
    assert abs(leaking - right) > 1e-3
    pretraining = [Sample(s.ids, s.ids) for s in samples]
    [whole] = pack(pretraining, length=512)
    inputs = {
        "input_ids": whole.ids[None],
        "position_ids": whole.position_ids[None],
        "attention_mask": within_documents(whole.document_ids),
    }
    assert loss_of(**inputs, labels=whole.labels[None]) == pytest.approx(unpacked_loss(pretraining), abs=1e-6)
    assert abs(loss_of(**inputs, labels=whole.ids[None]) - unpacked_loss(pretraining)) > 1e-3


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_on_either_side_leaves_the_loss_alone(side: str) -> None:
    samples = samples_of_chats()
    batch = pad(samples, pad_id=3, side=side)  # pyright: ignore[reportArgumentType]
    padded = loss_of(
        input_ids=batch.input_ids,
        labels=batch.labels,
        position_ids=batch.position_ids,
        attention_mask=batch.attention_mask,
    )
    assert padded == pytest.approx(unpacked_loss(samples), abs=1e-6)


def test_rows_are_what_transformers_own_flattening_makes() -> None:
    samples = samples_of_chats()
    theirs = DataCollatorWithFlattening(return_flash_attn_kwargs=True)(
        [{"input_ids": list(s.ids), "labels": list(s.labels)} for s in samples]
    )
    [row] = pack(samples, length=512)
    assert row.sources == (0, 1, 2, 3)
    assert row.ids.tolist() == theirs["input_ids"][0].tolist()
    assert row.labels.tolist() == theirs["labels"][0].tolist()
    assert row.position_ids.tolist() == theirs["position_ids"][0].tolist()
    assert row.cu_seqlens.tolist() == theirs["cu_seq_lens_q"].tolist()


LENGTHS = st.lists(st.integers(1, 20), min_size=1, max_size=30)


@settings(max_examples=200, deadline=None)
@given(LENGTHS)
def test_nothing_is_lost_nothing_is_split_and_no_row_is_too_long(sizes: list[int]) -> None:
    samples = [
        Sample(tuple(range(100 * i, 100 * i + n)), (IGNORE, *range(100 * i + 1, 100 * i + n)))
        for i, n in enumerate(sizes)
    ]
    rows = pack(samples, length=20)
    assert sorted(source for row in rows for source in row.sources) == list(range(len(samples)))
    for row in rows:
        assert len(row.ids) <= 20
        starts = row.cu_seqlens.tolist()
        for source, start, end in zip(row.sources, starts, starts[1:], strict=False):
            assert row.ids[start:end].tolist() == list(samples[source].ids)
            assert row.labels[start:end].tolist() == list(samples[source].labels)
            assert row.position_ids[start:end].tolist() == list(range(end - start))
        assert [row.labels[a:b].tolist() for a, b in row.spans] == [row.ids[a:b].tolist() for a, b in row.spans]
        assert sum(b - a for a, b in row.spans) == sum(samples[source].targets for source in row.sources)


@settings(max_examples=200, deadline=None)
@given(LENGTHS)
def test_no_two_rows_could_have_been_one(sizes: list[int]) -> None:
    fills = sorted(sum(sizes[i] for i in row) for row in bins(sizes, 20))
    assert len(fills) >= -(-sum(sizes) // 20)
    assert len(fills) < 2 or fills[0] + fills[1] > 20


def test_best_fit_worked_by_hand() -> None:
    assert bins([7, 5, 3, 3, 2], 10) == [[0, 2], [1, 3, 4]]
    assert bins([], 10) == []


def test_the_right_cut_loses_the_end_of_the_answer_and_the_left_one_the_question() -> None:
    sample = Sample((1, 2, 3, 4, 5), (IGNORE, IGNORE, 3, 4, 5))
    right = truncate(sample, 3)
    assert (right.sample.labels, right.lost_tokens, right.lost_targets) == ((IGNORE, IGNORE, 3), 2, 2)
    left = truncate(sample, 3, cut="left")
    assert left.sample.ids == (3, 4, 5)
    assert left.lost_targets == 1  # token 3 is still labelled, and nothing is left that predicts it
    assert truncate(sample, 2).is_useless
    assert not truncate(sample, 9).is_useless


def test_padding_is_never_supervised_even_where_its_id_is_a_label() -> None:
    batch = pad([Sample((5, 2), (5, 2)), Sample((2,), (2,))], pad_id=2, length=4)
    assert batch.labels.tolist() == [[5, 2, IGNORE, IGNORE], [2, IGNORE, IGNORE, IGNORE]]
    assert batch.attention_mask.tolist() == [[1, 1, 0, 0], [1, 0, 0, 0]]


def test_left_padding_starts_positions_with_the_chat() -> None:
    batch = pad([Sample((5, 6, 7), (5, 6, 7)), Sample((8,), (8,))], pad_id=0, side="left")
    assert batch.position_ids.tolist() == [[0, 1, 2], [0, 0, 0]]
    assert batch.input_ids.tolist() == [[5, 6, 7], [0, 0, 8]]


def test_spans_touch_neither_ends_nor_each_other() -> None:
    assert supervised_spans([IGNORE] * 3) == ()
    assert supervised_spans([1, 2, IGNORE, 3]) == ((0, 2), (3, 4))


REFUSED = {
    "a chat longer than a row": (lambda: pack([Sample((1,) * 5, (1,) * 5)], 4), "sample 0 has 5 tokens.*holds 4"),
    "its end no longer fits": (lambda: pack([Sample((1,) * 4, (1,) * 4)], 4, end_of_document=2), "sample 0 has 5"),
    "padding to less": (lambda: pad([Sample((1, 2), (1, 2))], 0, length=1), "sample 0 has 2 tokens"),
    "no room at all": (lambda: truncate(Sample((1,), (1,)), 0), "length 0"),
    "labels of another length": (lambda: Sample((1, 2), (1,)), "2 ids and 1 labels"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_named(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()


def test_no_samples_make_no_rows() -> None:
    assert pack([], 10) == []
    assert pad([], 0).input_ids.shape == (0, 0)


@pytest.mark.parametrize("cut", ["right", "left"])
@pytest.mark.parametrize("length", [1, 8, 30, 500])
def test_what_a_length_costs_is_counted_token_by_token(length: int, cut: Side) -> None:
    samples = samples_of_chats()
    kept = [s.labels[:length] if cut == "right" else s.labels[-length:] for s in samples]
    targets = [sum(label != -100 for label in row[1:]) for row in kept]
    cost = truncation_cost(samples, length, cut)
    assert (cost.tokens, cost.targets) == (sum(map(len, kept)), sum(targets))
    assert cost.tokens + cost.lost_tokens == sum(map(len, samples))
    assert cost.targets + cost.lost_targets == sum(sample.targets for sample in samples)
    assert cost.useless == sum(now == 0 < s.targets for now, s in zip(targets, samples, strict=True))


WEIGHTED = Sample((5, 6, 7, 8), (-100, 6, 7, 8), (1.0, 0.5, -1.0, 0.0))
PLAIN = Sample((9, 10), (-100, 10))


def test_weights_are_cut_with_their_tokens() -> None:
    assert truncate(WEIGHTED, 3).sample.weights == (1.0, 0.5, -1.0)
    assert truncate(WEIGHTED, 3, "left").sample.weights == (0.5, -1.0, 0.0)
    assert truncate(PLAIN, 1).sample.weights is None


@pytest.mark.parametrize("side", ["left", "right"])
def test_padded_weights_stand_beside_their_tokens(side: Side) -> None:
    batch = pad([WEIGHTED, PLAIN], 0, side, length=5)
    assert batch.weights is not None
    expected = [1.0, 0.5, -1.0, 0.0]
    assert batch.weights[0].tolist() == ([*expected, 1.0] if side == "right" else [1.0, *expected])
    assert pad([PLAIN], 0).weights is None


def test_a_packed_row_weighs_each_token_as_its_sample_says() -> None:
    [row] = pack([WEIGHTED, PLAIN], 8, end_of_document=2, learn_end=True)
    assert row.weights is not None
    assert row.weights.tolist() == [1.0, 0.5, -1.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    nll = torch.tensor([[2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]])
    # supervised: 6, 7, 8, its end, 10, its end; the first of the second chat is nobody's target
    by_hand = (0.5 * 2 - 4 + 0 + 16 + 64 + 128) / 6
    assert float(reduce_nll(nll, row.labels[None], weights=row.weights[None])) == pytest.approx(by_hand)


def test_a_sample_with_a_weight_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="2 ids and 1 weights: every token has one weight"):
        Sample((5, 6), (5, 6), (1.0,))


def test_a_batch_whose_padding_is_an_attention_mask_is_refused() -> None:
    batch = pad([WEIGHTED, PLAIN], 0)
    with pytest.raises(ValueError, match="is_padding is True on 4 supervised tokens: is this an attention mask"):
        Batch(batch.input_ids, batch.labels, ~batch.is_padding, batch.position_ids)


def test_what_makes_no_tensor_needs_no_torch() -> None:
    code = (
        "import sys; from sftviz.supervision.packing import Batch, Sample, truncation_cost, bins;"
        "truncation_cost([Sample((5, 6), (-100, 6))], 1); bins([3, 2], 4); print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
