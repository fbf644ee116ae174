"""Texts instead of probabilities: BLEU, ROUGE and token F1, by the libraries that papers use, with Chinese made right.

The libraries are imported where they are used: together they take seconds, and most pages need none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import regex

BLEU_TOKENIZERS = {
    "13a": "mteval-v13a, the usual one: splits punctuation off; a Chinese sentence stays one word",
    "zh": "every Chinese character alone, the rest as 13a",
    "intl": "by Unicode's punctuation and symbols, mteval-v14",
    "char": "every character alone, whatever the language",
    "none": "at spaces only: for text that is tokenized already",
}

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"  # written without spaces
WORD = regex.compile(rf"[{UNSPACED}]\p{{M}}*|(?:(?![{UNSPACED}])[\p{{L}}\p{{M}}\p{{N}}])+")


@dataclass(frozen=True)
class Bleu:
    """score 0 to 100, precisions of n-grams 1 to 4 in percent, and sacrebleu's signature: what to cite."""

    score: float
    precisions: tuple[float, ...]
    brevity_penalty: float
    signature: str


@dataclass(frozen=True)
class Rouge:
    """Share of the answer found in the reference, the other way round, and their harmonic mean; 0 to 1."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class TokenF1:
    """0 to 100, mean over the answers; each takes its best reference."""

    f1: float
    exact_match: float


def words_and_characters(text: str) -> list[str]:
    """Lower-case words of any alphabet, characters alone where a script has no spaces (Chinese); no punctuation.

    >>> words_and_characters("Ein Café, GPT-4 很好。")
    ['ein', 'café', 'gpt', '4', '很', '好']
    """
    return WORD.findall(text.lower())


def bleu(answers: Sequence[str], references: Sequence[Sequence[str]], tokenizer: str = "13a") -> Bleu:
    """BLEU over all answers together: N answers, 1 or more references for each.

    Geometric mean of the n-gram precisions, times a penalty for being short; n-grams are counted over the corpus, so it
    is not the mean of the sentences' scores. Orders no answer is long enough for are left out (sacrebleu's
    effective_order): otherwise three words, all right, score 0. Papineni et al. 2002; Post 2018 (sacrebleu).

    >>> round(bleu(["我喜欢猫"], [["我喜欢狗"]], tokenizer="zh").score, 2)  # 3/4, 2/3, 1/2, and 0/1 smoothed to 1/2
    59.46
    """
    from sacrebleu.metrics.bleu import BLEU

    if tokenizer not in BLEU_TOKENIZERS:
        raise ValueError(f"BLEU tokenizer {tokenizer!r} is unknown; use one of {', '.join(BLEU_TOKENIZERS)}")
    _check_texts(answers, references)
    _check_something("BLEU", references, str.strip)
    most = max(len(row) for row in references)
    # sacrebleu wants the first references of all, then the second of all; None where an answer has no such
    streams: Any = [[row[i] if i < len(row) else None for row in references] for i in range(most)]
    metric = BLEU(tokenize=tokenizer, effective_order=True)
    found = metric.corpus_score(list(answers), streams)
    return Bleu(found.score, tuple(found.precisions), found.bp, str(metric.get_signature()))


def rouge(answer: str, reference: str, tokenizer: str = "words") -> dict[str, Rouge]:
    """ROUGE-1, ROUGE-2 and ROUGE-L (longest common subsequence) of one answer, without stemming.

    "words" reads any language, Chinese by characters; "google" is rouge-score's own, for numbers as in English papers:
    it drops every letter but a to z, so two equal Chinese texts would score 0. Texts with such words are refused.
    Lin 2004.

    >>> rouge("猫坐在那里", "猫在那里")["rougeL"]
    Rouge(precision=0.8, recall=1.0, f1=0.888888888888889)
    """
    from rouge_score.rouge_scorer import RougeScorer  # pyright: ignore[reportMissingTypeStubs]

    if tokenizer not in ROUGE_TOKENIZERS:
        raise ValueError(f"ROUGE tokenizer {tokenizer!r} is unknown; use one of {', '.join(ROUGE_TOKENIZERS)}")
    _check_something("ROUGE", [[reference]], words_and_characters)
    if tokenizer == "google":
        _check_latin("answer", answer)
        _check_latin("reference", reference)
    scorer: Any = RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=ROUGE_TOKENIZERS[tokenizer]())
    found = scorer.score(target=reference, prediction=answer)
    return {name: Rouge(float(s.precision), float(s.recall), float(s.fmeasure)) for name, s in found.items()}


def token_f1(answers: Sequence[str], references: Sequence[Sequence[str]], characters: bool = False) -> TokenF1:
    """SQuAD's token F1 and exact match: lower case, without punctuation and a, an, the; words as a bag.

    N answers, 1 or more references for each. Words are what stands between spaces, so a Chinese sentence is one word,
    all or nothing; characters=True puts spaces round its characters first (CMRC 2018). An empty answer is right where
    the reference is empty. Rajpurkar et al. 2016; by torchmetrics.

    >>> token_f1(["the cat sat"], [["a cat ran"]])  # cat, sat against cat, ran
    TokenF1(f1=50.0, exact_match=0.0)
    """
    from torchmetrics.functional.text import squad

    _check_texts(answers, references)
    split: Callable[[str], str] = (lambda text: " ".join(words_and_characters(text))) if characters else str
    found = squad(
        [{"id": str(i), "prediction_text": split(text)} for i, text in enumerate(answers)],
        [
            {"id": str(i), "answers": {"answer_start": [0] * len(row), "text": [split(text) for text in row]}}
            for i, row in enumerate(references)
        ],
    )
    return TokenF1(float(found["f1"]), float(found["exact_match"]))


class _Words:
    """What rouge-score asks of a tokenizer."""

    def tokenize(self, text: str) -> list[str]:
        return words_and_characters(text)


ROUGE_TOKENIZERS: dict[str, Callable[[], _Words | None]] = {"words": _Words, "google": lambda: None}


def _check_latin(name: str, text: str) -> None:
    for word in words_and_characters(text):
        if not any(letter.isascii() for letter in word):
            raise ValueError(f"the {name} has {word!r}, of which the tokenizer 'google' keeps nothing; use 'words'")


def _check_something(score: str, references: Sequence[Sequence[str]], read: Callable[[str], object]) -> None:
    for i, row in enumerate(references):
        if not any(read(text) for text in row):
            raise ValueError(f"the references of answer {i} hold no word, so {score} is 0/0; give a text")


def _check_texts(answers: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if isinstance(answers, str) or any(isinstance(row, str) for row in references):
        raise ValueError("a text stands where a list of texts belongs; give [answer, …] and [[reference, …], …]")
    if len(answers) != len(references) or not answers:
        raise ValueError(
            f"{len(answers)} answers and {len(references)} lists of references: give one each, at least one"
        )
    for i, row in enumerate(references):
        if not row:
            raise ValueError(f"answer {i} has no reference; give at least one text")
