"""Broken, incomplete and foreign models are refused by name; nothing is guessed and nobody's code runs."""

import json
import time
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from sftviz.assets import SourceError, locate
from sftviz.model import load_model

from .test_token_losses import CONFIG


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    LlamaForCausalLM(CONFIG).save_pretrained(tmp_path)
    return tmp_path


def test_a_folder_in_the_hubs_layout_loads_in_float32_and_frozen(folder: Path) -> None:
    model = load_model(folder)
    assert model.dtype == torch.float32
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_a_loaded_model_is_taken_as_it_is(folder: Path) -> None:
    model = LlamaForCausalLM(CONFIG)
    assert load_model(model) is model


@pytest.mark.parametrize("keep", [0, 4, 5000])
def test_a_damaged_file_is_named_with_its_size(folder: Path, keep: int) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    with pytest.raises(SourceError, match=rf"model.safetensors \({keep:,} bytes\)"):
        load_model(folder)


def test_missing_tensors_are_listed_and_not_made_up(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(SourceError, match=r"lacks .*layers\.2"):
        load_model(folder)


def test_nan_in_the_weights_is_found(tmp_path: Path) -> None:
    model = LlamaForCausalLM(CONFIG)
    with torch.no_grad():
        model.model.layers[1].mlp.up_proj.weight[3, 4] = torch.nan
    model.save_pretrained(tmp_path)
    with pytest.raises(SourceError, match=r"layers\.1\.mlp\.up_proj\.weight\[3, 4\] is nan"):
        load_model(tmp_path)


def test_a_pickle_is_not_opened(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch canary'\ntR.")
    with pytest.raises(SourceError):
        load_model(folder)
    assert not Path("canary").exists()


def test_an_unknown_hub_id_fails_at_once_offline() -> None:
    started = time.monotonic()
    with pytest.raises(SourceError, match=r"not on this computer.*sftviz/tiny-sft"):
        load_model("nobody/nothing-here")
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("name", ["", "https://example.org/x", "a/b/c", "x\0y", "x" * 200, "模型/名"])
def test_what_is_no_hub_id_opens_nothing(name: str) -> None:
    with pytest.raises(SourceError):
        locate(name)
