"""Paint the labels: which tokens shall the model learn to write? Then what two models learnt from two paints."""

import streamlit as st
import torch
from torch import Tensor

from sftviz.chat.samples import SAMPLES
from sftviz.inspection import Inspection
from sftviz.inspection import inspect as inspected
from sftviz.loss import IGNORE, reduce_nll, token_nll
from sftviz.model import load_model
from sftviz.model.generate import continuation
from sftviz.supervision.paints import PAINTS, from_ranges, painted_labels, to_ranges
from sftviz.ui.components.facts import facts
from sftviz.ui.components.painter import painter
from sftviz.ui.language import sentence, t, told, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Text, table

MODELS = {"sftviz/tiny-sft": "masked", "sftviz/tiny-unmasked": "unmasked"}
MODEL = "sftviz/tiny-sft"
CHAT = Choice("masking_chat", "single_turn", ("single_turn", "multi_turn", "system", "unmasked_trap"))
PAINT = Choice("masking_paint", "nothing", tuple(PAINTS))
MOVED = Choice("masking_moved", 0, (-1, 0, 1))  # the mask against the targets
OWN = Text("masking_own", "", longest=200)  # what was painted by hand, as ranges
KNOBS = table(CHAT, PAINT, MOVED, OWN)
NONE = "none"  # painted by hand: nothing
LONGEST = 32  # tokens a model writes


@fragment
def lab() -> None:
    chat = CHAT.selectbox(t("ui.common.chat"), lambda name: words_of("sample", SAMPLES[name]))
    name = PAINT.segmented(
        t("ui.prompt_masking.paint"), lambda name: words_of("paint", PAINTS[name]), on_change=lambda: OWN.put("")
    )
    paint, seen = PAINTS[name], _seen(chat)
    length = len(seen.rendering.ids)
    drawn = st.container()
    moved = MOVED.segmented(t("ui.prompt_masking.moved"), lambda by: t(f"ui.prompt_masking.moved_{by + 1}"))
    by_hand = _by_hand(length)
    painted = paint.painted(seen.rendering) if by_hand is None else by_hand
    labels = painted_labels(seen.rendering.ids, painted, moved, paint.masked)
    carries = [False, *(label != IGNORE for label in labels[1:])]
    with drawn:
        painter(
            seen.rendering.tokens.texts,
            painted,
            seen.supervision.supervised,
            [told(row.reason) for row in seen.rows()],
            _costs(chat, labels),
            carries,
            key="painter",
            stroked=lambda now: OWN.put(to_ranges(now) or NONE),
        )
    _told(chat, name, labels, moved)
    st.divider()
    _two_models(seen)


def _by_hand(length: int) -> list[bool] | None:
    own = OWN.value()
    if not own:
        return None
    try:
        return from_ranges(own.replace(NONE, ""), length)
    except ValueError:
        OWN.put("")
        st.caption(t("ui.state.ignored", key=OWN.key, value=own[:40]))
        return None


def _told(chat: str, name: str, labels: tuple[int, ...], moved: int) -> None:
    paint, seen = PAINTS[name], _seen(chat)
    asked = sum(label != IGNORE for label in labels[1:])
    right = _loss(chat, tuple(seen.supervision.labels), "token")
    left, middle, beside = st.columns(3)
    with left:
        counted = t("ui.common.count_of", asked=asked, all=len(labels))
        facts({t("ui.prompt_masking.supervised_tokens"): counted})
    with middle:
        loss = _loss(chat, labels, paint.normalization)
        facts({t("ui.common.loss"): f"{loss:.3f} nats" if asked else t("ui.prompt_masking.nothing_asked")})
    with beside:
        facts({t("ui.prompt_masking.right_loss"): f"{right:.3f} nats"})
    if not OWN.value():
        st.write(sentence(words_of("paint", paint, "meaning")))
    if moved:
        st.write(t(f"ui.prompt_masking.moved_means_{moved + 1}"))


@st.cache_resource(show_spinner=False, max_entries=16)
def _seen(chat: str) -> Inspection:
    return inspected(SAMPLES[chat].text)


@st.cache_data(show_spinner=False, max_entries=16)
def _logits(chat: str) -> Tensor:
    with torch.no_grad():
        return load_model(MODEL)(torch.tensor([_seen(chat).rendering.ids])).logits


def _costs(chat: str, labels: tuple[int, ...]) -> list[float]:
    """What every token costs as the target it is now, or would be: its own id where it is masked."""
    asked = [
        token if label == IGNORE else label for token, label in zip(_seen(chat).rendering.ids, labels, strict=True)
    ]
    return [0.0, *token_nll(_logits(chat), torch.tensor([asked]))[0].tolist()]


def _loss(chat: str, labels: tuple[int, ...], normalization: str) -> float:
    row = torch.tensor([labels])
    if not (row[:, 1:] != IGNORE).any():
        return 0.0
    no_padding = torch.zeros_like(row, dtype=torch.bool)
    return float(reduce_nll(token_nll(_logits(chat), row), row, normalization, no_padding))


def _two_models(seen: Inspection) -> None:
    """Trained long ago, on other chats: nothing that is painted above changes them."""
    st.markdown(f"**{t('ui.prompt_masking.two_models')}**")
    st.caption(t("ui.prompt_masking.two_models_note"))
    for column, (name, tuned) in zip(st.columns(2), MODELS.items(), strict=True):
        with column:
            st.markdown(f"{t(f'ui.prompt_masking.{tuned}')} (`{name}`)")
            costs = _by_role(name, seen.rendering.text)
            facts({t("ui.prompt_masking.cost_of", role=role): f"{cost:.2f} nats" for role, cost in costs.items()})
            st.caption(t("ui.prompt_masking.goes_on"))
            st.code(_written(name, tuple(seen.rendering.ids)), language=None, wrap_lines=True)


@st.cache_data(show_spinner=False, max_entries=16)
def _by_role(model: str, text: str) -> dict[str, float]:
    """Mean cost of the words of users and assistants in this chat."""
    rows = [row for row in inspected(text, model=model).rows() if row.part == "content"]
    costs = {
        role: [cost for row in rows if row.role == role and (cost := row.cost) is not None]
        for role in ("user", "assistant")
    }
    return {role: sum(found) / len(found) for role, found in costs.items() if found}


@st.cache_data(show_spinner=False, max_entries=64)
def _written(model: str, ids: tuple[int, ...]) -> str:
    tokenizer = _seen("single_turn").rendering.tokenizer
    stop = [token for token in (tokenizer.id_of("<|im_end|>"), tokenizer.eos_id) if token is not None]
    with torch.no_grad():
        return tokenizer.decode(continuation(load_model(model), ids, LONGEST, stop))
