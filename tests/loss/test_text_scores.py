"""Text scores by hand and against NLTK; the libraries' traps with Chinese and with short texts."""

import math

import pytest
from nltk.translate.bleu_score import corpus_bleu
from rouge_score.rouge_scorer import RougeScorer

from sftviz.loss.text_scores import (
    BLEU_TOKENIZERS,
    ROUGE_TOKENIZERS,
    Rouge,
    bleu,
    rouge,
    token_f1,
    words_and_characters,
)

ANSWERS = ["the cat sat on the mat by the door", "a dog ran over the green field today"]
REFERENCES = [
    ["the cat sat on a mat near the door", "the cat lay on the mat by the open door"],
    ["a dog ran across the green field today"],
]


def test_words_of_any_alphabet_and_chinese_by_characters() -> None:
    assert words_and_characters("GPT-4, 我喜欢 Café!") == ["gpt", "4", "我", "喜", "欢", "café"]
    assert words_and_characters("Привет, мир") == ["привет", "мир"]
    assert words_and_characters("한국어 책") == ["한국어", "책"]
    assert words_and_characters("हिन्दी ไทย") == ["हिन्दी", "ไ", "ท", "ย"]
    assert words_and_characters("_ 。！ \n") == []


# BLEU


def test_bleu_is_nltks_on_a_corpus_with_several_references() -> None:
    split = [text.split() for text in ANSWERS]
    theirs = corpus_bleu([[text.split() for text in row] for row in REFERENCES], split)
    assert bleu(ANSWERS, REFERENCES).score == pytest.approx(100 * theirs)


def test_bleu_by_hand() -> None:
    """Six of seven words, 5 of 6 pairs, 4 of 5, 3 of 4; the reference is one word longer."""
    found = bleu(["a b c d e f x"], [["a b c d e f g h"]], tokenizer="none")
    assert found.precisions == pytest.approx((600 / 7, 500 / 6, 80, 75))
    assert found.brevity_penalty == pytest.approx(math.exp(1 - 8 / 7))
    assert found.score == pytest.approx(100 * math.exp(1 - 8 / 7) * (6 / 7 * 5 / 6 * 4 / 5 * 3 / 4) ** 0.25)


def test_three_words_all_right_are_100_and_the_signature_says_how() -> None:
    found = bleu(["a b c"], [["a b c"]])
    assert found.score == pytest.approx(100)
    assert "eff:yes" in found.signature
    assert "tok:13a" in found.signature


def test_an_empty_answer_is_0() -> None:
    assert bleu([""], [["a b c"]]).score == 0.0


