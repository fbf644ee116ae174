"""Where the gradient goes and what a changed token moves, against autograd over the parameters and exact zeros."""

import copy
import timeit
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from transformers import LlamaConfig, LlamaForCausalLM

from sftviz.attention import causal, diagonal, full, packed, sliding_window
from sftviz.chat.samples import SAMPLES
from sftviz.inspection import Inspection, inspect
from sftviz.loss import IGNORE
from sftviz.model import load_model
from sftviz.model.flow import gradient_flow, leaks, loss_under, moved_logits, output_gradient

MODEL = "sftviz/tiny-sft"


@pytest.fixture(scope="module")
def seen() -> Inspection:
    return inspect(SAMPLES["single_turn"].text)


@pytest.fixture(scope="module")
def ids(seen: Inspection) -> list[int]:
    return list(seen.rendering.ids)


@pytest.fixture(scope="module")
def labels(seen: Inspection) -> list[int]:
    return list(seen.supervision.labels)


@pytest.fixture(scope="module")
def precise() -> LlamaForCausalLM:
    """The embedded model in float64; transformers still computes its norms and rotations in float32."""
    return copy.deepcopy(load_model(MODEL)).double()


def test_own_and_attention_add_up_to_the_embedding_tables_gradient(
    precise: LlamaForCausalLM, ids: list[int], labels: list[int]
) -> None:
    """An untied table through transformers' own forward pass; its own loss is in float32."""
    table = precise.get_input_embeddings().weight.detach().clone().requires_grad_(True)
    output = precise(inputs_embeds=F.embedding(torch.tensor([ids]), table), labels=torch.tensor([labels]))
    (theirs,) = torch.autograd.grad(F.cross_entropy(output.logits[0, :-1], torch.tensor(labels)[1:]), table)
    flow = gradient_flow(precise, ids, labels)
    assert flow.loss == pytest.approx(float(output.loss.detach()), rel=1e-6)
    summed = torch.zeros_like(theirs).index_add(0, torch.tensor(ids), flow.own + flow.through_attention)
    torch.testing.assert_close(summed, theirs, rtol=1e-3, atol=1e-6)
    again = [t for t, token in enumerate(ids) if token == ids[0]]
    assert len(again) == 2  # <|im_start|> of either turn
    own, through, total = flow.together(again)
    assert total == pytest.approx(float(theirs[ids[0]].norm()), rel=1e-5)
    assert own == 0
    assert through == total


@pytest.mark.parametrize("window", [None, 3])
def test_own_is_the_gradient_of_the_positions_own_row(
    precise: LlamaForCausalLM, ids: list[int], labels: list[int], window: int | None
) -> None:
    """Row by row, by autograd through transformers' own forward pass."""
    may_attend = None if window is None else sliding_window(len(ids), window)
    flow = gradient_flow(precise, ids, labels, may_attend)
    embedded = precise.get_input_embeddings()(torch.tensor([ids])).detach().requires_grad_(True)
    nothing = torch.zeros(len(ids), len(ids)).double()
    added = None if window is None else nothing.masked_fill(~may_attend, -torch.inf)[None, None]
    logits = precise(inputs_embeds=embedded, attention_mask=added).logits[0]
    counted = [t for t in range(len(ids) - 1) if labels[t + 1] != IGNORE]
    for t in counted:
        cost = F.cross_entropy(logits[t], torch.tensor(labels[t + 1])) / len(counted)
        (row,) = torch.autograd.grad(cost, embedded, retain_graph=True)
        torch.testing.assert_close(flow.own[t], row[0, t], rtol=1e-6, atol=1e-12)
    assert flow.attention_norm[counted[-1]] == 0  # no later row is left to read it


def test_masked_prompt_and_template_tokens_learn_through_attention_and_only_so(seen: Inspection) -> None:
    ids, labels = list(seen.rendering.ids), list(seen.supervision.labels)
    flow = gradient_flow(load_model(MODEL), ids, labels)
    cut = gradient_flow(load_model(MODEL), ids, labels, diagonal(len(ids)))
    unsupervised_rows = [t for t in range(len(ids)) if [*labels[1:], IGNORE][t] == IGNORE]
    markers = [t for t in unsupervised_rows if seen.rendering.tokens[t].text == "<|im_start|>"]
    first_user = [t for t in unsupervised_rows if seen.rendering.span_of(seen.rendering.tokens[t]).part == "content"]
    assert markers
    assert first_user
    for t in markers[:1] + first_user[:3]:
        assert flow.own_norm[t] == 0
        assert flow.attention_norm[t] > 1e-4
    assert (cut.total_norm[unsupervised_rows] == 0).all()
    supervised_rows = [t for t in range(len(ids)) if t not in unsupervised_rows]
    assert (cut.own_norm[supervised_rows] > 0).all()
    assert (cut.attention_norm == 0).all()


