"""Every kind of attention against SDPA, against transformers' own makers, and by its definition."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LlamaConfig
from transformers.masking_utils import create_causal_mask, create_sliding_window_causal_mask

from sftviz.attention import (
    ATTENTIONS,
    EXHIBITS,
    Scene,
    additive,
    as_heads,
    causal,
    diagonal,
    documents_from_cu_seqlens,
    documents_from_positions,
    full,
    packed,
    prefix,
    sees_target,
    sliding_window,
    weights,
    weights_of,
    without_padding,
)


def qkv(t: int, seed: int = 0, b: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    q, k, v = torch.randn(3, b, 2, t, 4, generator=generator, dtype=torch.float64)
    return q, k, v


@pytest.mark.parametrize("t", [1, 2, 7])
def test_causal_is_what_sdpa_calls_causal(t: int) -> None:
    q, k, v = qkv(t)
    torch.testing.assert_close(
        F.scaled_dot_product_attention(q, k, v, attn_mask=as_heads(causal(t))),
        F.scaled_dot_product_attention(q, k, v, is_causal=True),
    )


SCENE = Scene(8, 3, 3, torch.tensor([0, 0, 0, 1, 1, 2, 2, 2]), torch.tensor([True] * 2 + [False] * 6))


@pytest.mark.parametrize("name", ATTENTIONS)
def test_boolean_and_additive_and_our_weights_agree_in_sdpa(name: str) -> None:
    may_attend = ATTENTIONS[name].build(SCENE)
    sees = may_attend.any(-1)
    q, k, v = qkv(8)
    boolean = F.scaled_dot_product_attention(q, k, v, attn_mask=as_heads(may_attend))
    for finite in (True, False):
        added = F.scaled_dot_product_attention(
            q, k, v, attn_mask=as_heads(additive(may_attend, torch.float64, finite=finite))
        )
        torch.testing.assert_close(added[:, :, sees], boolean[:, :, sees])
    ours = weights(q @ k.transpose(-1, -2) / 2, as_heads(may_attend)) @ v
    torch.testing.assert_close(ours, boolean)


DEFINITIONS = {
    "causal": lambda i, j: j <= i,
    "packed_causal": lambda i, j: j <= i,
    "padded": lambda i, j: j <= i and j >= 2,
    "prefix": lambda i, j: j <= i or j < 3,
    "packed": lambda i, j: j <= i and SCENE.document_ids[i] == SCENE.document_ids[j],
    "window": lambda i, j: i - 3 < j <= i,
    "packed_window": lambda i, j: i - 3 < j <= i and SCENE.document_ids[i] == SCENE.document_ids[j],
    "full": lambda i, j: True,
    "diagonal": lambda i, j: i == j,
}


@pytest.mark.parametrize("name", ATTENTIONS)
def test_every_kind_is_its_definition_cell_by_cell(name: str) -> None:
    built = ATTENTIONS[name].build(SCENE)
    assert built.dtype == torch.bool
    assert built.tolist() == [[bool(DEFINITIONS[name](i, j)) for j in range(8)] for i in range(8)]


def config(implementation: str, window: int | None = None) -> LlamaConfig:
    made = LlamaConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1, vocab_size=11)
    made._attn_implementation = implementation
    made.sliding_window = window
    return made


def theirs(maker, implementation: str, attention_mask=None, position_ids=None, window=None, b=1, t=8) -> torch.Tensor:
    return maker(
        config=config(implementation, window),
        inputs_embeds=torch.zeros(b, t, 8),
        attention_mask=attention_mask,
        past_key_values=None,
        position_ids=position_ids,
    )


CAUSAL, WINDOW = create_causal_mask, create_sliding_window_causal_mask


def test_transformers_makes_the_same_causal_tensor() -> None:
    assert theirs(CAUSAL, "eager").equal(additive(as_heads(causal(8))))


def test_transformers_makes_the_same_for_padding_on_either_side() -> None:
    is_padding = torch.tensor([[True, True] + [False] * 6, [False] * 5 + [True] * 3])
    ours = as_heads(without_padding(causal(8), is_padding))
    made = theirs(CAUSAL, "eager", attention_mask=(~is_padding).long(), b=2)
    sees = ours.any(-1, keepdim=True)  # a row that sees nothing is given something by them, so that softmax has a sum
    assert (made == additive(ours))[sees.expand_as(ours)].all()
    boolean = theirs(CAUSAL, "sdpa", attention_mask=(~is_padding).long(), b=2)
    assert (boolean == ours)[sees.expand_as(ours)].all()


def test_transformers_makes_the_same_for_packed_positions() -> None:
    positions = torch.tensor([[0, 1, 2, 0, 1, 0, 1, 2]])
    documents = documents_from_positions(positions)
    assert documents.tolist() == [[0, 0, 0, 1, 1, 2, 2, 2]]
    assert theirs(CAUSAL, "eager", position_ids=positions).equal(additive(as_heads(packed(documents))))


@pytest.mark.parametrize("window", [1, 3, 8, 20])
def test_transformers_makes_the_same_sliding_window(window: int) -> None:
    assert theirs(WINDOW, "eager", window=window).equal(additive(as_heads(sliding_window(8, window))))


def test_transformers_makes_the_same_for_both_at_once() -> None:
    positions = torch.tensor([[0, 1, 2, 3, 4, 0, 1, 2]])
    ours = packed(documents_from_positions(positions)) & sliding_window(8, 2)
    assert theirs(WINDOW, "eager", position_ids=positions, window=2).equal(additive(as_heads(ours)))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_documents_are_the_same_from_lengths_boundaries_and_positions(lengths: list[int]) -> None:
    documents = [i for i, length in enumerate(lengths) for _ in range(length)]
    boundaries = torch.tensor([0, *lengths]).cumsum(0)
    positions = torch.tensor([t for length in lengths for t in range(length)])
    assert documents_from_cu_seqlens(boundaries).tolist() == documents
    assert documents_from_positions(positions).tolist() == documents
    blocks = torch.block_diag(*[torch.ones(length, length).tril() for length in lengths]).bool()
    assert packed(torch.tensor(documents)).equal(blocks)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 12), st.integers(0, 12), st.integers(1, 14))
def test_limits_where_one_kind_becomes_another(t: int, p: int, window: int) -> None:
    p = min(p, t)
    assert prefix(t, 0).equal(causal(t))
    assert prefix(t, t).equal(full(t))
    assert sliding_window(t, max(t, window)).equal(causal(t))
    assert sliding_window(t, 1).equal(diagonal(t))
    assert packed(torch.zeros(t, dtype=torch.long)).equal(causal(t))
    assert packed(torch.arange(t)).equal(diagonal(t))
    assert (prefix(t, p) | causal(t)).equal(prefix(t, p))


def test_a_query_that_may_see_nothing_attends_to_nothing() -> None:
    is_padding = torch.tensor([[True, False, False]])
    may_attend = without_padding(causal(3), is_padding)
    given = weights(torch.randn(1, 3, 3, generator=torch.Generator().manual_seed(0)), may_attend)
    assert given[0, 0].tolist() == [0, 0, 0]
    torch.testing.assert_close(given[0, 1:].sum(-1), torch.ones(2))
    assert torch.isnan(torch.softmax(additive(may_attend, finite=False), -1)[0, 0]).all()
    assert torch.isfinite(torch.softmax(additive(may_attend), -1)).all()


def test_who_sees_its_own_target_is_who_may_look_one_ahead() -> None:
    assert not sees_target(causal(5)).any()
    assert sees_target(full(4)).tolist() == [True, True, True, False]  # the last one has no target
    assert sees_target(prefix(5, 3)).tolist() == [True, True, False, False, False]
    assert sees_target(full(1)).tolist() == [False]


@pytest.mark.parametrize("name", EXHIBITS)
def test_what_an_exhibit_gives_is_sdpas_answer_to_equal_scores(name: str) -> None:
    """Queries of zeros make all scores equal, and values of the identity show the weights."""
    zeros, identity = torch.zeros(1, 1, 6, 6), torch.eye(6)[None, None]
    for added in (EXHIBITS[name].wrong(6), EXHIBITS[name].right(6)):
        theirs = F.scaled_dot_product_attention(zeros, zeros, identity, attn_mask=added.float()[None, None])
        torch.testing.assert_close(weights_of(added).nan_to_num(0.0), theirs[0, 0].nan_to_num(0.0))


def hidden_from(added: torch.Tensor) -> list[list[int]]:
    """What a query still gives weight to when this is added to equal scores."""
    given = torch.softmax(torch.zeros(added.shape) + added, -1)
    return [row.nonzero().flatten().tolist() for row in given.nan_to_num(0.0)]


def test_minus_infinity_in_a_bool_tensor_hides_nothing() -> None:
    wrong, right = EXHIBITS["bool_fill"].wrong(4), EXHIBITS["bool_fill"].right(4)
    later = torch.triu(torch.ones(4, 4), 1).bool()
    assert wrong.equal(later.masked_fill(later, float("-inf")))  # the formula as it is quoted
    assert wrong.dtype == torch.bool
    assert hidden_from(wrong) == [[0, 1, 2, 3]] * 4
    assert hidden_from(right) == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]


def test_the_inequality_turned_round_shows_the_future_only() -> None:
    wrong = EXHIBITS["reversed"].wrong(4)
    quoted = [[0.0 if i < j else -math.inf for j in range(4)] for i in range(4)]
    assert wrong.tolist() == quoted
    assert hidden_from(wrong) == [[1, 2, 3], [2, 3], [3], []]
    assert weights_of(wrong)[3].isnan().all()
    assert hidden_from(EXHIBITS["reversed"].right(4)) == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]


def test_prefix_lm_is_full_on_the_prefix_and_causal_after() -> None:
    wrong, right = EXHIBITS["prefix_reversed"].wrong(4), EXHIBITS["prefix_reversed"].right(4)
    assert hidden_from(right) == [[0, 1], [0, 1], [0, 1, 2], [0, 1, 2, 3]]
    assert hidden_from(wrong)[2] == [0, 1, 2, 3]  # the answer reads its own next token
    assert hidden_from(wrong)[0] == [0, 2, 3]  # and the question is not read whole


REFUSED = {
    "no window": (lambda: sliding_window(4, 0), "window 0"),
    "a prefix too long": (lambda: prefix(4, 5), "prefix of 5"),
    "a float as boolean": (lambda: additive(torch.ones(2, 2)), r"torch\.float32; give bool"),
    "integers to add": (lambda: additive(causal(2), torch.int64), "has no -inf"),
    "an attention mask as padding": (lambda: without_padding(causal(2), torch.ones(1, 2)), "True on padding"),
    "boundaries that fall": (lambda: documents_from_cu_seqlens(torch.tensor([0, 3, 2])), "never fall"),
    "boundaries that start late": (lambda: documents_from_cu_seqlens(torch.tensor([1, 3])), "start at 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_what_is_added_is_the_types_own_lowest_number(dtype: torch.dtype) -> None:
    added = additive(causal(2), dtype)
    assert added.dtype == dtype
    assert float(added[0, 1]) == torch.finfo(dtype).min
    assert torch.isfinite(torch.softmax(added, dim=-1)).all()


def test_a_document_begins_wherever_positions_do_not_go_on_by_one() -> None:
    positions = torch.tensor([5, 6, 7, 3, 4, 9])
    assert documents_from_positions(positions).tolist() == [0, 0, 0, 1, 1, 2]


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_refused_where_it_may_be_seen_and_only_there(score: float) -> None:
    scores = torch.zeros(2, 2)
    scores[0, 1] = score
    assert weights(scores, causal(2)).tolist() == [[1.0, 0.0], [0.5, 0.5]]
    with pytest.raises(ValueError, match=r"at \[0, 1\] is not finite"):
        weights(scores, full(2))


ATTENTION_MASKS = {
    "nothing padded": [[True, True, True]],
    "two rows, one padded on the right": [[True, True, True], [True, True, False]],
    "two rows, one padded on the left": [[False, True, True], [True, True, True]],
}


@pytest.mark.parametrize("case", ATTENTION_MASKS)
def test_a_bool_attention_mask_given_as_padding_is_refused(case: str) -> None:
    with pytest.raises(ValueError, match=r"row \d of is_padding is True everywhere.*is this an attention mask\?"):
        without_padding(causal(3), torch.tensor(ATTENTION_MASKS[case]))


@pytest.mark.parametrize("rows", [[[True, False, False]], [[False] * 3, [True] * 3], [[False, False, True]]])
def test_padding_in_its_own_polarity_is_taken(rows: list[list[bool]]) -> None:
    assert without_padding(causal(3), torch.tensor(rows)).shape == (len(rows), 3, 3)
