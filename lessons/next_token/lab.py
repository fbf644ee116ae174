"""Three apprentices: drag the labels under the text; what a model pays, and what a table trained on it writes."""

import streamlit as st
import torch

from sftviz import assets
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.model import load_model
from sftviz.training.tables import shifted_costs, trained_table
from sftviz.ui.components.apprentices import Taught, apprentices
from sftviz.ui.components.bounded import fits
from sftviz.ui.language import t
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Text, table

MODEL = "sftviz/tiny-base"
SHIFTS = (-1, 0, 1, 2)  # tokens to the left
TYPED = Text("shift_text", "A sea is a large natural body of water.")
SHIFT: Choice[int] = Choice("shift_by", -1, SHIFTS)  # opens where no answer is given away
KNOBS = table(TYPED, SHIFT)
LONGEST = 16  # tokens
LONGEST_TEXT = 20_000  # characters


@fragment
def lab() -> None:
    shift = SHIFT.value()
    drawn = st.container()
    text = TYPED.text(t("ui.next_token.own_sentence"))
    if not fits(text, LONGEST_TEXT):
        return
    tokens = load_tokenizer(assets.TOKENIZER).encode(text)
    ranges = list(zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True))[:LONGEST]
    if len(ranges) < 3:
        st.info(t("ui.next_token.too_short"))
        return
    if len(tokens) > LONGEST:
        st.caption(t("ui.common.first_tokens", shown=LONGEST, count=len(tokens)))
    ids = tuple(tokens.ids[:LONGEST].tolist())
    texts = [text[start:end] for start, end in ranges]
    names = dict(zip(reversed(ids), reversed(texts), strict=True))
    if len(names) < len(ids):
        st.caption(t("ui.next_token.repeats"))
    with drawn:
        rows = [names[token] for token in dict.fromkeys(ids)]
        apprentices(texts, rows, _taught(ids), key="apprentices", shift=shift, rested=SHIFT.put)


@st.cache_data(show_spinner=False, max_entries=32)
def _taught(ids: tuple[int, ...]) -> dict[int, Taught]:
    row = torch.tensor(ids)
    with torch.no_grad():
        logits = load_model(MODEL)(row[None]).logits[0]
    numbers = {token: at for at, token in enumerate(dict.fromkeys(ids))}
    taught: dict[int, Taught] = {}
    for shift in SHIFTS:
        costs = shifted_costs(logits, row, shift)
        asked = [cost for cost in costs if cost is not None]
        mean = float(torch.tensor(asked, dtype=torch.float64).mean())
        taught[shift] = Taught(costs, mean, trained_table([numbers[token] for token in ids], shift))
    return taught