def test_nothing_after_the_last_target_gets_any(seen: Inspection) -> None:
    ids, labels = list(seen.rendering.ids), list(seen.supervision.labels)
    last = max(t for t, label in enumerate(labels) if label != IGNORE)
    assert (gradient_flow(load_model(MODEL), ids, labels).total_norm[last:] == 0).all()


def test_nothing_supervised_flows_nowhere(ids: list[int]) -> None:
    flow = gradient_flow(load_model(MODEL), ids, [IGNORE] * len(ids))
    assert flow.loss == 0
    assert (flow.total_norm == 0).all()


@pytest.mark.parametrize("cut", [False, True])
def test_the_output_rows_gradient_is_autograds(
    precise: LlamaForCausalLM, ids: list[int], labels: list[int], cut: bool
) -> None:
    may_attend = diagonal(len(ids)) if cut else causal(len(ids))
    added = torch.zeros(len(ids), len(ids)).double().masked_fill(~may_attend, -torch.inf)[None, None]
    hidden = precise(torch.tensor([ids]), attention_mask=added, output_hidden_states=True).hidden_states[-1]
    rows = precise.get_output_embeddings().weight.detach().clone().requires_grad_(True)
    loss = F.cross_entropy((hidden @ rows.T)[0, :-1], torch.tensor(labels)[1:], ignore_index=IGNORE)
    theirs = torch.autograd.grad(loss, rows)[0].norm(dim=-1)
    ours = output_gradient(precise, ids, labels, may_attend if cut else None)
    torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-12)
    assert (theirs > 0).all()  # every row of the vocabulary is pushed


def test_under_causal_attention_nothing_before_the_changed_token_moves(ids: list[int]) -> None:
    for position in (0, 7, len(ids) - 1):
        moved = moved_logits(load_model(MODEL), ids, position, 100)
        assert leaks(moved, position) == []
        assert (moved[:position] == 0).all()
        assert (moved[position:] > 0).all()
        assert moved.equal(moved_logits(load_model(MODEL), ids, position, 100, causal(len(ids))))


def test_what_moves_in_padding_leaks_to_nobody() -> None:
    moved = torch.tensor([3.0, 3.0, 0.0, 1.0])
    assert leaks(moved, 3) == [0, 1]
    assert leaks(moved, 3, is_padding=[True, False, False, False]) == [1]


def test_every_other_attention_moves_what_it_says(ids: list[int]) -> None:
    t, model = len(ids), load_model(MODEL)
    assert leaks(moved_logits(model, ids, 7, 100, full(t)), 7) == list(range(7))
    cut = moved_logits(model, ids, 7, 100, diagonal(t))
    assert cut.nonzero().flatten().tolist() == [7]
    documents = torch.tensor([0] * 5 + [1] * (t - 5))
    moved = moved_logits(model, ids, 2, 100, packed(documents))
    assert moved.nonzero().flatten().tolist() == [2, 3, 4]
    reach = moved_logits(model, ids, 3, 100, sliding_window(t, 2)).nonzero().flatten().tolist()
    assert reach == list(range(3, 3 + 1 + model.config.num_hidden_layers))  # one token further with every layer


def test_a_long_chat_takes_a_few_passes_however_much_of_it_is_supervised() -> None:
    seen = inspect(SAMPLES["multi_turn"].text, policy="pretrain")
    ids, labels = list(seen.rendering.ids), list(seen.supervision.labels)
    model = load_model(MODEL)

    def one_pass() -> None:
        embedded = model.get_input_embeddings()(torch.tensor([ids])).detach().requires_grad_(True)
        model(inputs_embeds=embedded).logits.sum().backward()

    def fastest(call: Callable[[], object]) -> float:
        call()
        return min(timeit.repeat(call, number=1, repeat=7))

    assert len(ids) > 80
    assert fastest(lambda: gradient_flow(model, ids, labels)) < 10 * fastest(one_pass)


def test_the_shared_model_is_not_touched(ids: list[int], labels: list[int]) -> None:
    model = load_model(MODEL)
    gradient_flow(model, ids, labels)
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in model.parameters())


class OwnMask(LlamaForCausalLM):
    """A model that makes its own attention mask, whatever it is given."""

    def forward(self, *args, attention_mask=None, **kwargs):
        return super().forward(*args, **kwargs)


def test_what_cannot_be_done_is_named(ids: list[int]) -> None:
    config = LlamaConfig(vocab_size=23, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2)
    with pytest.raises(ValueError, match="OwnMask with sdpa attention does not take a 4-D attention mask"):
        moved_logits(OwnMask(config).eval(), [1, 2, 3], 0, 5, full(3))
    with pytest.raises(ValueError, match=r"may_attend \[2, 2\] does not fit"):
        loss_under(load_model(MODEL), ids, ids, full(2))
    with pytest.raises(ValueError, match="position 99 is outside"):
        moved_logits(load_model(MODEL), [1, 2], 99, 5)
    with pytest.raises(ValueError, match="token 5000 at position 0"):
        moved_logits(load_model(MODEL), [1, 2], 0, 5000)
