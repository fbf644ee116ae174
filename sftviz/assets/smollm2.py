"""SmolLM2 135M Instruct, a real chat model that a user may add: where it lies once it is there, whether it is whole.

`sftviz model add smollm2` (sftviz/model/smollm2.py) puts it there.
"""

import json
from pathlib import Path
from typing import Any

from sftviz.assets import SMOLLM2, cache, source_error
from sftviz.assets.files import Kind

MANIFEST = "whole.json"  # {"files": {name: [bytes, sha256]}}, written last
TITLE = "SmolLM2 135M Instruct"
QUANTIZATION = "Q4_1"  # of the weights in the package; the embeddings have eight bits


def folder() -> Path:
    return cache.folder() / SMOLLM2


def is_there() -> bool:
    """Whether it was added and its files have the sizes they were written with."""
    return folder().is_dir() and damaged() is None


def locate(kind: Kind) -> Path:
    """The folder of its tokenizer or of its model. Raises SourceError where it is not there, or not whole."""
    if not folder().is_dir():
        raise source_error("not_added", name=SMOLLM2)
    file = damaged()
    if file is not None:
        raise source_error("added_damaged", name=SMOLLM2, file=file)
    return folder() / kind


def damaged() -> str | None:
    """The first file that is missing or has another size than it was written with."""
    try:
        files: dict[str, Any] = json.loads((folder() / MANIFEST).read_text(encoding="utf-8"))["files"]
        sizes = {name: int(size) for name, (size, _) in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return MANIFEST
    return next((name for name, size in sizes.items() if _size(folder() / name) != size), None)


def digest() -> str | None:
    """SHA-256 of its weights, as it was taken when they were written; None where it is not there."""
    if not is_there():
        return None
    return json.loads((folder() / MANIFEST).read_text(encoding="utf-8"))["files"]["model/model.safetensors"][1]


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None
