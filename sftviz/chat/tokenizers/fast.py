"""A tokenizer of the library `tokenizers`, in the form rendering asks for."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from tokenizers import Tokenizer as Backend
from tokenizers import processors

from sftviz.assets import source_error
from sftviz.assets.border import border
from sftviz.assets.files import as_object
from sftviz.chat.tokenizers.protocol import Encoded, Ints, Ranges

NEVER_LONGER_THAN = 10**12  # transformers writes 1e30 for "no limit"
SURROGATE = re.compile("[\ud800-\udfff]")  # half of a character: no text in UTF-8, so no tokenizer takes it


def _byte_of() -> dict[str, int]:
    """GPT-2's printable stand-in for every byte: bytes that print stand for themselves, the rest from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


BYTE_OF = _byte_of()


@dataclass(frozen=True)
class Settings:
    """What a tokenizer knows beside its vocabulary."""

    chat_template: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])  # bos_token, eos_token, … for the template
    max_length: float | None = None


class FastTokenizer:
    """A backend of its own, without a post-processor, truncation or padding.

    So offsets are not trimmed, no token is added, and there is no state for other threads to change.
    """

    def __init__(self, backend: Backend, settings: Settings, name: str):
        self.name = name
        self._backend = backend
        self._backend.post_processor = processors.Sequence([])  # pyright: ignore[reportAttributeAccessIssue]
        self._backend.no_truncation()
        self._backend.no_padding()
        self.chat_template = settings.chat_template
        self.variables = dict(settings.variables)
        self.control_ids = frozenset(self._backend.get_added_tokens_decoder())
        self.eos_id, self.pad_id, self.unknown_id = map(self._special, ("eos_token", "pad_token", "unk_token"))
        limit = settings.max_length
        self.max_length: int | None = int(limit) if limit and 0 < limit < NEVER_LONGER_THAN else None

    def encode(self, text: str, from_messages: Ranges = ()) -> Encoded:
        with border(lambda reason: source_error("tokenizer_encode", name=self.name, reason=reason)):
            encoding = self._backend.encode(SURROGATE.sub("\ufffd", text), add_special_tokens=False)
        return self._columns(encoding, text)

    def encode_as_text(self, text: str) -> Encoded:
        """The same, but a special token's own text stays text; added tokens that are not special are tokens still."""
        with border(lambda reason: source_error("tokenizer_encode", name=self.name, reason=reason)):
            encoding = self._literal.encode(SURROGATE.sub("\ufffd", text), add_special_tokens=False)
        return self._columns(encoding, text)

    def encode_all(self, texts: Sequence[str]) -> list[Encoded]:
        """The same of many texts in one call, which is quicker, and free to use every core.

        Of a byte-level tokenizer the offsets follow from the bytes of the tokens, where these are the text's own.
        """
        mended = [SURROGATE.sub("\ufffd", text) for text in texts]
        with border(lambda reason: source_error("tokenizer_encode", name=self.name, reason=reason)):
            if not self._byte_level:
                encodings = self._backend.encode_batch(mended, add_special_tokens=False)
                return list(map(self._columns, encodings, texts))
            found = self._backend.encode_batch_fast(mended, add_special_tokens=False)
        laid = [self._laid_on(text, np.array(one.ids, dtype=np.int64)) for one, text in zip(found, mended, strict=True)]
        return [self.encode(text) if one is None else one for one, text in zip(laid, texts, strict=True)]

    def _columns(self, encoding: Any, text: str) -> Encoded:
        columns = _columns(encoding)
        return columns if text.isascii() or self._backend.normalizer is None else _with_marks(columns, text)

    def _laid_on(self, text: str, ids: Ints) -> Encoded | None:
        """Where tokens stand whose bytes, one after the other, are those of the text; None where they are not."""
        pieces, sizes = self._pieces
        written = text.encode()
        if b"".join(map(pieces.__getitem__, ids.tolist())) != written:
            return None
        ends = sizes[ids].cumsum()
        starts = ends - sizes[ids]
        if len(written) == len(text):
            return Encoded(ids, starts, ends)
        goes_on = (np.frombuffer(written, dtype=np.uint8) & 0xC0) == 0x80
        character = np.cumsum(~goes_on) - 1
        return Encoded(ids, character[starts], character[ends - 1] + 1)

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
        with border(lambda reason: source_error("tokenizer_decode", name=self.name, reason=reason)):
            return self._backend.decode(list(ids), skip_special_tokens=False)

    def __len__(self) -> int:
        return self._backend.get_vocab_size(with_added_tokens=True)

    @cached_property
    def _literal(self) -> Backend:
        backend = Backend.from_str(self._backend.to_str())
        backend.encode_special_tokens = True  # pyright: ignore[reportAttributeAccessIssue]
        return backend

    @cached_property
    def _pieces(self) -> tuple[list[bytes], Ints]:
        """The bytes of every id, and how many: [V]."""
        pieces = [self.bytes_of(i) for i in range(1 + max(self._backend.get_vocab().values()))]
        return pieces, np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))

    @cached_property
    def fingerprint(self) -> str:
        """See `protocol.fingerprint`."""
        pieces = sorted((i, piece) for piece, i in self._backend.get_vocab(with_added_tokens=True).items())
        told = "\n".join(f"{i}\t{piece!r}\t{i in self.control_ids:d}" for i, piece in pieces)
        return hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()

    def _special(self, variable: str) -> int | None:
        """The id of a named piece; the unknown token's, as in transformers, where the vocabulary lacks the piece."""
        piece = self.variables.get(variable)
        if piece is None:
            return None
        found = self.id_of(piece)
        unknown = self.variables.get("unk_token")
        return self.id_of(unknown) if found is None and unknown is not None else found

    @cached_property
    def _byte_level(self) -> bool:
        plain = (piece for piece, i in self._backend.get_vocab().items() if i not in self.control_ids)
        return all(character in BYTE_OF for piece in plain for character in piece)


