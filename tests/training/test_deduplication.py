"""Duplicates against every pair compared in full, and by hand."""

import random

import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.training.deduplication import (
    PERMUTATIONS,
    UNITS,
    Deduplicated,
    Duplicate,
    chance_of_comparison,
    exact_duplicates,
    jaccard,
    near_duplicates,
    normalized,
    shingles,
)

FOUR_DEVIATIONS = 0.18  # of an estimate from 128 hashes, at the worst similarity, 0.5
SENTENCE = "The quick brown fox jumps over the lazy dog and runs into the dark green forest."


def true_similarity(first: str, second: str, size: int = 5) -> float:
    """Jaccard of the sets of all stretches of five letters, compared in full."""
    a, b = ({text[i : i + size] for i in range(len(text) - size + 1)} for text in (first, second))
    return len(a & b) / len(a | b)


def garbled(text: str, changes: int, draws: random.Random) -> str:
    letters = list(text)
    for place in draws.sample(range(len(letters)), changes):
        letters[place] = draws.choice("xyzqw")
    return "".join(letters)


def families(count: int, seed: int) -> list[str]:
    """Sentences of random letters, each followed by versions of it with 1 to 12 letters changed."""
    draws = random.Random(seed)
    texts = []
    for _ in range(count):
        first = "".join(draws.choices("abcdefghijklmnop ", k=200)).strip().replace("  ", " u")
        texts += [first, *(garbled(first, changes, draws) for changes in (1, 4, 12))]
    return texts


def test_a_dropped_text_is_alike_and_a_kept_one_is_not_by_comparing_all_pairs() -> None:
    texts = families(30, seed=1)
    found = near_duplicates(texts, threshold=0.7)
    for duplicate in found.duplicates:
        true = true_similarity(texts[duplicate.index], texts[duplicate.of])
        assert duplicate.similarity == pytest.approx(true, abs=FOUR_DEVIATIONS)
    alike = [(a, b) for a in found.kept for b in found.kept if b < a and true_similarity(texts[a], texts[b]) > 0.9]
    assert alike == []
    assert {f * 4 for f in range(30)} <= set(found.kept)  # the first of each family
    assert {f * 4 + 1 for f in range(30)} <= {d.index for d in found.duplicates}  # one letter: about 0.95
    assert {f * 4 + 3 for f in range(30)} <= set(found.kept)  # twelve: about 0.5


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=12), st.sampled_from(list(UNITS)), st.sampled_from([0.5, 0.8, 1.0]))
def test_all_texts_are_shared_out_and_each_duplicate_points_to_an_earlier_kept_one(
    texts: list[str], unit: str, threshold: float
) -> None:
    for found in (exact_duplicates(texts), near_duplicates(texts, threshold, unit)):
        assert sorted([*found.kept, *(d.index for d in found.duplicates)]) == list(range(len(texts)))
        assert all(d.of in found.kept and d.of < d.index and d.similarity >= threshold for d in found.duplicates)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([SENTENCE, "Yes.", "", "词典", "\ud800"]), max_size=8))
def test_equal_texts_are_always_found(texts: list[str]) -> None:
    once = tuple(texts.index(text) for text in dict.fromkeys(texts))
    assert exact_duplicates(texts).kept == once
    assert near_duplicates(texts).kept == once


def test_case_space_and_unicode_form_do_not_count_and_a_letter_does() -> None:
    texts = ["Straße  ", "STRASSE", "Cafe\u0301", "café", "cafe"]
    assert exact_duplicates(texts) == Deduplicated((0, 2, 4), (Duplicate(1, 0, 1.0), Duplicate(3, 2, 1.0)))
    assert normalized("\u3000a\n\nB\t") == "a b"


def test_a_text_belongs_to_the_most_similar_of_the_kept() -> None:
    one, other = SENTENCE, SENTENCE.replace("dark green forest", "wide yellow field by the river")
    found = near_duplicates([one, other, other + "!"], threshold=0.8)
    assert found.kept == (0, 1)
    assert [(d.index, d.of) for d in found.duplicates] == [(2, 1)]


def test_a_chinese_text_with_one_character_changed_is_found_by_characters_and_never_by_words() -> None:
    text = (
        "模型在训练时只从助手的回复中学习,用户的问题只是上下文,不计入损失,"
        "所以标签要设为忽略,平均值也只除以被监督的词元数。"
    )
    texts = [text, text.replace("平均值", "平均数")]
    assert true_similarity(*texts) > 0.8
    assert near_duplicates(texts, 0.7).kept == (0,)
    assert near_duplicates(texts, 0.7, "word").kept == (0, 1)


def test_shingles_and_jaccard_by_hand() -> None:
    assert shingles("Ab cd", size=3) == {"ab ", "b c", " cd"}
    assert shingles("one two three four", "word") == {"one two three", "two three four"}
    assert shingles("ab") == {"ab"}
    assert jaccard(frozenset("abcd"), frozenset("cdef")) == pytest.approx(2 / 6)
    assert jaccard(frozenset(), frozenset()) == 1.0


def test_the_chance_of_a_comparison_is_how_often_datasketch_offers_a_pair_of_that_similarity() -> None:
    """Sets of 90 that share 70: 70 / 110. Of 200 such pairs, each with permutations of its own."""
    index, offered = MinHashLSH(threshold=0.6, num_perm=PERMUTATIONS), 0
    for seed in range(200):
        first, second = MinHash(num_perm=PERMUTATIONS, seed=seed), MinHash(num_perm=PERMUTATIONS, seed=seed)
        first.update_batch([str(i).encode() for i in range(90)])
        second.update_batch([str(i).encode() for i in range(20, 110)])
        index.insert(seed, first)
        offered += seed in index.query(second)
        index.remove(seed)
    chance = chance_of_comparison(70 / 110, threshold=0.6)
    assert 0.2 < chance < 0.9
    assert offered / 200 == pytest.approx(chance, abs=0.1)


def test_the_chance_rises_with_similarity_from_none_to_certain() -> None:
    chances = [chance_of_comparison(s / 20) for s in range(21)]
    assert chances == sorted(chances)
    assert (chances[0], chances[-1]) == (0, 1)


REFUSED = {
    "an unknown unit": (lambda: shingles("a", "token"), "unit 'token' is unknown; use one of character, word"),
    "empty shingles": (lambda: shingles("a", size=0), "shingles of 0 characters are empty"),
    "a threshold of nothing": (lambda: near_duplicates([], 0.0), "threshold 0.0 is no similarity"),
    "more than the same": (lambda: chance_of_comparison(0.5, 1.1), "threshold 1.1 is no similarity"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_words(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()
