"""Rows M as data: names that are none, and changes to a whole folder of a model; words of the error."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

NO_SOURCE = {
    "M01 empty": "", "M01 blank": " ", "M01 URL": "https://example.org/x", "M01 up": "../..", "M01 root": "/",
    "M01 a folder of this computer": "/etc", "M01 no folder of it": "/no/such/folder",
    "M01 of three": "a/b/c", "M01 up within": "a/../b", "M01 up to nothing": "../no-such-folder",
    "M01 nobody's home": "~nobody-here/x", "M01 NUL": "x\0y", "M01 97 characters": "x" * 97,
    "M01 200 characters": "x" * 200, "M01 5,000 characters": "x" * 5000, "M01 two hyphens": "a--b/c",
    "M01 begins with a hyphen": "-a/b", "M01 ends in a dot": "a/b.", "M01 Chinese": "模型/名",
    "M01 full width": "ａ/ｂ", "M01 half a character": "a\ud800", "M01 script": "<script>alert(1)</script>",
}  # fmt: skip

Change = Callable[[Path], object]
WEIGHTS = "model.safetensors"
PICKLE = b"cos\nsystem\n(S'touch canary'\ntR."


def cut(keep: int) -> Change:
    return lambda folder: (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:keep])


def holding(content: bytes) -> Change:
    return lambda folder: (folder / WEIGHTS).write_bytes(content)


def configured(**fields: object) -> Change:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | fields))

    return change


def _number(value: float) -> Change:
    def change(folder: Path) -> None:
        weights = load_file(folder / WEIGHTS)
        weights["model.layers.1.mlp.up_proj.weight"][3, 4] = value
        save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})

    return change


def _integers(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    weights["model.layers.0.mlp.up_proj.weight"] = weights["model.layers.0.mlp.up_proj.weight"].to(torch.int8)
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})


def _pickled(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / "pytorch_model.bin").write_bytes(PICKLE)


def _code_of_its_own(folder: Path) -> None:
    (folder / "theirs.py").write_text("open('canary', 'w')")
    configured(model_type="theirs", auto_map={"AutoConfig": "theirs.C", "AutoModelForCausalLM": "theirs.M"})(folder)


DAMAGED_FILE = r"damaged file, model\.safetensors \({} bytes\): \w"
DAMAGED_MODELS: dict[str, tuple[Change, str]] = {
    "M03 empty": (cut(0), DAMAGED_FILE.format("0")),
    "M03 of 4 bytes": (cut(4), DAMAGED_FILE.format("4")),
    "M03 cut off": (cut(5000), DAMAGED_FILE.format("5,000")),
    "M03 a header of no JSON": (holding(struct.pack("<Q", 4) + b"evil"), DAMAGED_FILE.format("12")),
    "M03 a header that is a list": (holding(struct.pack("<Q", 2) + b"[]"), DAMAGED_FILE.format("10")),
    "M03 a header of no shape": (holding(struct.pack("<Q", 12) + b'{"a":{"b":1}}'), DAMAGED_FILE.format(r"\d+")),
    "M03 a header longer than the file": (holding(struct.pack("<Q", 2**60) + b"{}"), DAMAGED_FILE.format("10")),
    "M03 random bytes": (holding(bytes(range(256)) * 9), DAMAGED_FILE.format("2,304")),
    "M04 a layer more": (configured(num_hidden_layers=3), r"lacks .*layers\.2"),
    "M05 NaN": (_number(torch.nan), r"layers\.1\.mlp\.up_proj\.weight\[3, 4\] is nan"),
    "M05 inf": (_number(torch.inf), r"layers\.1\.mlp\.up_proj\.weight\[3, 4\] is inf"),
    "M05 another vocabulary": (configured(vocab_size=60), r"is \[97, 32\] in the file and \[60, 32\]"),
    "M05 whole numbers": (_integers, r"up_proj.weight is I8, so the file is quantized and nothing says how"),
    "M06 a pickle": (_pickled, r"pickle \(pytorch_model.bin\), which can run code"),
    "M06 code of its own": (_code_of_its_own, "custom code"),
    "M06 config cut off": (
        lambda folder: (folder / "config.json").write_text('{"model_type": "lla'),
        "config.json cannot be read",
    ),
}
