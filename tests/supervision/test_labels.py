"""Labels from roles and spans: the cases of the source documents, written anew."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

import sftviz.supervision
from sftviz.loss import IGNORE, reduce_nll, token_nll
from sftviz.supervision.labels import labels_from_roles, labels_from_spans, labels_from_supervised, shifted, unshifted

IDS = torch.tensor([10, 20, 30, 40, 50])
USER, ASSISTANT, PADDING = 0, 1, 2


def uniform(length: int, vocabulary: int = 64) -> torch.Tensor:
    return torch.zeros(1, length, vocabulary, dtype=torch.float64)


def test_roles_u_u_a_a_a_supervise_the_last_three() -> None:
    """Source 003's table."""
    labels = labels_from_roles(IDS[None], torch.tensor([[USER, USER, ASSISTANT, ASSISTANT, ASSISTANT]]), {ASSISTANT})
    assert (labels != IGNORE).int().tolist() == [[0, 0, 1, 1, 1]]
    assert labels.tolist() == [[IGNORE, IGNORE, 30, 40, 50]]


def test_question_and_answer_in_both_conventions() -> None:
    """Source 001's labels: [-100, -100, -100, A1, A2, A3] is unshifted; its last label is an answer, not -100."""
    q, a = [1, 2, 3], [4, 5, 6]
    labels = labels_from_spans(torch.tensor(q + a), [(3, 6)])
    assert labels.tolist() == [IGNORE, IGNORE, IGNORE, 4, 5, 6]
    assert shifted(labels).tolist() == [IGNORE, IGNORE, 4, 5, 6, IGNORE]


def test_shifting_twice_trains_on_the_token_after_next() -> None:
    labels = torch.tensor([[IGNORE, IGNORE, 4, 5, 6]])
    assert shifted(shifted(labels)).tolist() == [[4, 5, 6, IGNORE, IGNORE]]


@settings(max_examples=100)
@given(st.lists(st.sampled_from([IGNORE, 3, 7]), min_size=1, max_size=9))
def test_unshifted_undoes_shifted_but_for_the_first_label(values: list[int]) -> None:
    labels = torch.tensor([values])
    back = unshifted(shifted(labels))
    assert back[0, 1:].tolist() == values[1:]
    assert back[0, 0] == IGNORE


# Source 004's eleven situations
def test_01_single_turn_masks_the_prompt() -> None:
    assert labels_from_spans(IDS, [(2, 5)]).tolist() == [IGNORE, IGNORE, 30, 40, 50]


def test_02_several_turns_keep_every_answer() -> None:
    assert labels_from_spans(IDS, [(1, 2), (3, 5)]).tolist() == [IGNORE, 20, IGNORE, 40, 50]


def test_03_no_span_supervises_nothing() -> None:
    assert labels_from_spans(IDS, []).tolist() == [IGNORE] * 5


def test_04_one_span_over_all_is_pretraining() -> None:
    assert labels_from_spans(IDS, [(0, 5)]).tolist() == IDS.tolist()


def test_05_the_ids_themselves_are_left_alone() -> None:
    before = IDS.clone()
    labels_from_spans(IDS, [(1, 3)])
    assert IDS.equal(before)


def test_06_token_normalisation_divides_by_supervised_targets() -> None:
    labels = labels_from_spans(IDS, [(2, 5)])[None]
    assert reduce_nll(token_nll(uniform(5), labels), labels, "token").item() == pytest.approx(
        4.1588830833596715
    )  # ln 64


def test_07_sample_normalisation_divides_by_the_length() -> None:
    labels = labels_from_spans(IDS, [(2, 5)])[None]
    loss = reduce_nll(token_nll(uniform(5), labels), labels, "sample").item()
    assert loss == pytest.approx(4.1588830833596715 * 3 / 5)


def test_08_everything_ignored_is_zero_not_nan() -> None:
    labels = torch.full((1, 5), IGNORE)
    assert reduce_nll(token_nll(uniform(5), labels), labels).item() == 0.0


def test_09_minus_100_never_reaches_gather() -> None:
    labels = torch.tensor([[IGNORE, IGNORE, IGNORE, IGNORE, 3]])
    assert token_nll(uniform(5), labels)[0, :3].tolist() == [0.0, 0.0, 0.0]


def test_10_ignored_rows_get_no_gradient() -> None:
    logits = torch.randn(1, 5, 64, dtype=torch.float64, requires_grad=True)
    labels = labels_from_spans(IDS, [(3, 5)])[None]
    reduce_nll(token_nll(logits, labels), labels).backward()
    assert logits.grad is not None
    assert logits.grad[0].abs().sum(-1).gt(0).tolist() == [False, False, True, True, False]


