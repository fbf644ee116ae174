"""Broken, incomplete and foreign models are refused by name; nothing is guessed and nobody's code runs."""

import importlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from sftviz.assets import SourceError, locate
from sftviz.model import load_model, token_losses

from .test_pricing import CONFIG


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


DAMAGED_CONFIGS: dict[str, tuple[str | dict[str, object], str]] = {
    "empty": ("", "config.json cannot be read: Expecting value"),
    "cut off": ('{"model_type": "lla', "config.json cannot be read: Unterminated string"),
    "deep": ("[" * 100_000, "config.json cannot be read: RecursionError"),
    "null": ("null", "config.json holds null, not a JSON object"),
    "a list": ("[]", "config.json holds a list, not a JSON object"),
    "nothing in it": ("{}", "could not be loaded: Unrecognized model"),
    "a model of pictures": ('{"model_type": "vit"}', "could not be loaded: Unrecognized configuration class"),
    "hidden size a text": ({"hidden_size": "x"}, 'config.json says hidden_size = "x"; it must be a whole number'),
    "no heads": ({"num_attention_heads": 0, "head_dim": None}, "config.json says num_attention_heads = 0"),
    "layers below 0": ({"num_hidden_layers": -3}, "config.json says num_hidden_layers = -3"),
    "layers a text": ({"num_hidden_layers": "2"}, 'config.json says num_hidden_layers = "2"'),
    "10,000 layers": ({"num_hidden_layers": 10_000}, "asks for 10,000 layers, and its files hold 20 tensors"),
    "10^6 layers": ({"num_hidden_layers": 10**6}, "asks for 1,000,000 layers"),
    "10^9 tokens": ({"vocab_size": 10**9}, r"asks for 32,0\d\d,\d{3},\d{3} parameters, and its files hold"),
    "10^9 wide": ({"intermediate_size": 10**9}, r"parameters, and its files hold"),
    "no positions": ({"max_position_embeddings": 0}, "config.json says max_position_embeddings = 0"),
    "positions below 0": ({"max_position_embeddings": -1}, "config.json says max_position_embeddings = -1"),
    "an unknown quantization": ({"quantization_config": {"quant_method": "zip"}}, "quantized by 'zip'"),
    "a quantization of no name": ({"quantization_config": {}}, "quantized by 'None'"),
    "a quantization that is a text": ({"quantization_config": "int3"}, "quantized by 'int3'"),
    "heads that do not divide": ({"num_attention_heads": 5, "head_dim": None}, "could not be loaded: .*head"),
    "an activation nobody knows": ({"hidden_act": "evil"}, "could not be loaded: KeyError: 'evil'"),
    "a type nobody knows": ({"model_type": "nobody"}, "could not be loaded"),
    "a vocabulary of another size": ({"vocab_size": 60}, r"is \[97, 32\] in the file and \[60, 32\]"),
}


@pytest.mark.parametrize("case", DAMAGED_CONFIGS, ids="M06 {}".format)
def test_a_config_that_cannot_be_is_named(folder: Path, case: str) -> None:
    config, words = DAMAGED_CONFIGS[case]
    if isinstance(config, str):
        (folder / "config.json").write_text(config)
    else:
        change(folder, **config)
    with pytest.raises(SourceError, match=words) as told:
        load_model(folder)
    assert ": ;" not in str(told.value)
    assert str(told.value) != told.value.sentence("zh")


@pytest.mark.parametrize("field", [{"return_dict": False}, {"use_cache": True}, {"max_position_embeddings": 7}])
def test_a_setting_that_changes_no_number_is_taken(folder: Path, field: dict[str, object]) -> None:
    plain = token_losses(load_model(folder), [1, 2, 3]).nll
    change(folder, **field)
    torch.testing.assert_close(token_losses(load_model(folder), [1, 2, 3]).nll, plain, equal_nan=True)


def test_weights_of_whole_numbers_are_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.0.mlp.up_proj.weight"] = weights["model.layers.0.mlp.up_proj.weight"].to(torch.int8)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(SourceError, match=r"up_proj.weight is I8, so the file is quantized and nothing says how"):
        load_model(folder)


def test_a_model_that_is_there_waits_for_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_model("sftviz/tiny-sft")
    module = importlib.import_module("sftviz.model.load")
    with module._building, ThreadPoolExecutor(1) as threads:
        assert threads.submit(load_model, "sftviz/tiny-sft").result(timeout=5) is load_model("sftviz/tiny-sft")


@pytest.mark.parametrize("name", ["gpt2", "owner/name", "Qwen/Qwen2.5-0.5B", "a_b/c.d-e", "x" * 96])
def test_a_hub_id_is_passed_on_as_it_is(name: str) -> None:
    assert locate(name) == name
