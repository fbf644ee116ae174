"""What a tokenizer gives for a text, and the ranges of it that came from messages."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Encoded:
    """One token: its id and the characters [start, end) it covers."""

    id: int
    start: int
    end: int


Ranges = Sequence[tuple[int, int]]
