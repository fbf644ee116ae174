"""Attention masks: who may look at whom, what a changed token moves, and what a leak does to training."""

import streamlit as st
import torch

from sftviz.attention import ATTENTIONS, EXHIBITS, Exhibit, Scene, sees_target, weights_of
from sftviz.chat.samples import SAMPLES
from sftviz.figures.attention import across_bars, learning_curves, moved_bars, weight_picture
from sftviz.inspection import Inspection
from sftviz.model import load_model
from sftviz.model.across import Across, across_documents
from sftviz.model.flow import leaks, loss_under, moved_logits
from sftviz.model.leak import FLOOR, LENGTH, Learned, learn_random_tokens
from sftviz.ui.components.attention_grid import attention_grid
from sftviz.ui.components.chat_choice import chat_knob, chosen_chat, sample
from sftviz.ui.components.facts import facts
from sftviz.ui.lab import beside, titled
from sftviz.ui.language import explained, introduced, t, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Number, table
from sftviz.ui.theme import show, theme
from sftviz.words.visible import visible

MODEL = "sftviz/tiny-sft"
TOKENS = 24
KIND = Choice("attention_kind", "causal", tuple(ATTENTIONS))
CHAT = chat_knob("attention_chat")
PREFIX = Number("attention_prefix", 8, 0, TOKENS, 1)
WINDOW = Number("attention_window", 4, 1, 12, 1)
SIDE = Choice("attention_side", "right", ("right", "left"))
KNOBS = table(KIND, CHAT, PREFIX, WINDOW, SIDE)
EXHIBITED = 6  # tokens of a wrong mask's picture


def page() -> None:
    titled(t("ui.attention.title"))
    st.write(t("ui.attention.intro"))
    _lab()
    st.divider()
    _exhibits()


