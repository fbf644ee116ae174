"""The Llama in plain torch gives transformers' numbers, and refuses a folder that is not what its config.json says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from sftviz import assets
from sftviz.assets import SourceError
from sftviz.model import load_model, pricing_model, token_losses
from sftviz.model.llama import load_llama

IDS = torch.randint(0, 4096, (300,), generator=torch.Generator().manual_seed(0)).tolist()
KINDS = {
    "shared keys, untied": {"num_key_value_heads": 2, "tie_word_embeddings": False},
    "heads of a size of their own": {"head_dim": 24, "rope_theta": 1e5},
    "tied": {"tie_word_embeddings": True, "rms_norm_eps": 1e-3},
}


def made(folder: Path, **settings: object) -> LlamaForCausalLM:
    torch.manual_seed(1)
    sizes = {"vocab_size": 97, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2}
    config = LlamaConfig(**{**sizes, "num_attention_heads": 4, "max_position_embeddings": 64, **settings})
    model = LlamaForCausalLM(config).eval()
    model.save_pretrained(folder)
    return model


def config_of(folder: Path) -> dict[str, object]:
    return json.loads((folder / "config.json").read_text())


@pytest.mark.parametrize("name", assets.MODELS)
def test_a_carried_checkpoint_costs_what_it_costs_under_transformers(name: str) -> None:
    theirs, ours = token_losses(load_model(name), IDS), token_losses(pricing_model(name), IDS)
    for column in ("nll", "entropy", "rank", "grad_norm_hidden", "top_probabilities"):
        expected, found = getattr(theirs, column)[:-1], getattr(ours, column)[:-1]
        assert torch.allclose(found, expected, rtol=1e-5, atol=1e-6), column


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_transformers(kind: str, tmp_path: Path) -> None:
    theirs = made(tmp_path, **KINDS[kind])
    ids = torch.randint(0, 97, (2, 40))
    found = load_llama(tmp_path, config_of(tmp_path))(ids)[0]
    assert torch.allclose(found, theirs(ids).logits, atol=1e-5)


def test_a_position_does_not_see_what_follows(tmp_path: Path) -> None:
    made(tmp_path)
    model = load_llama(tmp_path, config_of(tmp_path))
    first, second = torch.randint(0, 97, (1, 20)), torch.randint(0, 97, (1, 20))
    second[:, :10] = first[:, :10]
    assert torch.allclose(model(first)[0][:, :10], model(second)[0][:, :10], atol=1e-6)


@pytest.mark.parametrize("change", ["missing", "left over", "another shape"])
def test_tensors_that_do_not_fit_are_refused(change: str, tmp_path: Path) -> None:
    made(tmp_path, tie_word_embeddings=True)
    file = tmp_path / "model.safetensors"
    tensors = load_file(file)
    if change == "missing":
        del tensors["model.norm.weight"]
    elif change == "left over":
        tensors["model.layers.7.mlp.up_proj.weight"] = torch.zeros(2, 2)
    else:
        tensors["model.norm.weight"] = torch.ones(63)
    save_file(tensors, file)
    with pytest.raises((KeyError, ValueError), match=r"norm|layers\.7"):
        load_llama(tmp_path, config_of(tmp_path))


def test_a_carried_checkpoint_that_is_damaged_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path)
    (tmp_path / "model.safetensors").write_bytes((tmp_path / "model.safetensors").read_bytes()[:-100])
    monkeypatch.setattr(assets, "locate", lambda *given: tmp_path)
    monkeypatch.setattr("sftviz.model.load._plain", type("Shelf", (), {"get": staticmethod(lambda key, load: load())}))
    with pytest.raises(SourceError, match=r"model\.safetensors"):
        pricing_model("sftviz/tiny-sft")


def test_a_cost_of_the_embedded_model_needs_no_transformers() -> None:
    code = "import sys, sftviz; sftviz.inspect('User: a\\nAssistant: b').rows(); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "torch" in modules
    assert {"transformers", "pandas", "streamlit", "torch._dynamo"}.isdisjoint(modules)
