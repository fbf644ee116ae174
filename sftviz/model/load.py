"""A name, a folder, a Hub id or a loaded object -> a model that is whole, finite, and ran nobody's code."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging

from sftviz import assets

_loading = threading.Lock()  # from_pretrained sets torch's default dtype for the whole process: one load at a time
_embedded: dict[str, PreTrainedModel] = {}


def load_model(source: str | PathLike[str] | PreTrainedModel, *, online: bool = False) -> PreTrainedModel:
    """The model in float32, in eval mode, its parameters frozen; a loaded object is returned as it is.

    An embedded name gives one shared copy: never train it. A folder or a Hub id is loaded anew each time.
    Raises SourceError for a source that cannot be found, is damaged, lacks tensors (transformers would fill them with
    random numbers) or holds NaN.
    """
    if isinstance(source, PreTrainedModel):
        return source
    name = str(source)
    if name in _embedded:  # without the lock: somebody's long download must not hold everybody up
        return _embedded[name]
    with _loading:
        if not assets.is_embedded_model(name):
            return _load_named(name, online)
        if name not in _embedded:
            _embedded[name] = _load_named(name, online)
        return _embedded[name]


@contextmanager
def _without_progress_bar() -> Iterator[None]:
    """A model of the disk is there in a moment; its bar would stand between a command's lines."""
    was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_on:
            logging.enable_progress_bar()


def _load_named(name: str, online: bool) -> PreTrainedModel:
    located = assets.locate(name, online=online)
    _refuse_pickle_only(name, located)
    try:
        with nullcontext() if online else _without_progress_bar():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                located,
                dtype=torch.float32,
                use_safetensors=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # refused below, by name; transformers' own error names no tensor
                **assets.pretrained_options(online),
            )
    except SafetensorError as error:
        raise _damaged(name, located, error) from error
    except Exception as error:  # a strange config.json can raise anything, ZeroDivisionError included
        raise assets.load_error("model", name, error, online) from error
    model, report = loaded
    _refuse_incomplete(name, report)
    _refuse_non_finite(name, model)
    return model.eval().requires_grad_(False)


def _refuse_pickle_only(name: str, located: Path | str) -> None:
    if not isinstance(located, Path) or any(located.glob("*.safetensors")):
        return
    pickles = sorted(file.name for pattern in ("*.bin", "*.pt", "*.pth") for file in located.glob(pattern))
    if pickles:
        raise assets.SourceError(
            f"model {name!r} holds its weights as a pickle ({pickles[0]}), which can run code when opened; "
            "save it as safetensors: model.save_pretrained(folder)"
        )


def _refuse_incomplete(name: str, report: dict[str, Any]) -> None:
    if report["mismatched_keys"]:
        key, found, wanted = sorted(report["mismatched_keys"])[0]
        raise assets.SourceError(
            f"model {name!r}: {key} is {list(found)} in the file and {list(wanted)} in config.json; "
            "do the two belong together?"
        )
    if report["missing_keys"]:
        missing = sorted(report["missing_keys"])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise assets.SourceError(
            f"model {name!r} lacks {', '.join(missing[:5])}{more}: they would be random numbers; is the download whole?"
        )


def _refuse_non_finite(name: str, model: PreTrainedModel) -> None:
    for key, parameter in model.named_parameters():
        tensor = parameter.detach()
        if not torch.isfinite(tensor).all():
            index = (~torch.isfinite(tensor)).nonzero()[0].tolist()
            raise assets.SourceError(
                f"model {name!r}: {key}{index} is {float(tensor[tuple(index)])}; the weights are broken"
            )


def _damaged(name: str, located: Path | str, error: Exception) -> assets.SourceError:
    files = sorted(Path(located).glob("*.safetensors")) if isinstance(located, Path) else []
    sizes = ", ".join(f"{file.name} ({file.stat().st_size:,} bytes)" for file in files)
    return assets.SourceError(f"model {name!r} has a damaged file: {sizes or 'safetensors'}: {error}; {assets.OFFLINE}")
