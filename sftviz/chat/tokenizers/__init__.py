"""Text -> tokens. Adds ids and character ranges to rendering; one wrapper for every kind of tokenizer."""

from pathlib import Path
from typing import Any

from sftviz import assets
from sftviz.assets import source_error
from sftviz.assets.border import border
from sftviz.assets.files import Folder
from sftviz.assets.shelf import Shelf
from sftviz.chat.tokenizers.packaged import PACKAGED, load
from sftviz.chat.tokenizers.protocol import Encoded, Ranges, Tokenizer, fingerprint, same_vocabulary
from sftviz.extras import EXTRAS, MissingExtra, has

__all__ = [
    "TOKENIZERS", "Encoded", "Ranges", "Tokenizer", "fingerprint", "load_tokenizer", "missing", "same_vocabulary",
]  # fmt: skip

# What can be had without a download; anything else is a folder or a Hub id
TOKENIZERS = {
    assets.TOKENIZER: "Embedded, 4,096 tokens",
    "mistral:v1": "Mistral 7B v0.1, 32,000 tokens",
    "mistral:v2": "Mistral Small and Large 2402, 32,768 tokens",
    "mistral:v3": "Mistral 7B v0.3, 32,768 tokens",
    "mistral:v7": "Mistral Large 2411, 32,768 tokens",
    "mistral:tekken": "Mistral Nemo, 131,072 tokens",
    **{name: row.title for name, row in PACKAGED.items()},
}
FILES = ("tokenizer*", "special_tokens_map.json", "added_tokens.json", "chat_template*", "config.json", "*.model",
         "vocab*", "merges.txt", "tekken.json")  # fmt: skip

_loaded: Shelf[Tokenizer] = Shelf(size=16)


def load_tokenizer(source: Any, *, online: bool = False) -> Tokenizer:
    """The tokenizer of a name ("sftviz/tiny", "qwen:3"), a folder, a Hub id, or a loaded transformers tokenizer.

    Raises SourceError naming the source where nothing can be loaded from it; only `online=True` asks the Hub.
    A folder whose files have changed is loaded anew.
    """
    if hasattr(source, "special_tokens_map"):  # a loaded transformers tokenizer
        from sftviz.chat.tokenizers.fast import from_transformers

        return from_transformers(source, name=source.name_or_path or type(source).__name__)
    if hasattr(source, "encode") and hasattr(source, "control_ids"):
        return source
    if not isinstance(source, str | Path):
        raise source_error("source_type", given=f"{type(source).__name__} {source!r:.40}")
    name = str(source)
    if _family(name) in FAMILIES:
        return _loaded.get(name, lambda: _load_named(name))
    located = assets.locate(name)
    return _loaded.get((name, online, _stamp(located)), lambda: _load_located(located, name, online))


def missing(name: str) -> MissingExtra | None:
    """What to install before the tokenizer of that name can be loaded; None where nothing is missing."""
    module = PACKAGED[name].module if name in PACKAGED else "mistral_common" if _family(name) == "mistral" else None
    return None if module is None or has(module) else MissingExtra(module, EXTRAS[module])


def _family(name: str) -> str:
    return name.partition(":")[0] if ":" in name else ""


FAMILIES = frozenset(map(_family, TOKENIZERS)) - {""}


def _load_named(name: str) -> Tokenizer:
    if name not in TOKENIZERS:
        known = tuple(known for known in TOKENIZERS if _family(known) == _family(name))
        raise source_error("tokenizer_unknown_name", name=name, known=known)
    with _border(name):
        if name in PACKAGED:
            return load(PACKAGED[name])
        from sftviz.chat.tokenizers.mistral import load_mistral

        return load_mistral(name)


def _load_located(located: Path | str, name: str, online: bool) -> Tokenizer:
    if isinstance(located, str):
        from sftviz.assets.hub import fetch

        return _load_by_transformers(name, Folder(fetch(name, "tokenizer", FILES, online=online), name, "tokenizer"))
    from sftviz.chat.tokenizers.folder import read

    folder = Folder(located, name, "tokenizer")
    with _border(name):
        return read(folder) or _load_by_transformers(str(located), folder)


def _load_by_transformers(source: str, folder: Folder) -> Tokenizer:
    """What needs a class of its own: transformers knows it. Its files are here already; nobody's code is run."""
    from sftviz.chat.tokenizers.fast import from_transformers
    from sftviz.chat.tokenizers.limits import check

    check(folder)
    with _border(folder.name):
        from transformers import AutoTokenizer

        auto: Any = AutoTokenizer
        return from_transformers(
            auto.from_pretrained(source, local_files_only=True, trust_remote_code=False), folder.name
        )


def _border(name: str) -> Any:
    return border(lambda reason: source_error("source_load", name=name, kind="tokenizer", reason=reason))


def _stamp(located: Path | str) -> tuple[tuple[str, int, int], ...]:
    """When the folder's files were written: what was loaded from it before may be out of date."""
    if isinstance(located, str):
        return ()
    stats = [(file.name, file.stat()) for file in sorted(located.iterdir()) if file.suffix in (".json", ".jinja")]
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)
