"""Every next token's price, against float64 cross-entropy and autograd on a small random model."""

import math

import pytest
import torch
import torch.nn.functional as F
from transformers import LlamaConfig, LlamaForCausalLM

from sftviz.model import load_model, token_losses

CONFIG = LlamaConfig(
    vocab_size=97,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    tie_word_embeddings=True,
)


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(CONFIG).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def ids() -> list[int]:
    return torch.randint(0, 97, (300,), generator=torch.Generator().manual_seed(1)).tolist()


def test_cost_rank_entropy_and_alternatives(model: LlamaForCausalLM, ids: list[int]) -> None:
    seen = token_losses(model, ids)
    logits = model(torch.tensor([ids])).logits[0, :-1].double()
    targets = torch.tensor(ids[1:])
    torch.testing.assert_close(seen.nll[:-1], F.cross_entropy(logits, targets, reduction="none"), rtol=1e-5, atol=0)
    entropy = torch.distributions.Categorical(logits=logits).entropy()
    torch.testing.assert_close(seen.entropy[:-1], entropy)
    order = logits.argsort(-1, descending=True)
    rank = (order == targets[:, None]).int().argmax(-1) + 1
    assert seen.rank[:-1].tolist() == rank.tolist()
    assert seen.top_ids[:-1].long().tolist() == order[:, :10].tolist()


def test_the_last_position_predicts_nothing(model: LlamaForCausalLM, ids: list[int]) -> None:
    seen = token_losses(model, ids)
    assert len(seen.nll) == len(ids)
    assert all(math.isnan(float(column[-1])) for column in (seen.nll, seen.rank, seen.grad_norm_hidden))


def test_gradient_norms_are_autograds(model: LlamaForCausalLM, ids: list[int]) -> None:
    short = ids[:12]
    hidden = model.model(torch.tensor([short])).last_hidden_state[0, :-1].detach().requires_grad_(True)
    logits = model.lm_head(hidden)
    logits.retain_grad()
    F.cross_entropy(logits.double(), torch.tensor(short[1:]), reduction="sum").backward()
    assert hidden.grad is not None
    assert logits.grad is not None
    seen = token_losses(model, short)
    torch.testing.assert_close(seen.grad_norm_logits[:-1], logits.grad.norm(dim=-1).double(), rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(seen.grad_norm_hidden[:-1], hidden.grad.norm(dim=-1).double(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("length", [0, 1])
def test_too_short_to_predict_anything_gives_nan_and_no_error(model: LlamaForCausalLM, length: int) -> None:
    seen = token_losses(model, [5] * length)
    assert len(seen.nll) == length
    assert torch.isnan(seen.nll).all()


def test_an_id_outside_the_vocabulary_is_named_with_its_place(model: LlamaForCausalLM) -> None:
    with pytest.raises(ValueError, match="token 97 at position 2 is not in the model's vocabulary of 97"):
        token_losses(model, [1, 2, 97])


@pytest.mark.parametrize("name", ["sftviz/tiny-base", "sftviz/tiny-sft", "sftviz/tiny-unmasked"])
def test_the_embedded_models_cost_is_float64_cross_entropy(name: str) -> None:
    model = load_model(name)
    ids = torch.randint(60, 4096, (200,), generator=torch.Generator().manual_seed(2)).tolist()
    theirs = F.cross_entropy(
        model(torch.tensor([ids])).logits[0, :-1].double(), torch.tensor(ids[1:]), reduction="none"
    )
    torch.testing.assert_close(token_losses(model, ids).nll[:-1], theirs, rtol=1e-5, atol=0)
