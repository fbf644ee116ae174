"""Broken, incomplete and foreign models are refused by name; nothing is guessed and nobody's code runs."""

import importlib
import json
import struct
import time
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


@pytest.mark.parametrize("case", DAMAGED_CONFIGS)
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


HEADERS = {
    "a header of no JSON": struct.pack("<Q", 4) + b"evil",
    "a header that is a list": struct.pack("<Q", 2) + b"[]",
    "a header of no shape": struct.pack("<Q", 12) + b'{"a":{"b":1}}'[:12],
    "a header longer than the file": struct.pack("<Q", 2**60) + b"{}",
    "random bytes": bytes(range(256)) * 9,
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_cannot_be_is_a_damaged_file(folder: Path, case: str) -> None:
    (folder / "model.safetensors").write_bytes(HEADERS[case])
    with pytest.raises(SourceError, match=r"damaged file, model.safetensors \([\d,]+ bytes\): \w"):
        load_model(folder)


def test_a_model_that_is_there_waits_for_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_model("sftviz/tiny-sft")
    module = importlib.import_module("sftviz.model.load")
    with module._building, ThreadPoolExecutor(1) as threads:
        assert threads.submit(load_model, "sftviz/tiny-sft").result(timeout=5) is load_model("sftviz/tiny-sft")


def test_an_unknown_hub_id_fails_at_once_offline() -> None:
    started = time.monotonic()
    with pytest.raises(SourceError, match=r"not on this computer.*online=True.*sftviz/tiny-sft"):
        load_model("nobody/nothing-here")
    assert time.monotonic() - started < 10  # a network that is waited for takes longer


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
