"""The shift, by hand: move labels against tokens; what every position is asked for, and what it costs."""

import streamlit as st
import torch
import torch.nn.functional as F

from sftviz import assets
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.figures.cells import Cells, alignment
from sftviz.loss import IGNORE, reduce_nll, token_nll
from sftviz.model import load_model
from sftviz.supervision.labels import shifted
from sftviz.ui.components.bounded import fits
from sftviz.ui.components.facts import facts
from sftviz.ui.components.linked import linked, linked_choice
from sftviz.ui.language import t
from sftviz.ui.piece import fragment
from sftviz.ui.theme import show, theme

MODEL = "sftviz/tiny-base"
TEXT = "A sea is a large natural body of water."
LONGEST = 16  # tokens
LONGEST_TEXT = 20_000  # characters
SHIFTS = (0, 1, 2)  # tokens to the left

# token_nll shifts by one itself: the labels come moved by the rest
MOVED = {0: lambda ids: F.pad(ids[:, :-1], (1, 0), value=IGNORE), 1: torch.clone, 2: shifted}


@fragment
def lab() -> None:
    text = st.text_input(t("ui.common.text"), linked("shift_text", TEXT), key="shift_text")
    shift = st.segmented_control(
        t("ui.next_token.shift"),
        list(SHIFTS),
        default=linked_choice("shift_by", list(SHIFTS), 1),
        format_func=lambda by: t(f"ui.next_token.by_{by}"),
        key="shift_by",
        required=True,
    )
    st.write(t(f"ui.next_token.meaning_{shift}"))
    if not fits(text, LONGEST_TEXT):
        return
    tokens = load_tokenizer(assets.TOKENIZER).encode(text)
    ranges = list(zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True))[:LONGEST]
    if len(ranges) < 3:
        st.info(t("ui.next_token.too_short"))
        return
    if len(tokens) > LONGEST:
        st.caption(t("ui.common.first_tokens", shown=LONGEST, count=len(tokens)))
    ids = torch.from_numpy(tokens.ids[:LONGEST])[None]
    labels = MOVED[shift](ids)
    nll = token_nll(_logits(tuple(ids[0].tolist())), labels)
    asked = (labels[0, 1:] != IGNORE).tolist()
    texts = [text[start:end] for start, end in ranges]
    _drawn(texts, [texts[at + shift] if yes else "" for at, yes in enumerate(asked)], nll[0].tolist())
    left, right = st.columns(2)
    with left:
        facts({t("ui.next_token.positions_asked"): t("ui.common.count_of", asked=sum(asked), all=len(ranges))})
    with right:
        facts({t("ui.next_token.loss"): f"{float(reduce_nll(nll, labels)):.3f} nats"})


def _drawn(texts: list[str], compared: list[str], costs: list[float]) -> None:
    rows = [
        Cells(t("ui.next_token.just_read"), texts, ["text"] * len(texts)),
        Cells(t("ui.next_token.is_asked"), compared, ["asked for"] * len(compared)),
    ]
    asked = [cost if text else None for text, cost in zip(compared, costs, strict=True)]
    show(alignment(rows, asked, theme()), "shift_alignment")


@st.cache_data(show_spinner=False, max_entries=64)
def _logits(ids: tuple[int, ...]) -> torch.Tensor:
    with torch.no_grad():
        return load_model(MODEL)(torch.tensor([ids])).logits