def _columns(encoding: Any) -> Encoded:
    count = len(encoding)
    offsets = np.fromiter(chain.from_iterable(encoding.offsets), dtype=np.int64, count=2 * count).reshape(-1, 2)
    return Encoded(np.array(encoding.ids, dtype=np.int64), offsets[:, 0], offsets[:, 1])


def _with_marks(encoded: Encoded, text: str) -> Encoded:
    """A letter and the accents that stand behind it, which a normalizer makes one letter of: both are covered.

    The library gives such a token the letter's place alone. Other text that no token covers stays uncovered.
    """
    ends = encoded.ends.copy()
    for i in np.flatnonzero(np.append(encoded.starts[1:], len(text)) > ends).tolist():
        end = until = int(encoded.ends[i])
        while until < len(text) and unicodedata.combining(text[until]):
            until += 1
        if until > end:  # tokens that share the letter stand side by side
            ends[encoded.ends[: i + 1].searchsorted(end) : i + 1] = until
    return Encoded(encoded.ids, encoded.starts, ends)


def from_transformers(tokenizer: Any, name: str) -> FastTokenizer:
    """A loaded transformers tokenizer with a fast backend, which is copied."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise source_error("tokenizer_no_offsets", name=name)
    special: dict[str, Any] = tokenizer.special_tokens_map
    settings = Settings(
        chat_template=default_template(getattr(tokenizer, "chat_template", None)),
        variables={key: piece for key, piece in special.items() if isinstance(piece, str)},
        max_length=tokenizer.model_max_length,
    )
    return FastTokenizer(Backend.from_str(backend.to_str()), settings, name)


def default_template(template: Any) -> str | None:
    """Of one template or several named ones: the default.

    >>> default_template([{"name": "default", "template": "a"}, {"name": "rag", "template": "b"}])
    'a'
    """
    if isinstance(template, list | tuple):
        template = {row["name"]: row["template"] for row in template}  # pyright: ignore[reportUnknownVariableType]
    return as_object(template).get("default") if isinstance(template, dict) else template
