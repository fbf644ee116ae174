"""A transformers tokenizer with a fast backend, in the form rendering asks for."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from tokenizers import Tokenizer as Backend
from tokenizers import processors
from transformers.convert_slow_tokenizer import bytes_to_unicode

from sftviz.chat.tokenizers.protocol import Encoded, Ranges

BYTE_OF = {character: byte for byte, character in bytes_to_unicode().items()}
NEVER_LONGER_THAN = 10**12  # transformers writes 1e30 for "no limit"


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
        self.chat_template: str | None = template.get("default") if isinstance(template, dict) else template
        special: dict[str, Any] = tokenizer.special_tokens_map
        self.variables = {key: piece for key, piece in special.items() if isinstance(piece, str)}
        self.control_ids = frozenset(self._backend.get_added_tokens_decoder())
        self.eos_id: int | None = tokenizer.eos_token_id
        self.pad_id: int | None = tokenizer.pad_token_id
        self.unknown_id: int | None = tokenizer.unk_token_id
        limit: int = tokenizer.model_max_length
        self.max_length: int | None = int(limit) if limit and limit < NEVER_LONGER_THAN else None

    def encode(self, text: str, from_messages: Ranges = ()) -> Encoded:
        encoding = self._backend.encode(text, add_special_tokens=False)
        offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        return Encoded(np.array(encoding.ids, dtype=np.int64), offsets[:, 0], offsets[:, 1])

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