def test_11_from_spans_to_loss_is_what_torch_says() -> None:
    logits = torch.randn(1, 5, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    labels = labels_from_spans(IDS, [(2, 5)])[None]
    theirs = F.cross_entropy(logits[0, :-1], labels[0, 1:])
    assert reduce_nll(token_nll(logits, labels), labels).item() == pytest.approx(theirs.item(), rel=1e-12)


def test_padding_is_never_supervised_even_when_its_id_is_the_end_of_sequence() -> None:
    """The end-of-turn keeps its label; only the padding after it loses it."""
    eos = 9
    ids = torch.tensor([[4, 5, eos, eos, eos]])
    is_padding = torch.tensor([[False, False, False, True, True]])
    labels = labels_from_roles(ids, torch.full((1, 5), ASSISTANT), {ASSISTANT}, is_padding)
    assert labels.tolist() == [[4, 5, eos, IGNORE, IGNORE]]


@pytest.mark.parametrize(
    ("spans", "words"),
    [([(3, 9)], r"span \(3, 9\).*5 tokens"), ([(0, 3), (2, 4)], "overlaps the one before it, which ends at 3")],
)
def test_spans_that_cannot_be_are_refused(spans: list[tuple[int, int]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        labels_from_spans(IDS, spans)


def test_a_polarity_that_is_no_bool_is_refused() -> None:
    with pytest.raises(ValueError, match="True where the token carries loss"):
        labels_from_supervised(IDS[None], torch.ones(1, 5))


def test_padding_given_as_an_attention_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="True on padding"):
        labels_from_roles(IDS[None], torch.ones(1, 5, dtype=torch.long), {1}, torch.ones(1, 5, dtype=torch.long))


def test_padding_of_another_shape_is_refused_and_not_broadcast() -> None:
    with pytest.raises(ValueError, match=r"\[1, 1\] torch.bool does not fit ids \[1, 5\]"):
        labels_from_roles(IDS[None], torch.ones(1, 5, dtype=torch.long), {1}, torch.tensor([[False]]))


def test_minus_100_survives_ids_that_are_bytes() -> None:
    ids = IDS.to(torch.uint8)  # where -100 would be 156
    assert labels_from_spans(ids, [(3, 5)]).tolist() == [IGNORE, IGNORE, IGNORE, 40, 50]
    assert labels_from_supervised(ids, IDS > 30).tolist() == [IGNORE, IGNORE, IGNORE, 40, 50]


def test_ids_that_are_floats_are_refused() -> None:
    with pytest.raises(ValueError, match=r"ids are torch\.float32"):
        labels_from_supervised(IDS.float(), IDS > 30)


def test_labels_that_were_never_shifted_cannot_be_unshifted() -> None:
    with pytest.raises(ValueError, match="the last position has the target 6, but no token follows it"):
        unshifted(torch.tensor([[IGNORE, IGNORE, 5, 6]]))


def test_a_role_that_nobody_has_supervises_nothing() -> None:
    assert labels_from_roles(IDS[None], torch.zeros(1, 5, dtype=torch.uint8), {-1}).tolist() == [[IGNORE] * 5]


ROWS, ROLES = torch.tensor([[5, 6, 7, 0], [8, 9, 10, 11]]), torch.tensor([[0, 0, 1, 1], [0, 1, 1, 1]])
TOKENS = torch.tensor([[True, True, True, False], [True, True, True, True]])


def test_padding_that_carries_a_trained_role_is_not_supervised() -> None:
    labels = labels_from_roles(ROWS, ROLES, {1}, is_padding=~TOKENS)
    assert labels.tolist() == [[-100, -100, 7, -100], [-100, 9, 10, 11]]


@pytest.mark.parametrize("roles", [ROLES, ROLES * TOKENS], ids=["padding has a role", "padding has none"])
def test_a_bool_attention_mask_given_as_padding_is_refused(roles: torch.Tensor) -> None:
    attention_mask = torch.ones_like(TOKENS) if roles is ROLES else TOKENS
    with pytest.raises(ValueError, match=r"True on all \d tokens of the trained roles: is this an attention mask\?"):
        labels_from_roles(ROWS, roles, {1}, is_padding=attention_mask)


def test_the_ignored_label_is_the_same_number_on_both_floors() -> None:
    assert sftviz.supervision.IGNORE == IGNORE == -100
