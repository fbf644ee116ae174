"""Every next token's price, against float64 cross-entropy and autograd on a small random model."""

import copy
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from transformers import (
    CohereConfig,
    CohereForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GraniteConfig,
    GraniteForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PhiConfig,
    PhiForCausalLM,
)

from sftviz.assets import SourceError
from sftviz.loss.predictions import likeliest, predictions
from sftviz.model import load_model, pricing, token_losses
from sftviz.model.pricing import priced_tokens

from ..loss.test_linear_cross_entropy import NoLogits

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
    monkeypatch.setattr(pricing, "_rows_at_once", lambda vocabulary: 7)
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


SMALL: dict[str, Any] = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}


class Tempered(LlamaForCausalLM):
    """Bends its logits in its own code: no setting says so."""

    def forward(self, *given: Any, **more: Any) -> Any:
        output = super().forward(*given, **more)
        output.logits = output.logits / 3
        return output


BENT: dict[str, Callable[[], Any]] = {
    "Gemma 2, soft-capped": lambda: Gemma2ForCausalLM(
        Gemma2Config(**SMALL, head_dim=16, final_logit_softcapping=0.1, pad_token_id=0)
    ),
    "Cohere, scaled": lambda: CohereForCausalLM(CohereConfig(**SMALL, logit_scale=0.3, pad_token_id=0)),
    "Granite, divided": lambda: GraniteForCausalLM(GraniteConfig(**SMALL, logits_scaling=4.0)),
    "divided by 3 in code": lambda: Tempered(LlamaConfig(**SMALL)),
}
PLAIN: dict[str, Callable[[], Any]] = {
    "Llama": lambda: LlamaForCausalLM(LlamaConfig(**SMALL)),
    "a head with a bias": lambda: PhiForCausalLM(PhiConfig(**{**SMALL, "num_key_value_heads": 2})),
    "GPT-2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=97, n_positions=99, n_embd=32, n_layer=1, n_head=2)),
}


@pytest.mark.parametrize("name", [*BENT, *PLAIN])
def test_the_cost_is_that_of_the_models_own_logits(name: str, ids: list[int]) -> None:
    torch.manual_seed(0)
    made = {**BENT, **PLAIN}[name]().eval()
    for parameter in made.parameters():  # logits that differ from each other, a bias that is not 0
        parameter.data.add_(0.2 * torch.randn(parameter.shape))
    seen = token_losses(made, ids[:60])
    logits = made(torch.tensor([ids[:60]])).logits[0, :-1].detach().double()
    theirs = F.cross_entropy(logits, torch.tensor(ids[1:60]), reduction="none")
    assert theirs.std() > 0.01
    torch.testing.assert_close(seen.nll[:-1], theirs, rtol=1e-5, atol=1e-6)
    assert bool(seen.grad_norm_hidden[:-1].isnan().all()) == (name in BENT)


