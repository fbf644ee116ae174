"""Llama in plain torch, for the checkpoints we carry: transformers' numbers without three seconds of its imports."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

THETA = 10_000.0
LAYERS = "model.layers"


class Tensors:
    """The tensors of a folder by name, each taken once, its shape as config.json has it."""

    def __init__(self, held: dict[str, Tensor]):
        self.held = held

    def take(self, name: str, *shape: int) -> Tensor:
        tensor = self.held.pop(f"{name}.weight")
        if tensor.shape != shape:
            raise ValueError(f"{name}.weight is {list(tensor.shape)}, config.json says {list(shape)}")
        return tensor.float()

    def linear(self, name: str, outputs: int, inputs: int) -> nn.Linear:
        return linear_of(self.take(name, outputs, inputs))

    def norm(self, name: str, config: Any) -> nn.RMSNorm:
        norm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)
        norm.weight = nn.Parameter(self.take(name, config.hidden_size))
        return norm


class Attention(nn.Module):
    """Every position looks at itself and those before it; several heads of queries may share one of keys."""

    def __init__(self, tensors: Tensors, name: str, config: Any):
        super().__init__()
        self.size = head_size(config)
        width, queries, keys = config.hidden_size, config.num_attention_heads, config.num_key_value_heads
        self.q_proj = tensors.linear(f"{name}.q_proj", queries * self.size, width)
        self.k_proj = tensors.linear(f"{name}.k_proj", keys * self.size, width)
        self.v_proj = tensors.linear(f"{name}.v_proj", keys * self.size, width)
        self.o_proj = tensors.linear(f"{name}.o_proj", width, queries * self.size)

    def forward(self, x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        """x [B, T, D] -> [B, T, D]; turns: cosine and sine of every position, [T, head size]."""
        q, k, v = (self._heads(project(x)) for project in (self.q_proj, self.k_proj, self.v_proj))
        seen = F.scaled_dot_product_attention(
            turned(q, *turns), turned(k, *turns), v, is_causal=True, enable_gqa=q.shape[1] != k.shape[1]
        )
        return self.o_proj(seen.transpose(1, 2).flatten(2))

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.size)).transpose(1, 2)


class Layer(nn.Module):
    def __init__(self, tensors: Tensors, name: str, config: Any):
        super().__init__()
        width, inner = config.hidden_size, config.intermediate_size
        self.self_attn = Attention(tensors, f"{name}.self_attn", config)
        self.input_layernorm = tensors.norm(f"{name}.input_layernorm", config)
        self.post_attention_layernorm = tensors.norm(f"{name}.post_attention_layernorm", config)
        self.gate_proj = tensors.linear(f"{name}.mlp.gate_proj", inner, width)
        self.up_proj = tensors.linear(f"{name}.mlp.up_proj", inner, width)
        self.down_proj = tensors.linear(f"{name}.mlp.down_proj", width, inner)

    def forward(self, x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), turns)
        read = self.post_attention_layernorm(x)
        return x + self.down_proj(F.silu(self.gate_proj(read)) * self.up_proj(read))


class Decoder(nn.Module):
    """Ids -> the states that the output layer reads."""

    def __init__(self, tensors: Tensors, config: Any):
        super().__init__()
        embeddings = tensors.take("model.embed_tokens", config.vocab_size, config.hidden_size)
        self.embed_tokens = nn.Embedding.from_pretrained(embeddings)
        names = [f"{LAYERS}.{i}" for i in range(config.num_hidden_layers)]
        self.layers = nn.ModuleList(Layer(tensors, name, config) for name in names)
        self.norm = tensors.norm("model.norm", config)
        self.turning = (head_size(config), theta_of(config))

    def forward(self, input_ids: Tensor, use_cache: bool = False) -> tuple[Tensor]:
        """input_ids [B, T] -> [B, T, D]; nothing is cached, whatever is asked."""
        x = self.embed_tokens(input_ids)
        turns = cosine_and_sine(input_ids.shape[1], *self.turning)
        for layer in self.layers:
            x = layer(x, turns)
        return (self.norm(x),)


class Llama(nn.Module):
    """As much of a causal language model as pricing asks of one. Raises KeyError or ValueError for other tensors."""

    def __init__(self, tensors: Tensors, config: Any):
        super().__init__()
        self.config = config
        self.model = Decoder(tensors, config)
        tied = linear_of(self.model.embed_tokens.weight)
        self.lm_head = tied if config.tie_word_embeddings else tensors.linear("lm_head", *tied.weight.shape)
        if tensors.held:
            raise ValueError(f"{', '.join(sorted(tensors.held)[:5])}: no place for it in a Llama")

    def forward(self, input_ids: Tensor, use_cache: bool = False) -> tuple[Tensor]:
        """input_ids [B, T] -> logits [B, T, V]."""
        return (self.lm_head(self.model(input_ids)[0]),)

    @property
    def device(self) -> torch.device:
        return self.lm_head.weight.device

    def get_decoder(self) -> Decoder:
        return self.model

    def get_input_embeddings(self) -> nn.Embedding:
        return self.model.embed_tokens

    def get_output_embeddings(self) -> nn.Linear:
        return self.lm_head


def load_llama(folder: Path, config: dict[str, Any]) -> Llama:
    """The model of a folder, in float32."""
    held = {name: tensor for file in sorted(folder.glob("*.safetensors")) for name, tensor in load_file(file).items()}
    return Llama(Tensors(held), SimpleNamespace(**config))


def linear_of(weight: Tensor) -> nn.Linear:
    """An output for each row of weight [out, in]; made small, so that no numbers are drawn for nothing."""
    layer = nn.Linear(1, 1, bias=False)
    layer.out_features, layer.in_features = weight.shape
    layer.weight = nn.Parameter(weight)
    return layer


def head_size(config: Any) -> int:
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def theta_of(config: Any) -> float:
    """The base of the turning speeds: the slowest pair takes nearly 2 pi times as many positions."""
    return (getattr(config, "rope_parameters", None) or {}).get("rope_theta") or getattr(config, "rope_theta", THETA)


def cosine_and_sine(length: int, size: int, theta: float) -> tuple[Tensor, Tensor]:
    """By which angle each pair of a head's numbers is turned at each position: two of [T, size]."""
    speeds = 1.0 / theta ** (torch.arange(0, size, 2, dtype=torch.int64).float() / size)
    angles = torch.outer(torch.arange(length).float(), speeds).repeat(1, 2)
    return angles.cos(), angles.sin()


def turned(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary positions (Su et al. 2021), the halves of a head paired: x [B, H, T, size]."""
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat([-second, first], dim=-1) * sine
