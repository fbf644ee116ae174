"""A name, a folder, a Hub id or a loaded object -> a model that is whole, finite, and ran nobody's code."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftviz import assets
from sftviz.assets.border import border, reason
from sftviz.assets.files import Folder
from sftviz.assets.shelf import Shelf
from sftviz.model.files import check, check_parameters, damaged

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FILES = ("config.json", "generation_config.json", "model*.safetensors", "*.safetensors.index.json")

# transformers swaps torch's initialisers and default dtype for the whole process while it builds a model, so one is
# built at a time. Looking a name up, downloading and checking its files wait for nobody, nor does a model that is there
_building = threading.Lock()
_named: Shelf[Any] = Shelf(size=len(assets.MODELS) + 1)
_plain: Shelf[Any] = Shelf(size=len(assets.MODELS) + 1)


def load_model(source: str | PathLike[str] | PreTrainedModel, *, online: bool = False) -> PreTrainedModel:
    """The model in float32, in eval mode, its parameters frozen; a loaded object is returned as it is.

    An embedded name and "smollm2" give one shared copy: never train it. A folder or a Hub id is loaded anew each time.
    Raises SourceError for a source that cannot be found, is damaged, lacks tensors (transformers would fill them with
    random numbers), holds NaN, or is quantized in a way that cannot be undone.
    """
    if not isinstance(source, str | PathLike):
        return source
    name = str(source)
    if assets.reads(name):
        return _named.get((name, _written(name)), lambda: _load(name, online))
    return _load(name, online)


def _written(name: str) -> int:
    """When the model's folder was written: what was added anew is loaded anew."""
    return Path(assets.locate(name, "model")).stat().st_mtime_ns


def pricing_model(source: str | PathLike[str] | PreTrainedModel, *, online: bool = False) -> Any:
    """A model for `token_losses`: in plain torch for names that we carry, so that nobody waits for transformers.

    Any other source goes to `load_model`.

    Raises what `load_model` raises.
    """
    if assets.reads(source) is None:
        return load_model(source, online=online)
    name = str(source)
    return _plain.get((name, _written(name)), lambda: _load_plain(name))


def _load_plain(name: str) -> Any:
    from sftviz.model.llama import load_llama

    folder = Folder(Path(assets.locate(name, "model")), name, "model")
    config = check(folder)
    with border(lambda reason: damaged(folder, reason)):
        model = load_llama(folder.path, config)
    _refuse_non_finite(folder, model)
    return model.eval().requires_grad_(False)


def _load(name: str, online: bool) -> PreTrainedModel:
    located = assets.locate(name, "model")
    if isinstance(located, str):
        from sftviz.assets.hub import fetch

        located = fetch(name, "model", FILES, online=online)
    folder = Folder(Path(located), name, "model")
    check(folder)
    with border(lambda reason: folder.error("source_load", reason=reason)), _building, _without_progress_bar():
        model, report = _built(folder)
    _refuse_incomplete(folder, report)
    _refuse_non_finite(folder, model)
    return model.eval().requires_grad_(False)


def _built(folder: Folder) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The model and what transformers says of its loading: local files only, nobody's code."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(folder.path, local_files_only=True, trust_remote_code=False)
    config.return_dict = True  # or outputs would have no names
    check_parameters(folder, config)
    auto: Any = AutoModelForCausalLM
    try:
        return auto.from_pretrained(
            folder.path,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # refused below, by name; transformers' own error names no tensor
            local_files_only=True,
            trust_remote_code=False,
        )
    except SafetensorError as error:
        raise damaged(folder, reason(error)) from error


@contextmanager
def _without_progress_bar() -> Iterator[None]:
    """A model of the disk is there in a moment; its bar would stand between a command's lines."""
    from transformers.utils import logging

    was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_on:
            logging.enable_progress_bar()


def _refuse_incomplete(folder: Folder, report: dict[str, Any]) -> None:
    if report["mismatched_keys"]:
        key, found, wanted = sorted(report["mismatched_keys"])[0]
        raise folder.error("model_shape", tensor=key, found=str(list(found)), wanted=str(list(wanted)))
    missing = sorted(report["missing_keys"])
    if len(missing) > 5:
        raise folder.error("model_lacks_more", tensors=", ".join(missing[:5]), more=len(missing) - 5)
    if missing:
        raise folder.error("model_lacks", tensors=", ".join(missing))


def _refuse_non_finite(folder: Folder, model: Any) -> None:
    for key, parameter in model.named_parameters():
        finite = parameter.detach().isfinite()
        if not finite.all():
            index = (~finite).nonzero()[0].tolist()
            value = float(parameter.detach()[tuple(index)])
            raise folder.error("model_not_finite", place=f"{key}{index}", value=str(value))
