"""The same text, asked in four ways: what is read, what is asked for, and who may look at whom."""

from dataclasses import dataclass

import streamlit as st
import torch
from torch import Tensor

from sftviz import assets
from sftviz.attention import causal, full, prefix
from sftviz.chat.tokenizers import Tokenizer, load_tokenizer
from sftviz.figures.cells import Cells, token_rows
from sftviz.figures.objectives import (
    may_attend_picture,
)
from sftviz.loss import IGNORE
from sftviz.loss.objectives import OBJECTIVES, Example, Lane, Objective, Vocabulary, asked_count, lanes
from sftviz.ui.components.bounded import fits
from sftviz.ui.components.linked import linked
from sftviz.ui.language import explained, t, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.theme import show, theme

SENTENCE = "A river is a large natural body of fresh water."
TOKENS = 20
LONGEST = 20_000  # characters
SENTINELS = 8
PARTS = "₁₂₃₄₅₆₇₈"


@dataclass(frozen=True)
class Shown:
    """The text of the page: what to show of each token, and the ids that stand for other things than text."""

    texts: list[str]
    tokenizer: Tokenizer
    vocabulary: Vocabulary


@fragment
def four_ways() -> None:
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    with left:
        text = st.text_input(t("ui.common.text"), linked("objectives_text", SENTENCE), key="objectives_text")
    with right:
        if st.button(t("ui.four_ways.draw_again"), key="objectives_draw", width="stretch"):
            st.session_state.objectives_seed = _seed() + 1
    if not fits(text, LONGEST):
        return
    shown, count = _shown(text, load_tokenizer(assets.TOKENIZER))
    if count < 2:
        st.info(t("ui.four_ways.too_short"))
        return
    if count > TOKENS:
        st.caption(t("ui.common.first_tokens", shown=TOKENS, count=count))
    for row in OBJECTIVES.values():
        _objective(row, shown)
    st.caption(t("ui.four_ways.legend"))


def _seed() -> int:
    return st.session_state.get("objectives_seed", 1)


def _shown(text: str, tokenizer: Tokenizer) -> tuple[Shown, int]:
    """The text's first tokens, and how many it has. The bytes of one character are numbered."""
    encoded = tokenizer.encode(text)
    ranges = list(zip(encoded.starts[:TOKENS].tolist(), encoded.ends[:TOKENS].tolist(), strict=True))
    texts = []
    for at, (start, end) in enumerate(ranges):
        part = PARTS[(at - ranges.index((start, end))) % len(PARTS)] if ranges.count((start, end)) > 1 else ""
        texts.append(text[start:end] + part)
    control = [at for at, token in enumerate(encoded.ids[:TOKENS].tolist()) if token in tokenizer.control_ids]
    return Shown(texts, tokenizer, Vocabulary.extended(len(tokenizer), SENTINELS, control)), len(encoded)


def _objective(row: Objective, shown: Shown) -> None:
    # A token is known by its place, not its id: a word that comes twice is two tokens
    count = len(shown.texts)
    made = _drawn(row, count, shown.vocabulary)
    stacks = lanes(row.asks, made, start_id=shown.vocabulary.size)
    asked = asked_count(stacks, shown.vocabulary)
    st.markdown(
        t(
            "ui.four_ways.asks",
            title=words_of("objective", row),
            share=f"{asked / count:.0%}",
            asked=asked,
            count=count,
            attention=words_of("objective", row, "attention"),
        ),
        help=explained("objective", row) + f"  \n${row.formula}$",
    )
    prefix_length = int((made.labels == IGNORE).sum()) if row.name == "prefix_lm" else 0
    left, right = st.columns([9, 1], vertical_alignment="center")
    with left:
        cells = [one for lane in stacks for one in _cells(lane, row.asks, prefix_length, shown)]
        show(token_rows(cells, theme()), f"rows_{row.name}")
    with right:
        may_attend = _may_attend(row.name, prefix_length, [len(lane.read) for lane in stacks])
        show(may_attend_picture(may_attend.tolist(), theme()), f"attention_{row.name}")


def _drawn(row: Objective, count: int, vocabulary: Vocabulary) -> Example:
    """What the objective makes of the text; drawn again where, of a text so short, it happened to ask for nothing."""
    first, *others = (torch.Generator().manual_seed(_seed() + again) for again in range(20))
    made = row.make(torch.arange(count), vocabulary, first)
    again = (row.make(torch.arange(count), vocabulary, generator) for generator in others)
    return next((one for one in (made, *again) if (one.labels != IGNORE).any()), made)


def _cells(lane: Lane, asks: str, prefix_length: int, shown: Shown) -> list[Cells]:
    read = [_read(at, place, asks, prefix_length, shown) for at, place in enumerate(lane.read.tolist())]
    found = [Cells(t(f"ui.four_ways.{lane.stack}_reads"), [text for text, _ in read], [kind for _, kind in read])]
    if lane.stack != "encoder":
        targets = ["" if place == IGNORE else _named(place, shown) for place in lane.asked.tolist()]
        found.append(Cells(t("ui.four_ways.is_asked"), targets, ["asked for"] * len(targets)))
    return found


def _read(at: int, place: int, asks: str, prefix_length: int, shown: Shown) -> tuple[str, str]:
    """What to show of a token that is read at a position, and which of the figure's kinds it is."""
    if place == shown.vocabulary.mask_id or place in shown.vocabulary.sentinels:
        return _named(place, shown), "hidden"
    if asks == "own" and place != at:
        return _decoded(place, shown), "random token"
    return _named(place, shown), "read both ways" if at < prefix_length else "text"


def _named(place: int, shown: Shown) -> str:
    if place < len(shown.texts):
        return shown.texts[place]
    if place in shown.vocabulary.sentinels:
        return f"‹{shown.vocabulary.sentinels.index(place) + 1}›"
    return t("ui.four_ways.hidden") if place == shown.vocabulary.mask_id else t("ui.four_ways.start")


def _decoded(token_id: int, shown: Shown) -> str:
    if token_id >= len(shown.tokenizer):
        return _named(token_id, shown)
    return shown.tokenizer.bytes_of(token_id).decode(errors="backslashreplace")


def _may_attend(name: str, prefix_length: int, lengths: list[int]) -> Tensor:
    """Who sees whom. An encoder and its decoder in one row are a prefix and what follows it."""
    whole = sum(lengths)
    if name == "masked_lm":
        return full(whole)
    if name == "span_corruption":
        return prefix(whole, lengths[0])
    return prefix(whole, prefix_length) if prefix_length else causal(whole)