def test_no_tensor_of_all_logits_is_made(ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    llama = LlamaForCausalLM(LlamaConfig(**{**SMALL, "vocab_size": 8192, "hidden_size": 16})).eval()
    monkeypatch.setattr(pricing, "_rows_at_once", lambda vocabulary: 20)
    with NoLogits(20 * 8192 + 1):
        token_losses(llama, ids)
    monkeypatch.setattr(pricing, "_head", lambda model: None)
    with pytest.raises(SourceError, match=r"made \[300, 8192\]"), NoLogits(20 * 8192 + 1):
        token_losses(llama, ids)


@pytest.mark.parametrize(
    ("vocabulary", "rows"), [(97, 43240), (4096, 1024), (32768, 128), (131072, 96), (262144, 48), (2**25, 1)]
)
def test_pieces_hold_48_megabytes_at_most_and_rows_enough_for_a_product(vocabulary: int, rows: int) -> None:
    assert pricing._rows_at_once(vocabulary) == rows
    assert rows * vocabulary <= 12 * 2**20 or rows == 1


@pytest.mark.parametrize("vocabulary", [1, 5, 97, 2560, 4096, 6001, 50257])
@pytest.mark.parametrize("top_k", [1, 10])
def test_the_likeliest_are_topks(vocabulary: int, top_k: int) -> None:
    z = torch.randn(7, vocabulary, generator=torch.Generator().manual_seed(0))
    z[0, vocabulary // 2 :] = 3.0  # many equal ones
    values, found = likeliest(z, top_k)
    assert values.equal(z.topk(min(top_k, vocabulary)).values)
    assert z.gather(-1, found).equal(values)
    assert all(len(set(row)) == len(row) for row in found.tolist())


def test_the_place_of_a_logit_that_is_not_finite_is_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sftviz.loss.predictions.BLOCK_BYTES", 7 * 97 * 4)
    z = torch.zeros(40, 97)
    z[33, 5] = torch.nan
    with pytest.raises(ValueError, match=r"logit nan at \[133, 5\]"):
        predictions(z, torch.zeros(40, dtype=torch.long), None, 3, rows_before=100)


def test_the_place_named_is_the_chats_and_not_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pricing, "_rows_at_once", lambda vocabulary: 7)
    logits = torch.zeros(40, 97)
    logits[30, 2] = torch.inf
    with pytest.raises(ValueError, match=r"logit inf at \[30, 2\]"):
        pricing._columns(logits, lambda z: z, torch.zeros(41, dtype=torch.long), None, 3)


def test_the_loss_of_the_readme_is_the_models_own(model: LlamaForCausalLM, ids: list[int]) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (code,) = (block for block in readme.split("```") if "def training_loss" in block)
    names: dict[str, Any] = {}
    exec(code.removeprefix("python"), names)
    row = torch.tensor([ids])
    labels = row.masked_fill(row < 50, -100)
    theirs = model(row, labels=labels).loss
    torch.testing.assert_close(names["training_loss"](model, row, labels), theirs, rtol=1e-5, atol=0)


def tiny_gpt2() -> GPT2LMHeadModel:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=97, n_positions=8, n_embd=32, n_layer=1, n_head=2, bos_token_id=None, eos_token_id=None
    )
    return GPT2LMHeadModel(config)


