"""Architectures against transformers' own models, built without weights, and against the published counts."""

import pytest
import torch
from safetensors import safe_open
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM

from sftviz import assets
from sftviz.training.architectures import ARCHITECTURES

KINDS = {
    "qwen": (Qwen2Config, Qwen2ForCausalLM),
    "mistral": (MistralConfig, MistralForCausalLM),
    "llama": (LlamaConfig, LlamaForCausalLM),
    "sftviz": (LlamaConfig, LlamaForCausalLM),
}
PUBLISHED = {  # what the weights on the Hub add up to
    "qwen2.5-0.5b": 494_032_768,
    "llama-3.2-1b": 1_235_814_400,
    "mistral-7b": 7_241_732_096,
    "qwen2.5-7b": 7_615_616_512,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
}


def real_model(name: str) -> nn.Module:
    row = ARCHITECTURES[name]
    config_of, model_of = next(pair for kind, pair in KINDS.items() if name.startswith(kind))
    config = config_of(
        vocab_size=row.vocabulary,
        hidden_size=row.width,
        intermediate_size=row.feed_forward,
        num_hidden_layers=row.layers,
        num_attention_heads=row.heads,
        num_key_value_heads=row.kv_heads,
        tie_word_embeddings=row.is_tied,
    )
    with torch.device("meta"):
        return model_of(config)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_parameters_and_matrices_are_those_of_the_real_model(name: str) -> None:
    row, model = ARCHITECTURES[name], real_model(name)
    assert row.parameters == sum(parameter.numel() for parameter in model.parameters())
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    assert row.matmul_parameters == sum(module.weight.numel() for module in linear)
    layer = {
        path.rsplit(".", 1)[-1]: (module.in_features, module.out_features)
        for path, module in model.named_modules()
        if ".layers.0." in path and isinstance(module, nn.Linear)
    }
    assert row.matrices == layer


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_as_published(name: str) -> None:
    assert ARCHITECTURES[name].parameters == PUBLISHED[name]


def test_the_embedded_model_has_the_parameters_of_its_file() -> None:
    with safe_open(assets.HERE / "tiny-sft" / "model.safetensors", "pt") as weights:
        held = sum(weights.get_tensor(name).numel() for name in weights.keys())  # noqa: SIM118
    assert ARCHITECTURES["sftviz/tiny"].parameters == held


def test_every_row_is_known_by_its_own_name() -> None:
    assert set(PUBLISHED) | {"sftviz/tiny"} == set(ARCHITECTURES)
    assert all(row.name == name for name, row in ARCHITECTURES.items())
