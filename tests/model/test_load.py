"""Broken, incomplete and foreign models are refused by name; nothing is guessed and nobody's code runs."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
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


def change(folder: Path, **fields: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | fields))


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
    change(folder, num_hidden_layers=3)
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
    with pytest.raises(SourceError, match=r"pickle \(pytorch_model.bin\), which can run code"):
        load_model(folder)
    assert not Path("canary").exists()


def test_code_that_comes_with_a_model_is_not_run(folder: Path) -> None:
    canary = folder / "canary"
    (folder / "theirs.py").write_text(f"open({str(canary)!r}, 'w')")
    change(folder, model_type="theirs", auto_map={"AutoConfig": "theirs.C", "AutoModelForCausalLM": "theirs.M"})
    with pytest.raises(SourceError, match="custom code"):
        load_model(folder)
    assert not canary.exists()


def test_weights_of_another_shape_than_the_config_says_are_named(folder: Path) -> None:
    change(folder, vocab_size=60)
    with pytest.raises(SourceError, match=r"is \[97, 32\] in the file and \[60, 32\] in config.json"):
        load_model(folder)


@pytest.mark.parametrize("config", ["", '{"model_type": "lla', "[" * 100_000, "{}", '{"model_type": "vit"}'])
def test_a_config_that_is_no_language_models_is_refused(folder: Path, config: str) -> None:
    (folder / "config.json").write_text(config)
    with pytest.raises(SourceError, match="could not be loaded"):
        load_model(folder)


@pytest.mark.parametrize("field", [{"hidden_size": "x"}, {"num_attention_heads": 0, "head_dim": None}])
def test_a_config_with_impossible_numbers_is_refused(folder: Path, field: dict[str, object]) -> None:
    change(folder, **field)
    with pytest.raises(SourceError, match="could not be loaded"):
        load_model(folder)


def test_a_folder_is_loaded_anew_so_that_training_it_spoils_nobody_elses_copy(folder: Path) -> None:
    first = load_model(folder).requires_grad_(True)
    with torch.no_grad():
        first.get_output_embeddings().weight.zero_()
    assert load_model(folder).get_output_embeddings().weight.abs().sum() > 0


def test_an_embedded_model_is_loaded_once_for_all_threads() -> None:
    with ThreadPoolExecutor(8) as threads:
        models = list(threads.map(lambda _: load_model("sftviz/tiny-sft"), range(16)))
    assert len({id(model) for model in models}) == 1


def test_an_unknown_hub_id_fails_at_once_offline() -> None:
    started = time.monotonic()
    with pytest.raises(SourceError, match=r"not on this computer.*online=True.*sftviz/tiny-sft"):
        load_model("nobody/nothing-here")
    assert time.monotonic() - started < 3


NO_HUB_ID = (
    *("", " ", "https://example.org/x", "a/b/c", "a/../b", "/no/such/folder", "../no-such-folder", "~nobody-here/x"),
    *("x\0y", "x" * 97, "x" * 5000, "a--b/c", "-a/b", "a/b.", "模型/名", "ａ/ｂ", "a\ud800"),
)


@pytest.mark.parametrize("name", NO_HUB_ID, ids=ascii)
def test_what_is_no_hub_id_opens_nothing(name: str) -> None:
    with pytest.raises(SourceError, match="neither a folder on this computer nor a Hub id"):
        locate(name)


@pytest.mark.parametrize("name", ["gpt2", "owner/name", "Qwen/Qwen2.5-0.5B", "a_b/c.d-e", "x" * 96])
def test_a_hub_id_is_passed_on_as_it_is(name: str) -> None:
    assert locate(name) == name