def test_tokens_beyond_the_learned_positions_are_left_open() -> None:
    gpt2, ids = tiny_gpt2().eval(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    seen, fitting = token_losses(gpt2, ids), token_losses(gpt2, ids[:8])
    assert seen.priced == 8
    torch.testing.assert_close(seen.nll[:7], fitting.nll[:7])
    assert seen.nll[7:].isnan().all()
    assert (seen.top_ids[7:] == -100).all()


@pytest.mark.parametrize("at_most", [0, 1, 2, 5, 300, 1000])
def test_the_first_tokens_alone_are_priced_where_that_is_asked_for(
    model: LlamaForCausalLM, ids: list[int], at_most: int
) -> None:
    seen, whole = token_losses(model, ids, at_most=at_most), token_losses(model, ids)
    priced = min(at_most, 300) if at_most > 1 else 0
    assert seen.priced == priced
    assert len(seen.nll) == len(seen.top_ids) == 300
    torch.testing.assert_close(seen.nll[: max(0, priced - 1)], whole.nll[: max(0, priced - 1)], rtol=1e-5, atol=1e-6)
    assert seen.nll[max(0, priced - 1) :].isnan().all()


def test_four_times_the_context_ispredictions(model: LlamaForCausalLM) -> None:
    assert priced_tokens(model) == 4 * 2048  # LlamaConfig's own max_position_embeddings
    assert priced_tokens(load_model("sftviz/tiny-sft")) == 4 * 512
    assert priced_tokens(tiny_gpt2()) == 4 * 8


def test_the_vocabulary_is_that_of_the_logits(model: LlamaForCausalLM, ids: list[int]) -> None:
    assert token_losses(model, ids[:5]).vocabulary == token_losses(model, []).vocabulary == 97


def test_a_sure_prediction_keeps_its_digits() -> None:
    """p(target) = 1 - 3e-7 rounds to 1 in float32; its cost is 3e-7 nats all the same."""
    z = torch.zeros(1, 97)
    z[0, 5] = math.log(96 / 3e-7)
    nll, entropy, *_ = predictions(z.clone(), torch.tensor([5]), None, 3)
    expected = F.cross_entropy(z.double(), torch.tensor([5]))
    torch.testing.assert_close(nll.double()[0], expected, rtol=1e-5, atol=0)
    exact = torch.distributions.Categorical(logits=z.double()).entropy()
    torch.testing.assert_close(entropy.double(), exact, rtol=1e-5, atol=0)


@pytest.mark.parametrize("scale", [0.01, 1.0, 10.0, 50.0])
@pytest.mark.parametrize("vocabulary", [97, 6001])
def test_every_column_is_the_float64_formula(vocabulary: int, scale: float) -> None:
    z = scale * torch.randn(40, vocabulary, generator=torch.Generator().manual_seed(0))
    targets = torch.randint(0, vocabulary, (40,), generator=torch.Generator().manual_seed(1))
    targets[:20] = z[:20].argmax(-1)
    targets[20:30] = z[20:30].topk(4).indices[:, 3]
    weight = torch.randn(vocabulary, 8, generator=torch.Generator().manual_seed(2))
    nll, entropy, uniform, rank, on_logits, on_hidden, top, probabilities = predictions(z.clone(), targets, weight, 5)
    exact = z.double()
    p, log_p = exact.softmax(-1), exact.log_softmax(-1)
    error = p - F.one_hot(targets, vocabulary)
    close = partial(torch.testing.assert_close, rtol=1e-5, atol=1e-12)
    close(nll.double(), F.cross_entropy(exact, targets, reduction="none"))
    close(uniform.double(), -log_p.mean(-1))
    close(on_logits.double(), error.norm(dim=-1), rtol=1e-4)
    close(on_hidden.double(), (error @ weight.double()).norm(dim=-1), rtol=1e-3, atol=1e-9)
    close(entropy.double(), -(p * log_p).sum(-1), rtol=1e-4, atol=1e-6)
    assert rank.tolist() == (1 + (z > z.gather(1, targets[:, None])).sum(1)).tolist()
    close(probabilities.double(), p.gather(1, top))


def test_a_token_ruled_out_costs_infinitely_much_and_the_others_do_not() -> None:
    z = torch.tensor([[0.0, 0.0, -torch.inf]])
    nll, entropy, *_ = predictions(z.repeat(2, 1), torch.tensor([0, 2]), None, 2)
    assert nll.tolist() == pytest.approx([math.log(2), math.inf])
    assert entropy.tolist() == pytest.approx([math.log(2)] * 2)


def test_the_head_is_never_run_on_more_than_a_piece(
    model: LlamaForCausalLM, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pricing, "_rows_at_once", lambda vocabulary: 20)
    rows: list[int] = []
    handle = model.lm_head.register_forward_hook(lambda module, given, made: rows.append(made.shape[-2]))
    token_losses(model, ids)
    handle.remove()
    assert max(rows) == 20
    assert sum(rows) < 299 + 16 + 16 + 4  # all rows once, the first tokens to try it, and rows to see V


def test_a_model_that_fails_is_named(model: LlamaForCausalLM, ids: list[int]) -> None:
    broken = LlamaForCausalLM(CONFIG).eval()
    broken.model.layers[1] = torch.nn.Identity()
    with pytest.raises(SourceError, match=r"model LlamaForCausalLM failed on 5 tokens: \w+"):
        token_losses(broken, ids[:5])


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


def test_those_as_likely_as_the_true_token_are_not_before_it() -> None:
    """Four equal logits: whichever is true has rank 1; with one above it, rank 2."""
    z = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    rank = predictions(z.clone(), torch.tensor([3, 2]), None, 2)[3]
    assert rank.tolist() == [1, 2]


def test_a_model_is_asked_once_whether_its_logits_are_its_heads(
    model: LlamaForCausalLM, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = token_losses(model, ids)
    asked: list[int] = []
    monkeypatch.setattr(pricing, "_is_plain", lambda *_: asked.append(1) or True)
    assert torch.equal(token_losses(model, ids).nll[:-1], first.nll[:-1])
    assert asked == []
    model.set_output_embeddings(copy.deepcopy(model.get_output_embeddings()))  # another head is another question
    token_losses(model, ids)
    assert asked == [1]
