"""Text -> tokens. Adds ids and character ranges to rendering; one wrapper for every kind of tokenizer."""

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from sftviz import assets
from sftviz.chat.tokenizers.protocol import Encoded, Ranges, Tokenizer

__all__ = ["TOKENIZERS", "Encoded", "Ranges", "Tokenizer", "load_tokenizer"]

# What can be had without a download; anything else is a folder or a Hub id
TOKENIZERS = {
    assets.TOKENIZER: "Embedded, 4,096 tokens",
    "mistral:v3": "Mistral 7B v0.3, 32,768 tokens",
    "mistral:v7": "Mistral Large 2411, 32,768 tokens",
    "mistral:tekken": "Mistral Nemo, 131,072 tokens",
}

_loading = threading.Lock()


def load_tokenizer(source: Any, *, online: bool = False) -> Tokenizer:
    """The tokenizer of a name ("sftviz/tiny", "mistral:v3"), a folder, a Hub id, or a loaded transformers tokenizer.

    Raises ValueError naming the source where nothing can be loaded from it; only `online=True` asks the Hub.
    """
    if hasattr(source, "special_tokens_map"):  # a loaded transformers tokenizer
        from sftviz.chat.tokenizers.fast import FastTokenizer

        return FastTokenizer(source, name=source.name_or_path or type(source).__name__)
    if not isinstance(source, str | Path):
        return source
    with _loading:  # lru_cache alone would load the same tokenizer twice
        return _load_named(str(source), online)


@lru_cache(16)
def _load_named(name: str, online: bool) -> Tokenizer:
    if name.startswith("mistral:"):
        from sftviz.chat.tokenizers.mistral import load_mistral

        return load_mistral(name)
    from transformers import AutoTokenizer

    from sftviz.chat.tokenizers.fast import FastTokenizer

    located = assets.locate(name, online=online)
    try:
        auto: Any = AutoTokenizer
        loaded = auto.from_pretrained(located, **assets.pretrained_options(online))
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise assets.load_error("tokenizer", name, error, online) from error
    return FastTokenizer(loaded, name)
