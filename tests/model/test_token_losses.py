"""Every next token's price, against float64 cross-entropy and autograd on a small random model."""

import importlib
import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
)

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
    torch.testing.assert_close(seen.log_probability[:-1], logits.log_softmax(-1)[range(len(targets)), targets])
    entropy = torch.distributions.Categorical(logits=logits).entropy()
    torch.testing.assert_close(seen.entropy[:-1], entropy)
    smoothed = F.cross_entropy(logits, targets, reduction="none", label_smoothing=1.0)  # a uniform target
    torch.testing.assert_close(seen.uniform_nll[:-1], smoothed, rtol=1e-5, atol=0)
    order = logits.argsort(-1, descending=True)
    rank = (order == targets[:, None]).int().argmax(-1) + 1
    assert seen.rank[:-1].tolist() == rank.tolist()
    assert seen.top_ids[:-1].tolist() == order[:, :10].tolist()


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


def test_an_ignored_label_given_as_an_id_is_named(model: LlamaForCausalLM) -> None:
    with pytest.raises(ValueError, match=r"token -100 at position 1 .*give ids, not labels"):
        token_losses(model, [1, -100, 3])


def test_rows_priced_in_pieces_cost_the_same(
    model: LlamaForCausalLM, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = token_losses(model, ids)
    module = importlib.import_module("sftviz.model.token_losses")  # the package's name for it is the function
    monkeypatch.setattr(module, "NUMBERS_AT_ONCE", 7 * 97)
    pieces = token_losses(model, ids)
    for name, column in vars(whole).items():
        torch.testing.assert_close(getattr(pieces, name), column, equal_nan=True)


def test_threads_that_share_a_model_get_their_own_costs(model: LlamaForCausalLM, ids: list[int]) -> None:
    rows = [ids[k : k + 40] for k in range(16)]
    alone = [token_losses(model, row) for row in rows]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda row: token_losses(model, row), rows))
    for a, b in zip(alone, together, strict=True):
        torch.testing.assert_close(a.nll, b.nll, equal_nan=True)
        torch.testing.assert_close(a.grad_norm_hidden, b.grad_norm_hidden, equal_nan=True)


def test_the_model_is_left_as_it_was(model: LlamaForCausalLM, ids: list[int]) -> None:
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    token_losses(model, ids)
    assert all(parameter.equal(before[name]) for name, parameter in model.named_parameters())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_logits_bent_after_the_output_layer_have_no_closed_form_for_the_hidden_state() -> None:
    torch.manual_seed(0)
    bent = Gemma2ForCausalLM(
        Gemma2Config(
            vocab_size=97,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
            final_logit_softcapping=0.1,
        )
    ).eval()
    seen = token_losses(bent, [1, 2, 3, 4])
    assert torch.isnan(seen.grad_norm_hidden).all()
    assert torch.isfinite(seen.nll[:-1]).all()


def tiny_gpt2() -> GPT2LMHeadModel:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=97, n_positions=8, n_embd=32, n_layer=1, n_head=2, bos_token_id=None, eos_token_id=None
    )
    return GPT2LMHeadModel(config)


def test_more_tokens_than_learned_positions_are_refused() -> None:
    with pytest.raises(ValueError, match="9 tokens do not fit the model, which has 8 positions"):
        token_losses(tiny_gpt2().eval(), [1] * 9)


def test_dropout_that_is_switched_on_is_refused() -> None:
    with pytest.raises(ValueError, match=r"dropout would give other losses each time; call eval\(\)"):
        token_losses(tiny_gpt2().train(), [1, 2, 3])


def test_nan_from_the_model_is_refused_and_not_handed_on() -> None:
    broken = LlamaForCausalLM(CONFIG).eval()
    with torch.no_grad():
        broken.model.embed_tokens.weight[5, 0] = torch.nan
    with pytest.raises(ValueError, match="logit nan at"):
        token_losses(broken, [1, 2, 3])


def test_costs_do_not_depend_on_what_comes_later(model: LlamaForCausalLM, ids: list[int]) -> None:
    short, long = token_losses(model, ids[:20]), token_losses(model, ids[:60])
    torch.testing.assert_close(long.nll[:19], short.nll[:19], rtol=1e-5, atol=1e-6)
