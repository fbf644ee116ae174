"""A model's folder, read before it is built: config.json against what the weights' files hold."""

import json
import struct
from dataclasses import dataclass
from math import prod
from typing import Any

from sftviz.assets.border import reason
from sftviz.assets.files import Folder

LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
SIZES = (  # what must be a whole number above 0, where config.json has it
    *LAYERS, "hidden_size", "n_embd", "d_model", "num_attention_heads", "n_head", "n_heads", "vocab_size",
    "max_position_embeddings", "n_positions", "n_ctx", "intermediate_size",
)  # fmt: skip
FLOATS = ("F64", "F32", "F16", "BF16")
MORE = 2  # times as many parameters as the files hold: tied weights are stored once
SLACK = 2**22
LONGEST_HEADER = 100 * 2**20  # bytes, safetensors' own limit


@dataclass(frozen=True)
class Held:
    """What the safetensors files hold: name -> (type, shape)."""

    tensors: dict[str, tuple[str, tuple[int, ...]]]

    @property
    def numbers(self) -> int:
        return sum(prod(shape) for _, shape in self.tensors.values())


def check(folder: Folder) -> dict[str, Any]:
    """config.json, if the folder can be a model's. Raises SourceError for what is damaged, foreign or out of size."""
    _refuse_pickle_only(folder)
    config = folder.json("config.json")
    _check_sizes(folder, config)
    held = _held(folder)
    layers = max((config[key] for key in LAYERS if isinstance(config.get(key), int)), default=0)
    if held.tensors and layers > len(held.tensors):
        raise folder.error("model_layers", layers=layers, tensors=len(held.tensors))
    _check_quantization(folder, config, held)
    return config


def check_parameters(folder: Folder, config: Any) -> None:
    """Raise SourceError where the model would have far more parameters than the files hold: it is built empty to see.

    transformers would make up what is missing, in memory.
    """
    import torch
    from transformers import AutoModelForCausalLM

    auto: Any = AutoModelForCausalLM
    with torch.device("meta"):
        empty = auto.from_config(config, trust_remote_code=False)
    parameters, held = sum(parameter.numel() for parameter in empty.parameters()), _held(folder).numbers
    if held and parameters > MORE * held + SLACK:
        raise folder.error("model_parameters", parameters=parameters, held=held)


def _refuse_pickle_only(folder: Folder) -> None:
    if any(folder.path.glob("*.safetensors")):
        return
    pickles = sorted(file.name for pattern in ("*.bin", "*.pt", "*.pth") for file in folder.path.glob(pattern))
    if pickles:
        raise folder.error("model_pickle", file=pickles[0])


def _check_sizes(folder: Folder, config: dict[str, Any]) -> None:
    for key in SIZES:
        value = config.get(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise folder.wrong_field("config.json", key, value, "positive_whole")


def _check_quantization(folder: Folder, config: dict[str, Any], held: Held) -> None:
    quantization: Any = config.get("quantization_config")
    if quantization is not None:
        from transformers.quantizers.auto import AUTO_QUANTIZATION_CONFIG_MAPPING

        method: Any = quantization.get("quant_method") if isinstance(quantization, dict) else quantization
        if method not in AUTO_QUANTIZATION_CONFIG_MAPPING:
            raise folder.error("model_quantized", method=str(method)[:60])
        return
    for name, (kind, _) in sorted(held.tensors.items()):
        if name.endswith("weight") and kind not in FLOATS:
            raise folder.error("model_integers", tensor=name, type=kind)


def _held(folder: Folder) -> Held:
    """Every file's header: eight bytes of length, then JSON; the weights themselves are not read."""
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    for file in sorted(folder.path.glob("*.safetensors")):
        try:
            tensors |= _header(file.read_bytes() if file.stat().st_size < 8 else _head_of(file))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, struct.error) as error:
            raise damaged(folder, reason(error)) from error
    return Held(tensors)


def _head_of(file: Any) -> bytes:
    with file.open("rb") as stream:
        start = stream.read(8)
        return start + stream.read(min(struct.unpack("<Q", start)[0], LONGEST_HEADER))


def _header(data: bytes) -> dict[str, tuple[str, tuple[int, ...]]]:
    length = struct.unpack("<Q", data[:8])[0]
    if len(data) - 8 < length:
        raise ValueError("the header is longer than the file")
    found: dict[str, Any] = json.loads(data[8:])
    return {name: (row["dtype"], tuple(row["shape"])) for name, row in found.items() if name != "__metadata__"}


def damaged(folder: Folder, why: str) -> Exception:
    """The error that names every file of weights with its size."""
    sizes = [f"{file.name} ({file.stat().st_size:,} bytes)" for file in sorted(folder.path.glob("*.safetensors"))]
    return folder.error("model_damaged", files=tuple(sizes) or "safetensors", reason=why)
