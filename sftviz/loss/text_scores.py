"""Scores of generated text against references, by the libraries that papers use: BLEU, ROUGE, token F1."""
# pyright: basic
# (none of the three ships types)

from collections.abc import Sequence
from typing import Any

import sacrebleu
from rouge_score import rouge_scorer
from torchmetrics.functional.text import squad

BLEU_TOKENIZERS = ("13a", "zh", "char", "none")
ROUGES = ("rouge1", "rouge2", "rougeL")


def bleu(predictions: Sequence[str], references: Sequence[str], tokenize: str = "13a") -> float:
    """Corpus BLEU by sacrebleu, 0 to 100. "zh" cuts Chinese into characters; 13a would take a sentence for one word.

    Papineni et al. 2002; Post 2018.

    >>> round(bleu(["the cat sat on the mat"], ["the cat sat on the mat"]), 6)
    100.0
    """
    _check(predictions, references)
    if tokenize not in BLEU_TOKENIZERS:
        raise ValueError(f"BLEU tokenizer {tokenize!r} is unknown; use one of {', '.join(BLEU_TOKENIZERS)}")
    return float(sacrebleu.corpus_bleu(list(predictions), [list(references)], tokenize=tokenize).score)


class _Characters:
    """Every character but spaces is a token: what ROUGE needs for Chinese, which its own tokenizer throws away."""

    def tokenize(self, text: str) -> list[str]:
        return [character for character in text if not character.isspace()]


def rouge(prediction: str, reference: str, *, characters: bool = False) -> dict[str, float]:
    """F1 of ROUGE-1, ROUGE-2 and ROUGE-L by rouge-score, 0 to 1. Lin 2004.

    rouge-score keeps a-z and 0-9 only: a Chinese text scores 0 against itself unless characters are compared.

    >>> rouge("the cat sat", "the cat ran")["rouge1"]
    0.6666666666666666
    """
    tokenizer: Any = _Characters() if characters else None
    scorer = rouge_scorer.RougeScorer(list(ROUGES), use_stemmer=False, tokenizer=tokenizer)
    return {name: float(score.fmeasure) for name, score in scorer.score(reference, prediction).items()}


def token_f1(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """SQuAD's F1 over words and exact match by torchmetrics, 0 to 100, articles and punctuation left out.

    Words are split at spaces, so a Chinese answer is one word. Rajpurkar et al. 2016.

    >>> token_f1(["the cat sat"], ["a cat ran"])  # "cat" of two words each
    {'exact_match': 0.0, 'f1': 50.0}
    """
    _check(predictions, references)
    answers = [{"prediction_text": text, "id": str(i)} for i, text in enumerate(predictions)]
    wanted: list[Any] = [
        {"answers": {"answer_start": [0], "text": [text]}, "id": str(i)} for i, text in enumerate(references)
    ]
    return {name: float(value) for name, value in squad(answers, wanted).items()}


def _check(predictions: Sequence[str], references: Sequence[str]) -> None:
    if len(predictions) != len(references) or not predictions:
        raise ValueError(f"{len(predictions)} predictions and {len(references)} references: give as many, at least one")
