"""What rendering asks of a tokenizer, and what it gives for a text: columns, one entry a token."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Ranges = Sequence[tuple[int, int]]


class EncodedToken(NamedTuple):
    """One token: its id and the characters [start, end) it covers."""

    id: int
    start: int
    end: int


@dataclass(frozen=True)
class Encoded:
    """The tokens of a text: ids [T], and the characters [starts, ends) that each covers, [T] int64."""

    ids: Ints
    starts: Ints
    ends: Ints

    @classmethod
    def of(cls, tokens: Iterable[tuple[int, int, int]]) -> "Encoded":
        """From (id, start, end) of every token.

        >>> Encoded.of([(7, 0, 2), (8, 2, 3)]).starts
        array([0, 2])
        """
        table = np.array(list(tokens), dtype=np.int64).reshape(-1, 3)
        return cls(table[:, 0], table[:, 1], table[:, 2])

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[EncodedToken]:
        rows = zip(self.ids.tolist(), self.starts.tolist(), self.ends.tolist(), strict=True)
        return (EncodedToken(*row) for row in rows)


class Tokenizer(Protocol):
    """What rendering asks of a tokenizer."""

    name: str
    chat_template: str | None
    variables: dict[str, Any]  # bos_token, eos_token, … for the template
    control_ids: frozenset[int]  # ids that stand for a control token, special or merely added
    eos_id: int | None
    pad_id: int | None
    unknown_id: int | None
    max_length: int | None

    def encode(self, text: str, from_messages: Ranges = ()) -> Encoded: ...
    def bytes_of(self, token_id: int) -> bytes: ...
    def id_of(self, piece: str) -> int | None: ...
    def decode(self, ids: Sequence[int]) -> str: ...
    def __len__(self) -> int: ...


def fingerprint(tokenizer: Tokenizer) -> str:
    """What tells two vocabularies apart, whatever they are called: a hash of every id, its piece, and whether it is a
    control token.

    A tokenizer that knows its own (`fingerprint`) is asked; of others the bytes of every id are read.
    """
    known: str | None = getattr(tokenizer, "fingerprint", None)
    if known is not None:
        return known
    pieces = (f"{i}\t{tokenizer.bytes_of(i).hex()}\t{i in tokenizer.control_ids:d}" for i in range(len(tokenizer)))
    return hashlib.sha256("\n".join(pieces).encode()).hexdigest()


def same_vocabulary(a: Tokenizer, b: Tokenizer) -> bool:
    """True where both give every id to the same piece: then a model that reads one's ids can read the other's."""
    return a is b or (len(a) == len(b) and fingerprint(a) == fingerprint(b))
