"""A Llama in a GGUF file, as llama.cpp reads it -> tokenizer, configuration and weights, as transformers reads them.

transformers can do this too; it needs accelerate for it, takes twice as long, and gives the tokenizer without the rule
that cuts digits apart. Its weights are the same to the bit.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAMES = {
    "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}  # fmt: skip
VARIABLES = {
    "bos_token": "tokenizer.ggml.bos_token_id",
    "eos_token": "tokenizer.ggml.eos_token_id",
    "unk_token": "tokenizer.ggml.unknown_token_id",
    "pad_token": "tokenizer.ggml.padding_token_id",
}
CONTROL = 3  # of llama.cpp's kinds of tokens
Weights = dict[str, NDArray[np.float32]]


class Gguf:
    """The file's fields, and its tensors in float32: what each block of a quantized tensor stands for, exactly."""

    def __init__(self, path: Path):
        from gguf import GGUFReader

        self._reader: Any = GGUFReader(path)

    def __getitem__(self, field: str) -> Any:
        return self._reader.fields[field].contents()

    def get(self, field: str) -> Any:
        return self[field] if field in self._reader.fields else None

    def tensors(self) -> list[str]:
        return [tensor.name for tensor in self._reader.tensors]

    def weights(self) -> Weights:
        """By transformers' names; rows of queries and keys in its order."""
        from gguf.quants import dequantize

        heads = {"attn_q": self["llama.attention.head_count"], "attn_k": self["llama.attention.head_count_kv"]}
        found: Weights = {}
        for tensor in self._reader.tensors:
            *layer, part, _ = tensor.name.split(".")
            values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
            if part in heads:
                values = halves_apart(values, heads[part])
            place = ["model", "layers", layer[1]] if layer else []
            found[".".join([*place, NAMES[part], "weight"])] = np.ascontiguousarray(values)
        return found


def halves_apart(rows: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows of one head: from the pairs that llama.cpp turns together to transformers' two halves. [heads * d, n].

    >>> halves_apart(np.arange(4, dtype=np.float32)[:, None], heads=1)[:, 0]
    array([0., 2., 1., 3.], dtype=float32)
    """
    count, width = rows.shape
    return rows.reshape(heads, count // heads // 2, 2, width).swapaxes(1, 2).reshape(count, width)


def configuration(file: Gguf, dtype: str) -> dict[str, Any]:
    """config.json."""
    width, heads = file["llama.embedding_length"], file["llama.attention.head_count"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": len(file["tokenizer.ggml.tokens"]),
        "hidden_size": width,
        "intermediate_size": file["llama.feed_forward_length"],
        "num_hidden_layers": file["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": file["llama.attention.head_count_kv"],
        "head_dim": width // heads,
        "max_position_embeddings": file["llama.context_length"],
        "rms_norm_eps": float(file["llama.attention.layer_norm_rms_epsilon"]),
        "rope_theta": float(file["llama.rope.freq_base"]),
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": "output.weight" not in file.tensors(),
        "bos_token_id": file["tokenizer.ggml.bos_token_id"],
        "eos_token_id": file["tokenizer.ggml.eos_token_id"],
        "pad_token_id": file.get("tokenizer.ggml.padding_token_id"),
        "dtype": dtype,
    }


def tokenizer(file: Gguf) -> dict[str, Any]:
    """tokenizer.json of a byte-level tokenizer that cuts digits apart, as llama.cpp's kind "smollm" says.

    Raises ValueError for any other kind.
    """
    kind = f"{file['tokenizer.ggml.model']} {file['tokenizer.ggml.pre']}"
    if kind != "gpt2 smollm":
        raise ValueError(f"the tokenizer is of the kind {kind!r}, and only 'gpt2 smollm' is known")
    pieces, kinds = file["tokenizer.ggml.tokens"], file["tokenizer.ggml.token_type"]
    matching = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": pieces[i]} | matching for i, of in enumerate(kinds) if of == CONTROL],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level],
        },
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": pieces[file["tokenizer.ggml.unknown_token_id"]],
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {piece: i for i, piece in enumerate(pieces)},
            "merges": file["tokenizer.ggml.merges"],
        },
    }


def settings(file: Gguf) -> dict[str, Any]:
    """tokenizer_config.json."""
    pieces = file["tokenizer.ggml.tokens"]
    ids = {variable: file.get(field) for variable, field in VARIABLES.items()}
    return {
        **{variable: pieces[i] for variable, i in ids.items() if i is not None},
        "model_max_length": file["llama.context_length"],
        "tokenizer_class": "PreTrainedTokenizerFast",
    }


def write(file: Gguf, into: Path) -> None:
    """A folder `tokenizer` and a folder `model`, as the Hub lays them out. The weights are in float32.

    What a block of a quantized tensor stands for needs more digits than bfloat16 has.
    """
    from safetensors.numpy import save_file

    for folder in ("tokenizer", "model"):
        (into / folder).mkdir()
    _write_json(into / "tokenizer" / "tokenizer.json", tokenizer(file))
    _write_json(into / "tokenizer" / "tokenizer_config.json", settings(file))
    template: str = file["tokenizer.chat_template"]
    (into / "tokenizer" / "chat_template.jinja").write_text(template, encoding="utf-8", newline="\n")
    _write_json(into / "model" / "config.json", configuration(file, "float32"))
    save_file(file.weights(), into / "model" / "model.safetensors", metadata={"format": "pt"})


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
