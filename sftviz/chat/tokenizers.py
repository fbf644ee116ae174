"""Text -> tokens. Adds ids and character ranges to rendering; one wrapper for every kind of tokenizer."""

import threading
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

from tokenizers import Tokenizer as Backend
from tokenizers import processors
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.convert_slow_tokenizer import bytes_to_unicode

from sftviz import assets
from sftviz.chat.encoded import Encoded, Ranges
from sftviz.chat.json_text import is_object

BYTE_OF = {character: byte for byte, character in bytes_to_unicode().items()}
NEVER_LONGER_THAN = 10**12  # transformers writes 1e30 for "no limit"


class Tokenizer(Protocol):
    """What rendering asks of a tokenizer."""

    name: str
    chat_template: str | None
    variables: dict[str, str]  # bos_token, eos_token, … for the template
    control_ids: frozenset[int]  # ids that stand for a control token, special or merely added
    eos_id: int | None
    pad_id: int | None
    unknown_id: int | None
    max_length: int | None

    def encode(self, text: str, from_messages: Ranges = ()) -> list[Encoded]: ...
    def bytes_of(self, token_id: int) -> bytes: ...
    def id_of(self, piece: str) -> int | None: ...
    def decode(self, ids: Sequence[int]) -> str: ...
    def __len__(self) -> int: ...


class FastTokenizer:
    """A transformers tokenizer with a fast backend.

    Encodes with a private copy of the backend: no post-processor, so that offsets are not trimmed and no token is
    added, and no truncation or padding state for other threads to change.
    """

    def __init__(self, tokenizer: Any, name: str):
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise ValueError(
                f"tokenizer {name!r} has no fast backend, so it gives no character positions; use a fast one"
            )
        self.name = name
        self.hf = tokenizer
        self._backend = Backend.from_str(backend.to_str())
        self._backend.post_processor = processors.Sequence([])  # pyright: ignore[reportAttributeAccessIssue]
        self._backend.no_truncation()
        self._backend.no_padding()
        template: Any = getattr(tokenizer, "chat_template", None)
        self.chat_template: str | None = template.get("default") if is_object(template) else template
        special: dict[str, Any] = tokenizer.special_tokens_map
        self.variables = {key: piece for key, piece in special.items() if isinstance(piece, str)}
        self.control_ids = frozenset(self._backend.get_added_tokens_decoder())
        self.eos_id: int | None = tokenizer.eos_token_id
        self.pad_id: int | None = tokenizer.pad_token_id
        self.unknown_id: int | None = tokenizer.unk_token_id
        limit: int = tokenizer.model_max_length
        self.max_length: int | None = int(limit) if limit and limit < NEVER_LONGER_THAN else None

    def encode(self, text: str, from_messages: Ranges = ()) -> list[Encoded]:
        encoding = self._backend.encode(text, add_special_tokens=False)
        return [Encoded(i, start, end) for i, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)]

    def bytes_of(self, token_id: int) -> bytes:
        piece = self._backend.id_to_token(token_id)
        if piece is None:
            return b""
        if token_id in self.control_ids:
            return piece.encode()
        if piece.startswith("<0x") and len(piece) == 6 and piece.endswith(">"):
            return bytes([int(piece[3:5], 16)])
        if self._byte_level:
            return bytes(BYTE_OF[character] for character in piece)
        return piece.replace("▁", " ").encode()

    def id_of(self, piece: str) -> int | None:
        return self._backend.token_to_id(piece)

    def decode(self, ids: Sequence[int]) -> str:
        return self._backend.decode(list(ids), skip_special_tokens=False)

    def __len__(self) -> int:
        return self._backend.get_vocab_size(with_added_tokens=True)

    @cached_property
    def _byte_level(self) -> bool:
        plain = (piece for piece, i in self._backend.get_vocab().items() if i not in self.control_ids)
        return all(character in BYTE_OF for piece in plain for character in piece)


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
    if isinstance(source, PreTrainedTokenizerBase):
        loaded: Any = source
        return FastTokenizer(loaded, name=loaded.name_or_path or type(loaded).__name__)
    if not isinstance(source, str | Path):
        return source
    with _loading:  # lru_cache alone would load the same tokenizer twice
        return _load_named(str(source), online)


@lru_cache(16)
def _load_named(name: str, online: bool) -> Tokenizer:
    if name.startswith("mistral:"):
        from sftviz.chat.mistral import load_mistral

        return load_mistral(name)
    located = assets.locate(name, online=online)
    try:
        auto: Any = AutoTokenizer
        loaded = auto.from_pretrained(located, **assets.pretrained_options(online))
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise assets.load_error("tokenizer", name, error, online) from error
    return FastTokenizer(loaded, name)
