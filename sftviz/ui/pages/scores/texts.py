"""Whole texts beside a reference: what counting words sees, and what it does not."""

import streamlit as st

from sftviz.figures.scores import TextScore, text_score_bars
from sftviz.loss.text_scores import BLEU_TOKENIZERS, bleu, rouge, token_f1
from sftviz.ui.components.bounded import fits
from sftviz.ui.lab import beside
from sftviz.ui.language import named, t
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Switch, Text, table
from sftviz.ui.theme import show, theme

LONGEST = 4000  # characters of a text that is compared
# Reference, candidate 1, candidate 2
EXAMPLES = {
    "paraphrase": (
        "The drug is safe for children.",
        "Kids can take this medicine without harm.",
        "The drug is not safe for children.",
    ),
    "chinese": (
        "这种药对儿童是安全的。",
        "小朋友服用此药没有危险。",
        "这种药对儿童是不安全的。",
    ),
    "bites": ("The dog bites the man.", "A man gets bitten by a dog.", "The man bites the dog."),
}
NAMES = ("text_reference", "text_candidate_1", "text_candidate_2")
BOXES = tuple(Text(name, text) for name, text in zip(NAMES, EXAMPLES["paraphrase"], strict=True))
TOKENIZER = Choice("text_tokenizer", next(iter(BLEU_TOKENIZERS)), tuple(BLEU_TOKENIZERS))
CHARACTERS = Switch("text_characters", False)
KNOBS = table(*BOXES, TOKENIZER, CHARACTERS)


@fragment
def texts() -> None:
    st.header(t("ui.scores.texts"), anchor=False)
    st.write(t("ui.scores.texts_intro"))
    left, right = beside("texts_texts")
    with left:
        for name in EXAMPLES:
            said = t(f"ui.scores.example_{name}")
            st.button(said, key=f"example_{name}", on_click=_load, args=(name,), width="stretch")
        labels = (t("ui.scores.reference"), t("ui.scores.candidate_1"), t("ui.scores.candidate_2"))
        reference, *candidates = (box.area(label, height=72) for label, box in zip(labels, BOXES, strict=True))
        tokenizer = TOKENIZER.selectbox(t("ui.scores.bleu_tokenizer"), _tokenizer_title)
        characters = CHARACTERS.checkbox(t("ui.scores.by_characters"))
    with right:
        if not all(fits(text, LONGEST) for text in (reference, *candidates)):
            return
    try:
        found = [_scored(candidate, reference, tokenizer, characters) for candidate in candidates]
        signature = bleu([candidates[0]], [[reference]], tokenizer).signature
    except ValueError as error:
        right.text(str(error))
        return
    with right:
        show(text_score_bars(dict(zip(labels[1:], found, strict=True)), theme()), "text_scores")
        st.caption(t("ui.scores.texts_legend"))
        st.caption(t("ui.scores.bleu_signature", signature=f"`{signature}`"))


def _load(example: str) -> None:
    for box, text in zip(BOXES, EXAMPLES[example], strict=True):
        box.put(text)


def _tokenizer_title(name: str) -> str:
    return f"{name}: {named('bleu_tokenizer', name, BLEU_TOKENIZERS[name])}"


def _scored(candidate: str, reference: str, tokenizer: str, characters: bool) -> dict[str, TextScore]:
    rouges = rouge(candidate, reference)
    return {
        "BLEU": TextScore(bleu([candidate], [[reference]], tokenizer).score, 100),
        "ROUGE-1": TextScore(rouges["rouge1"].f1, 1),
        "ROUGE-2": TextScore(rouges["rouge2"].f1, 1),
        "ROUGE-L": TextScore(rouges["rougeL"].f1, 1),
        "token F1": TextScore(token_f1([candidate], [[reference]], characters).f1, 100),
    }
