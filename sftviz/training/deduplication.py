"""Texts -> those to keep, and for each of the others the kept one it repeats: exactly, or nearly (MinHash LSH)."""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sftviz.extras import Needed

PERMUTATIONS = 128  # the estimate's standard deviation is at most 1 / (2 sqrt(128)) = 0.044
SEED = 1


@dataclass(frozen=True)
class Duplicate:
    """A text that is dropped: its index, the index of the kept one it repeats, and how alike the two are."""

    index: int
    of: int
    similarity: float  # Jaccard of their shingles, in [0, 1]; estimated by MinHash for near duplicates


@dataclass(frozen=True)
class Deduplicated:
    """Indices of the texts that stay, in their order, and the others. kept and duplicates share out all texts."""

    kept: tuple[int, ...]
    duplicates: tuple[Duplicate, ...]


def normalized(text: str) -> str:
    """The text without differences that do not count: Unicode form, case, and white space.

    >>> normalized("  Ｈello\\n\\tWORLD ")  # a full-width H
    'hello world'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def fingerprint(text: str) -> str:
    """A hash of the normalised text: equal for texts that differ in case and white space only.

    >>> fingerprint("Hi there") == fingerprint("hi  There ")
    True
    """
    # a lone surrogate, which JSON can carry, has no UTF-8 of its own
    return hashlib.sha256(normalized(text).encode("utf-8", "surrogatepass")).hexdigest()


def exact_duplicates(texts: Sequence[str]) -> Deduplicated:
    """Keep the first of all texts that are the same once normalised.

    >>> exact_duplicates(["Yes.", "No.", "yes. "])
    Deduplicated(kept=(0, 1), duplicates=(Duplicate(index=2, of=0, similarity=1.0),))
    """
    first: dict[str, int] = {}
    duplicates: list[Duplicate] = []
    for index, text in enumerate(texts):
        kept = first.setdefault(fingerprint(text), index)
        if kept != index:
            duplicates.append(Duplicate(index, kept, 1.0))
    return Deduplicated(tuple(first.values()), tuple(duplicates))


@dataclass(frozen=True)
class Unit:
    """A row of UNITS: what shingles are made of, and how many units make one."""

    name: str
    title: str
    size: int
    meaning: str
    parts: Callable[[str], Sequence[str]]


UNITS = {
    row.name: row
    for row in (
        Unit("character", "characters", 5, "works for every script, Chinese too", lambda text: text),
        Unit(
            "word",
            "words",
            3,
            "coarser; a text without spaces, as in Chinese, is one single word, and no near duplicate is ever found",
            str.split,
        ),
    )
}


def shingles(text: str, unit: str = "character", size: int | None = None) -> frozenset[str]:
    """Every stretch of `size` neighbouring units of the normalised text; a shorter text is one shingle.

    >>> sorted(shingles("abcd", size=3))
    ['abc', 'bcd']
    >>> sorted(shingles("to be or not", "word", size=2))
    ['be or', 'or not', 'to be']
    """
    if unit not in UNITS:
        raise ValueError(f"unit {unit!r} is unknown; use one of {', '.join(UNITS)}")
    wanted = UNITS[unit].size if size is None else size
    if wanted < 1:
        raise ValueError(f"shingles of {wanted} {UNITS[unit].title} are empty, so all texts would be alike; give 1 up")
    parts, joint = UNITS[unit].parts(normalized(text)), " " if unit == "word" else ""
    return frozenset(joint.join(parts[i : i + wanted]) for i in range(max(1, len(parts) - wanted + 1)))


def jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    """What two sets share of what they hold together: |A and B| / |A or B|.

    >>> jaccard(frozenset("abc"), frozenset("bcd"))
    0.5
    """
    union = len(first | second)
    return len(first & second) / union if union else 1.0


def near_duplicates(
    texts: Sequence[str], threshold: float = 0.8, unit: str = "character", size: int | None = None
) -> Deduplicated:
    """Keep each text unless one kept before is alike: estimated Jaccard of their shingles at least `threshold`.

    One pass in the order given, so the first of a family stays; a text is compared with kept texts only, and belongs
    to the most similar. MinHash LSH looks at likely pairs alone, not at all of them: near the threshold it misses
    some (see `chance_of_comparison`), and estimates are off by about 0.04. The same texts give the same answer.
    Broder 1997; Lee et al. 2022 for what duplicates do to a language model.

    >>> texts = ["The cat sat on the mat today.", "Rain is falling.", "The cat sat on the mat today!"]
    >>> near_duplicates(texts).kept
    (0, 1)
    """
    _check_threshold(threshold)
    index = _index(threshold)
    sketches: dict[int, Any] = {}
    duplicates: list[Duplicate] = []
    for i, text in enumerate(texts):
        sketch = _sketch(shingles(text, unit, size))
        likeness, kept = _most_alike(sketch, sketches, index)
        if likeness >= threshold:
            duplicates.append(Duplicate(i, kept, likeness))
        else:
            sketches[i] = sketch
            index.insert(i, sketch)
    return Deduplicated(tuple(sketches), tuple(duplicates))


def chance_of_comparison(similarity: float, threshold: float = 0.8) -> float:
    """How likely LSH compares two texts of this Jaccard at all: 1 - (1 - s^r)^b, with b bands of r hashes.

    An S-curve that rises round the threshold. Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, ch. 3.

    >>> round(chance_of_comparison(0.95), 3), round(chance_of_comparison(0.3), 3)
    (0.998, 0.0)
    """
    _check_threshold(threshold)
    index = _index(threshold)
    return 1 - (1 - similarity**index.r) ** index.b


def _index(threshold: float) -> Any:
    with Needed():
        from datasketch import MinHashLSH  # pyright: ignore[reportMissingTypeStubs]

    # above 0.95 datasketch finds no two bands to choose; what is compared too often is told apart by the estimate
    return MinHashLSH(threshold=min(threshold, 0.95), num_perm=PERMUTATIONS)


def _most_alike(sketch: Any, kept: Mapping[int, Any], index: Any) -> tuple[float, int]:
    """Estimated similarity and index of the kept text that is most alike, the earliest of equals; 0 for none."""
    candidates: list[int] = sorted(index.query(sketch))
    return max(((kept[k].jaccard(sketch), k) for k in candidates), key=lambda pair: pair[0], default=(0.0, -1))


def _sketch(pieces: frozenset[str]) -> Any:
    from datasketch import MinHash  # pyright: ignore[reportMissingTypeStubs]

    sketch: Any = MinHash(num_perm=PERMUTATIONS, seed=SEED)
    sketch.update_batch([piece.encode("utf-8", "surrogatepass") for piece in pieces])
    return sketch


def _check_threshold(threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold {threshold} is no similarity to ask for; it must be above 0 and at most 1")