def test_chinese_is_one_word_to_13a_and_four_to_zh() -> None:
    """By characters 3/4, 2/3 and 1/2, and 0 of 1 smoothed to 1/2."""
    assert bleu(["我喜欢猫"], [["我喜欢狗"]], "zh").score == pytest.approx(
        100 * (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25
    )
    assert bleu(["我喜欢猫"], [["我喜欢狗"]], "13a").precisions[0] < 100  # one word, and it is wrong
    assert bleu(["我喜欢猫。"], [["我喜欢猫。"]], "zh").score == pytest.approx(100)


@pytest.mark.parametrize("tokenizer", BLEU_TOKENIZERS)
def test_every_bleu_tokenizer_works_without_a_network_and_finds_equal_texts_equal(tokenizer: str) -> None:
    text = "A cat sat on 两只 mats, by the door; 它很高兴。"
    found = bleu([text], [[text]], tokenizer)
    assert found.score == pytest.approx(100)
    assert f"tok:{tokenizer}" in found.signature


# ROUGE


def test_rouge_by_hand() -> None:
    """the cat sat / the cat was here: 2 of 3 and of 4 words, 1 of 2 and of 3 pairs, "the cat" in order."""
    found = rouge("The cat sat.", "the cat was here")
    assert found["rouge1"] == Rouge(2 / 3, 2 / 4, pytest.approx(4 / 7))
    assert found["rouge2"] == Rouge(1 / 2, 1 / 3, pytest.approx(2 / 5))
    assert found["rougeL"] == Rouge(2 / 3, 2 / 4, pytest.approx(4 / 7))


def test_rouge_l_wants_the_order_and_rouge_1_does_not() -> None:
    found = rouge("c b a", "a b c")
    assert (found["rouge1"].f1, found["rougeL"].f1) == pytest.approx((1, 1 / 3))


@pytest.mark.parametrize("tokenizer", ROUGE_TOKENIZERS)
def test_on_english_both_tokenizers_are_rouge_scores_own(tokenizer: str) -> None:
    answer, reference = ANSWERS[0] + ", it's 3.5!", REFERENCES[0][1]
    theirs = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(reference, answer)
    found = rouge(answer, reference, tokenizer)
    assert {name: (s.precision, s.recall, s.f1) for name, s in found.items()} == {
        k: tuple(v) for k, v in theirs.items()
    }


def test_rouge_score_gives_equal_chinese_texts_0_and_ours_1() -> None:
    theirs = RougeScorer(["rouge1"]).score("我喜欢猫", "我喜欢猫")
    assert theirs["rouge1"].fmeasure == 0
    assert {s.f1 for s in rouge("我喜欢猫", "我喜欢猫").values()} == {1.0}
    assert rouge("我喜欢猫", "我喜欢狗")["rouge1"].f1 == pytest.approx(3 / 4)


def test_an_empty_answer_has_rouge_0() -> None:
    assert {s.f1 for s in rouge("", "the cat").values()} == {0.0}


# token F1


def test_token_f1_by_hand() -> None:
    """Articles and punctuation go: {cat, sat, down} and {cat, sat}: 2/3 and 2/2."""
    assert token_f1(["The cat, sat down!"], [["a cat sat"]]).f1 == pytest.approx(80, abs=1e-4)
    assert token_f1(["cat cat dog"], [["cat dog dog"]]).f1 == pytest.approx(200 / 3, abs=1e-4)  # bags: 2 in common


def test_the_best_reference_counts_and_answers_are_averaged() -> None:
    found = token_f1(["the Cat", "blue"], [["dog", "cat", "cat dog"], ["red"]])
    assert (found.f1, found.exact_match) == (50.0, 50.0)


def test_a_chinese_sentence_is_all_or_nothing_unless_its_characters_are_read() -> None:
    assert token_f1(["我喜欢猫"], [["我喜欢狗"]]).f1 == 0
    assert token_f1(["我喜欢猫。"], [["我喜欢狗"]], characters=True).f1 == pytest.approx(75)


def test_no_answer_is_right_where_there_is_none() -> None:
    assert token_f1(["", ""], [[""], ["a cat"]]).f1 == 50.0


# refused

REFUSED = {
    "no answers": (lambda: bleu([], []), "0 answers"),
    "one reference list for two": (lambda: token_f1(["a", "b"], [["a"]]), "2 answers and 1 lists"),
    "no reference": (lambda: token_f1(["a"], [[]]), "answer 0 has no reference"),
    "a text for a list": (lambda: bleu("a b", [["a b"]]), "a text stands where a list"),
    "a text for references": (lambda: token_f1(["a b"], ["a b"]), "a text stands where a list"),
    "empty reference, BLEU": (lambda: bleu(["a", "b"], [["a"], [" "]]), "references of answer 1.*BLEU is 0/0"),
    "empty reference, ROUGE": (lambda: rouge("a", "。"), "references of answer 0.*ROUGE is 0/0"),
    "BLEU tokenizer": (lambda: bleu(["a"], [["a"]], "ja-mecab"), "'ja-mecab' is unknown; use one of 13a, zh"),
    "ROUGE tokenizer": (lambda: rouge("a", "a", "characters"), "'characters' is unknown; use one of words, google"),
    "Chinese for google": (lambda: rouge("GPT 好", "GPT", "google"), "the answer has '好'.*keeps nothing"),
    "Cyrillic for google": (lambda: rouge("GPT", "GPT мир", "google"), "the reference has 'мир'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_number_is_refused(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()
