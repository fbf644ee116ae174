"""Text scores through their libraries: published examples, Chinese, and what each leaves out."""

import pytest

from sftviz.loss.text_scores import bleu, rouge, token_f1


def test_bleu_of_the_papers_example() -> None:
    """Papineni et al. 2002: a clipped unigram precision of 2/7 and no bigram leaves next to nothing."""
    assert bleu(["the the the the the the the"], ["The cat is on the mat."]) < 10
    assert bleu(["The cat is on the mat."], ["The cat is on the mat."]) == pytest.approx(100)


def test_chinese_needs_characters() -> None:
    sentence, near = "猫坐在垫子上面。", "猫坐在椅子上面。"
    assert bleu([near], [sentence], tokenize="zh") > 30
    assert bleu([near], [sentence], tokenize="13a") < 1e-6
    assert rouge(near, sentence)["rouge1"] == 0
    assert rouge(near, sentence, characters=True)["rouge1"] == pytest.approx(7 / 8)
    assert rouge(sentence, sentence, characters=True)["rougeL"] == 1


def test_rouge_l_counts_the_longest_common_subsequence() -> None:
    """Lin 2004, example: "police killed the gunman" against "police kill the gunman" and "the gunman kill police"."""
    assert rouge("police kill the gunman", "police killed the gunman")["rougeL"] == pytest.approx(3 / 4)
    assert rouge("the gunman kill police", "police killed the gunman")["rougeL"] == pytest.approx(2 / 4)


def test_f1_leaves_out_articles_case_and_punctuation() -> None:
    assert token_f1(["The Eiffel Tower!"], ["eiffel tower"]) == {"exact_match": 100.0, "f1": 100.0}
    assert token_f1(["big dog barks"], ["big dog"])["f1"] == pytest.approx(100 * 2 * (2 / 3) * 1 / (2 / 3 + 1))


def test_what_cannot_be_scored_is_named() -> None:
    with pytest.raises(ValueError, match="1 predictions and 2 references"):
        bleu(["a"], ["a", "b"])
    with pytest.raises(ValueError, match="0 predictions"):
        token_f1([], [])
    with pytest.raises(ValueError, match="'mecab' is unknown"):
        bleu(["a"], ["a"], tokenize="mecab")
