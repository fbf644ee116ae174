"""Where the gradient goes and what a changed token moves, against autograd over the parameters and exact zeros."""

import copy
import time

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


def parameter_gradient(ids: list[int], labels: list[int]) -> tuple[torch.Tensor, float]:
    """The gradient on the input embedding's table alone, by an untied copy and transformers' own loss."""
    model = copy.deepcopy(load_model(MODEL))
    table = torch.nn.Parameter(model.get_input_embeddings().weight.detach().clone())
    embedded = F.embedding(torch.tensor([ids]), table)
    loss = model(inputs_embeds=embedded, labels=torch.tensor([labels])).loss
    loss.backward()
    assert table.grad is not None
    return table.grad, float(loss)


def test_own_and_attention_add_up_to_the_embedding_tables_gradient(ids: list[int], labels: list[int]) -> None:
    flow = gradient_flow(load_model(MODEL), ids, labels)
    table, loss = parameter_gradient(ids, labels)
    assert flow.loss == pytest.approx(loss, rel=1e-5)
    summed = torch.zeros_like(table).index_add(0, torch.tensor(ids), flow.own + flow.through_attention)
    torch.testing.assert_close(summed, table, rtol=1e-4, atol=1e-7)


def test_own_is_the_gradient_of_the_positions_own_row(ids: list[int], labels: list[int]) -> None:
    flow = gradient_flow(load_model(MODEL), ids, labels)
    t = next(t for t in range(len(ids) - 1) if labels[t + 1] != IGNORE)
    only = [label if i == t + 1 else IGNORE for i, label in enumerate(labels)]
    targets = sum(label != IGNORE for label in labels[1:])
    alone = gradient_flow(load_model(MODEL), ids, only)
    torch.testing.assert_close(flow.own[t] * targets, alone.own[t], rtol=1e-4, atol=1e-7)
    assert alone.attention_norm[t] == 0  # no later row is left to read it


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


def test_the_output_rows_gradient_is_autograds(ids: list[int], labels: list[int]) -> None:
    model = copy.deepcopy(load_model(MODEL))
    head = torch.nn.Linear(192, 4096, bias=False)
    head.weight = torch.nn.Parameter(model.get_output_embeddings().weight.detach().clone())
    hidden = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1]
    F.cross_entropy(head(hidden)[0, :-1], torch.tensor(labels)[1:], ignore_index=IGNORE).backward()
    assert head.weight.grad is not None
    theirs = head.weight.grad.norm(dim=-1)
    torch.testing.assert_close(output_gradient(load_model(MODEL), ids, labels), theirs, rtol=1e-4, atol=1e-7)
    assert (theirs > 0).all()  # every row of the vocabulary is pushed


def test_under_causal_attention_nothing_before_the_changed_token_moves(ids: list[int]) -> None:
    for position in (0, 7, len(ids) - 1):
        moved = moved_logits(load_model(MODEL), ids, position, 100)
        assert leaks(moved, position) == []
        assert (moved[:position] == 0).all()
        assert (moved[position:] > 0).all()
        assert moved.equal(moved_logits(load_model(MODEL), ids, position, 100, causal(len(ids))))


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


def test_a_leak_makes_a_trained_model_of_its_own_look_too_good() -> None:
    """Trained with full attention a model reads its target off the next position; with causal attention it cannot."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=23, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        attn_implementation="eager",
    )  # fmt: skip
    data = torch.randint(0, 23, (64, 10))
    losses = {}
    for name, may_attend in (("causal", causal(10)), ("full", full(10))):
        model = LlamaForCausalLM(config)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(120):
            optimizer.zero_grad()
            rows = torch.randint(0, 23, (64, 10))
            model(
                rows, labels=rows, attention_mask=torch.zeros(10, 10).masked_fill(~may_attend, -1e9)[None, None]
            ).loss.backward()
            optimizer.step()
        losses[name] = sum(loss_under(model, row, row, may_attend) for row in data[:8].tolist()) / 8
    assert losses["causal"] > 2.8  # random tokens: log 23 = 3.14 is the best an honest model can do
    assert losses["full"] < 1.5


def test_a_chat_of_a_hundred_tokens_takes_no_more_than_its_backward_passes() -> None:
    seen = inspect(SAMPLES["multi_turn"].text)
    ids, labels = list(seen.rendering.ids), list(seen.supervision.labels)
    model = load_model(MODEL)
    passes = 2 + sum(label != IGNORE for label in labels[1:])

    def one_pass() -> None:
        embedded = model.get_input_embeddings()(torch.tensor([ids])).detach().requires_grad_(True)
        model(inputs_embeds=embedded).logits.sum().backward()

    one_pass()
    started = time.perf_counter()
    for _ in range(5):
        one_pass()
    unit = (time.perf_counter() - started) / 5
    started = time.perf_counter()
    gradient_flow(model, ids, labels)
    assert time.perf_counter() - started < 4 * passes * unit


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
