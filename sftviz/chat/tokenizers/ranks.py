"""A file of ranks, as tiktoken reads it -> tokenizer.json, as the library `tokenizers` does.

tiktoken knows no merges: it joins whatever two neighbours make the token of the lowest rank. `tokenizers` needs every
merge by name. There are two ways to name them, and both are in use: every split of a token into two tokens, as in
gpt-oss's own tokenizer.json, or only the split that joining by rank ends with, as in Qwen's. Each gives the list that
the vendor published, in its order. Of the second, text can be cut in another way than tiktoken would: as the vendor's
own file cuts it.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from sftviz.chat.tokenizers.fast import BYTE_OF

Ranks = Mapping[bytes, int]
IN_PRINT = {byte: ord(character) for character, byte in BYTE_OF.items()}


@dataclass(frozen=True)
class Recipe:
    """What a file of ranks leaves unsaid: how text is cut into words, the control tokens, which merges are meant."""

    words: str  # regular expression
    control: Sequence[tuple[int, str]]
    merges: Literal["every", "last"]
    normalizer: str | None = None
    plain: frozenset[str] = frozenset()  # added tokens that are not special: decoding keeps them


def to_json(content: bytes, recipe: Recipe) -> str:
    """The text of tokenizer.json."""
    ranks = read_ranks(content)
    merges = every_split(ranks) if recipe.merges == "every" else last_joins(ranks)
    piece = {rank: in_print(token) for token, rank in ranks.items()}
    model = {
        "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
        "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
        "ignore_merges": recipe.merges == "every",
        "vocab": {piece[rank]: rank for rank in sorted(piece)},
        "merges": [(piece[left], piece[right]) for left, right in merges],
    }  # fmt: skip
    return json.dumps(_shell(recipe) | {"model": model}, ensure_ascii=False)


def read_ranks(content: bytes) -> Ranks:
    """Lines of a token in base64 and its rank.

    >>> read_ranks(b"IQ== 0\\nIg== 1\\n")
    {b'!': 0, b'"': 1}
    """
    pairs = (line.split() for line in content.splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in pairs}


def in_print(token: bytes) -> str:
    """The token with GPT-2's stand-in for every byte.

    >>> in_print("é x".encode())
    'Ã©Ġx'
    """
    return token.decode("latin-1").translate(IN_PRINT)


def every_split(ranks: Ranks) -> list[tuple[int, int]]:
    """For every token, in the order of ranks, all the pairs of tokens that make it.

    >>> every_split({b"a": 0, b"b": 1, b"ab": 2, b"ba": 3, b"aba": 4})
    [(0, 1), (1, 0), (0, 3), (2, 0)]
    """
    return [pair for token in sorted(ranks, key=ranks.__getitem__) for pair in sorted(_splits(token, ranks))]


def _splits(token: bytes, ranks: Ranks) -> Iterator[tuple[int, int]]:
    for i in range(1, len(token)):
        left, right = ranks.get(token[:i]), ranks.get(token[i:])
        if left is not None and right is not None:
            yield left, right


def last_joins(ranks: Ranks) -> list[tuple[int, int]]:
    """For every token, in the order of ranks, the two tokens that stand before it when its bytes are joined by rank.

    A token that joining never comes to has none.

    >>> last_joins({b"a": 0, b"b": 1, b"ab": 2, b"ba": 3, b"aba": 4, b"bbb": 5})
    [(0, 1), (1, 0), (2, 0)]
    """
    return [join for token in sorted(ranks, key=ranks.__getitem__) if (join := _last_join(token, ranks))]


def _last_join(token: bytes, ranks: Ranks) -> tuple[int, int] | None:
    parts = [token[i : i + 1] for i in range(len(token))]
    none = len(ranks)
    while len(parts) > 2:
        joined = [ranks.get(a + b, none) for a, b in pairwise(parts)]
        lowest = min(joined)
        if lowest == none:
            return None
        first = joined.index(lowest)
        parts[first : first + 2] = [parts[first] + parts[first + 1]]
    return (ranks[parts[0]], ranks[parts[1]]) if len(parts) == 2 else None


def _shell(recipe: Recipe) -> dict[str, Any]:
    """All of tokenizer.json but the model."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": recipe.words}, "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(number, piece, piece not in recipe.plain) for number, piece in recipe.control],
        "normalizer": {"type": recipe.normalizer} if recipe.normalizer else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": None,
        "decoder": byte_level,
    }


def _added(number: int, piece: str, special: bool) -> dict[str, Any]:
    matching = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": number, "content": piece, "special": special} | matching