@fragment
def _lab() -> None:
    left, right = beside("attention_lab")
    with left:
        kind = KIND.selectbox(t("ui.attention.kind"), lambda name: words_of("attention", ATTENTIONS[name]))
        row = ATTENTIONS[kind]
        st.latex(row.formula)
        st.caption(explained("attention", row))
        seen = chosen_chat(CHAT, embedded=True)
        ids, texts, scene = _scene(kind, seen)
    may_attend = row.build(scene)
    open_targets = sees_target(may_attend) & ~_padding(scene)
    with right:
        chosen = min(len(ids) * 2 // 3, len(ids) - 1)
        crossing = may_attend & _across(scene)
        position = attention_grid(
            texts, may_attend, open_targets.tolist(), key="attention_grid", chosen=chosen, crossing=crossing
        )
        st.caption(_where_it_stops(kind, seen))
    with left:
        facts(
            {
                t("ui.attention.pairs"): f"{int(may_attend.sum())} / {may_attend.numel()}",
                t("ui.attention.open_targets"): str(int(open_targets.sum())),
            }
        )
    if kind in ("packed", "packed_causal") and scene.document_ids is not None:
        _leaks_across(tuple(ids), texts, scene.document_ids)
        st.divider()
    _leak_test(ids, texts, scene, may_attend, position)
    st.divider()
    _trained(kind, scene)


def _scene(kind: str, seen: Inspection) -> tuple[list[int], list[str], Scene]:
    """The row of tokens a kind of attention is shown on, and what it depends on."""
    ids, texts = _start(seen, TOKENS)
    if kind == "prefix":
        length = PREFIX.live(t("ui.attention.prefix"), high=len(ids))
        return ids, texts, Scene(len(ids), prefix_length=length)
    if kind == "padded":
        side = SIDE.segmented(t("ui.attention.padding"), lambda side: t(f"ui.side.{side}"))
        return _padded(ids[: TOKENS - 4], texts[: TOKENS - 4], seen, side)
    documents = None
    if kind.startswith("packed"):
        ids, texts, documents = _two_chats(seen)
    window = WINDOW.live(t("ui.attention.window")) if "window" in kind else WINDOW.default
    return ids, texts, Scene(len(ids), window=window, document_ids=documents)


def _start(seen: Inspection, count: int) -> tuple[list[int], list[str]]:
    return list(seen.rendering.ids[:count]), seen.rendering.tokens.texts[:count]


def _padded(ids: list[int], texts: list[str], seen: Inspection, side: str) -> tuple[list[int], list[str], Scene]:
    pad = [seen.rendering.tokenizer.pad_id or 0] * 4
    blanks, real = [True] * 4, [False] * len(ids)
    if side == "left":
        row = (pad + ids, [t("ui.attention.pad")] * 4 + texts, blanks + real)
    else:
        row = (ids + pad, texts + [t("ui.attention.pad")] * 4, real + blanks)
    return row[0], row[1], Scene(len(row[0]), is_padding=torch.tensor(row[2]))


def _two_chats(seen: Inspection) -> tuple[list[int], list[str], torch.Tensor]:
    first, first_texts = _start(seen, TOKENS // 2)
    other = next(name for name in SAMPLES if sample(name).rendering.ids[:TOKENS] != seen.rendering.ids[:TOKENS])
    second, second_texts = _start(sample(other), TOKENS // 2)
    documents = torch.tensor([0] * len(first) + [1] * len(second))
    return first + second, first_texts + second_texts, documents


def _padding(scene: Scene) -> torch.Tensor:
    return torch.zeros(scene.length, dtype=torch.bool) if scene.is_padding is None else scene.is_padding


def _across(scene: Scene) -> torch.Tensor:
    """[T, T] bool: True where row and column are of different chats."""
    if scene.document_ids is None:
        return torch.zeros(scene.length, scene.length, dtype=torch.bool)
    return scene.document_ids[:, None] != scene.document_ids[None]


def _where_it_stops(kind: str, seen: Inspection) -> str:
    if kind.startswith("packed"):
        return t("ui.attention.first_of_two", shown=TOKENS // 2)
    shown, count = (TOKENS - 4 if kind == "padded" else TOKENS), len(seen.rendering.ids)
    return t("ui.common.first_tokens", shown=min(shown, count), count=count)


def _leaks_across(ids: tuple[int, ...], texts: list[str], documents: torch.Tensor) -> None:
    st.header(t("ui.attention.across"), anchor=False)
    st.write(t("ui.attention.across_intro"))
    found = _compared(ids, tuple(documents.tolist()))
    second = documents == 1
    counted = second & ~found.packed.isnan()
    left, right = st.columns([2, 5], gap="large")
    with left:
        packed_cost, plain_cost = (float(costs[counted].mean()) for costs in (found.packed, found.plain))
        facts(
            {
                t("ui.attention.largest_difference"): f"{float(found.moved[second].max()):.3f}",
                t("ui.attention.second_packed"): f"{packed_cost:.3f} nats",
                t("ui.attention.second_plain"): f"{plain_cost:.3f} nats ({plain_cost - packed_cost:+.3f})",
                t("ui.attention.largest_cost"): f"{float((found.plain - found.packed)[counted].abs().max()):.3f} nats",
                t("ui.attention.first_chat"): f"{float(found.moved[~second].max()):.3g}",
            }
        )
    with right:
        places = counted.nonzero().flatten().tolist()
        packed, plain = (row[places].tolist() for row in (found.packed, found.plain))
        show(across_bars([texts[at] for at in places], packed, plain, theme()), "across")
        st.caption(t("ui.attention.across_legend"))


@st.cache_data(show_spinner=False, max_entries=64)
def _compared(ids: tuple[int, ...], documents: tuple[int, ...]) -> Across:
    return across_documents(load_model(MODEL), ids, torch.tensor(documents))


def _leak_test(ids: list[int], texts: list[str], scene: Scene, may_attend: torch.Tensor, position: int) -> None:
    st.header(t("ui.attention.leak_test"), anchor=False)
    model = load_model(MODEL)
    moved = moved_logits(model, ids, position, _another(ids, position), may_attend)
    found = leaks(moved, position, is_padding=_padding(scene).tolist())
    st.write(t("ui.attention.changed", position=position, token=f"`{visible(texts[position]).replace('`', 'ˋ')}`"))
    left, right = st.columns([2, 5], gap="large")
    with left:
        if found:
            st.error(t("ui.attention.leak", count=len(found)))
        else:
            st.success(t("ui.attention.no_leak"))
        facts(
            {
                t("ui.attention.loss_causal"): f"{_loss(ids, scene, None):.3f} nats",
                t("ui.attention.loss_as_chosen"): f"{_loss(ids, scene, may_attend):.3f} nats",
            }
        )
    with right:
        show(moved_bars(texts, moved.tolist(), found, position, theme()), "moved")


def _another(ids: list[int], position: int) -> int:
    """A token of the same row in its place: one that is another."""
    return next((token for token in ids if token != ids[position]), ids[position] ^ 1)


def _loss(ids: list[int], scene: Scene, may_attend: torch.Tensor | None) -> float:
    labels = torch.tensor(ids).masked_fill(_padding(scene), -100)
    return loss_under(load_model(MODEL), ids, labels.tolist(), may_attend)


def _trained(kind: str, scene: Scene) -> None:
    st.header(t("ui.attention.training"), anchor=False)
    left, right = st.columns([2, 5], gap="large")
    learned = _learned(kind, min(scene.prefix_length, LENGTH // 2), min(scene.window, LENGTH))
    with left:
        st.write(t("ui.attention.training_intro"))
        facts(
            {
                t("ui.attention.log_v"): f"{FLOOR:.3f} nats",
                t("ui.attention.loss_trained"): f"{learned.losses[-1]:.3f} nats",
                t("ui.attention.loss_writing"): f"{learned.writing:.3f} nats",
            }
        )
    with right:
        show(learning_curves(learned.losses, FLOOR, learned.writing, theme()), "learned")


@st.cache_data(show_spinner=False)
def _learned(kind: str, prefix_length: int, window: int) -> Learned:
    halves = torch.arange(LENGTH) // (LENGTH // 2)
    scene = Scene(LENGTH, prefix_length=prefix_length, window=window, document_ids=halves)
    return learn_random_tokens(ATTENTIONS[kind].build(scene))


def _exhibits() -> None:
    st.header(t("ui.attention.exhibits"), anchor=False)
    st.write(t("ui.attention.exhibits_intro"))
    for exhibit in EXHIBITS.values():
        _exhibit(exhibit)


def _exhibit(exhibit: Exhibit) -> None:
    st.markdown(introduced("exhibit", exhibit, "why"))
    sides = (
        ("✗", t("ui.common.wrong"), exhibit.wrong_code, exhibit.wrong),
        ("✓", t("ui.common.right"), exhibit.right_code, exhibit.right),
    )
    for column, (mark, word, code, build) in zip(st.columns(2, gap="large"), sides, strict=True):
        with column:
            st.markdown(f"{mark} {word}")
            st.code(code, language="python", wrap_lines=True)
            show(weight_picture(weights_of(build(EXHIBITED)).tolist(), theme()), f"exhibit_{exhibit.name}_{mark}")
