"""A name, a folder, a Hub id or a loaded object -> a model that is whole, finite, and ran nobody's code."""

import threading
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, PreTrainedModel

from sftviz import assets


def load_model(source: str | PathLike[str] | PreTrainedModel, *, online: bool = False) -> PreTrainedModel:
    """The model in float32, in eval mode, its parameters frozen; a loaded object is returned as it is.

    Raises SourceError for a source that cannot be found, is damaged, lacks tensors (transformers would fill them with
    random numbers) or holds NaN.
    """
    if isinstance(source, PreTrainedModel):
        return source
    with _loading:
        return _load_named(str(source), online)


_loading = threading.Lock()


@lru_cache(8)
def _load_named(name: str, online: bool) -> PreTrainedModel:
    located = assets.locate(name, online=online)
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            located,
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
            **assets.pretrained_options(online),
        )
        model, report = loaded
    except SafetensorError as error:
        raise _damaged(name, located, error) from error
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise assets.load_error("model", name, error, online) from error
    if report["missing_keys"]:
        missing = ", ".join(sorted(report["missing_keys"])[:5])
        raise assets.SourceError(
            f"model {name!r} lacks {missing}: they would be random numbers; is the download whole?"
        )
    _refuse_non_finite(model, name)
    return model.eval().requires_grad_(False)


def _refuse_non_finite(model: PreTrainedModel, name: str) -> None:
    for key, tensor in model.named_parameters():
        if not torch.isfinite(tensor).all():
            index = (~torch.isfinite(tensor)).nonzero()[0].tolist()
            raise assets.SourceError(
                f"model {name!r}: {key}{index} is {float(tensor[tuple(index)])}; the weights are broken"
            )


def _damaged(name: str, located: Path | str, error: Exception) -> assets.SourceError:
    files = sorted(Path(located).glob("*.safetensors")) if isinstance(located, Path) else []
    sizes = ", ".join(f"{file.name} ({file.stat().st_size:,} bytes)" for file in files)
    return assets.SourceError(f"model {name!r} has a damaged file: {sizes or 'safetensors'}: {error}; {assets.OFFLINE}")
