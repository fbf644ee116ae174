"""What goes in? Packing, truncation, mixing and duplicates."""

from collections.abc import Mapping

import streamlit as st

from sftviz import assets
from sftviz.figures.calculators import (
    likeness_map,
    mixture_bars,
    repetition_bars,
    stacks,
)
from sftviz.inspection import inspect
from sftviz.supervision.packing import Sample, truncation_cost
from sftviz.training.calculators import packing_gain
from sftviz.training.deduplication import UNITS, Deduplicated, exact_duplicates, jaccard, near_duplicates, shingles
from sftviz.training.sampling import mixing_weights, repetitions
from sftviz.ui.components.bounded import fits
from sftviz.ui.components.facts import facts
from sftviz.ui.lab import beside
from sftviz.ui.language import t, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Number, Text, table
from sftviz.ui.theme import show, theme

SOURCES = {"chat": 400_000, "code": 80_000, "maths": 15_000, "tool_calls": 2_000}
MOST_TEXTS = 10
LONGEST = 20_000  # characters
TEXTS = (
    "The model learns from the assistant's reply, and the user's question is context.",
    "A loss is the mean of what every supervised token costs, in nats.",
    "the model learns from the assistant's reply,  and the user's question is context.",
    "The model learns from the assistant's reply and the user's question is only context.",
    "A loss is the mean of what every supervised token costs, in bits.",
    "Packing puts several chats into one row.",
)

ROW = Choice("packing_row", 1024, (320, 512, 1024, 2048, 4096))
BATCH = Number("packing_batch", 8, 1, 64, 1)
LONGEST_ROW = Number("truncation_length", 80, 16, 256, 8)
SIDE = Choice("truncation_side", "right", ("right", "left"))
TEMPERATURE = Number("mixing_temperature", 1.0, 0.5, 10, 0.1)
DRAWS = Choice("mixing_draws", 500_000, (50_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000))
THRESHOLD = Number("duplicates_threshold", 0.7, 0.3, 1, 0.05)
UNIT = Choice("unit", next(iter(UNITS)), tuple(UNITS))
PASTED = Text("duplicates_texts", "\n".join(TEXTS))
KNOBS = table(ROW, BATCH, LONGEST_ROW, SIDE, TEMPERATURE, DRAWS, THRESHOLD, UNIT, PASTED)


@fragment
def _packing() -> None:
    st.header(t("ui.data.packing"), anchor=False)
    st.write(t("ui.data.packing_intro"))
    st.latex(r"\text{gain} = \frac{\sum_{\text{batches}} B \cdot T_{\max}}{\text{rows} \cdot T}")
    left, right = beside("data_packing", 3, 5)
    with left:
        row = ROW.select_slider(t("ui.data.row_length"))
        batch = BATCH.live(t("ui.data.batch"))
    lengths = [len(sample) for sample in _samples()]
    gain = packing_gain(lengths, row, batch)
    with left:
        facts(
            {
                t("ui.data.embedded_chats"): f"{len(lengths)}, {gain.real:,}",
                t("ui.data.packed_rows"): str(gain.rows),
                t("ui.data.packing_gain"): f"× {gain.gain:.2f}",
            }
        )
    with right:
        ways = {
            t("ui.data.to_length"): gain.to_length,
            t("ui.data.to_longest"): gain.to_longest,
            t("ui.data.packed"): gain.packed,
        }
        real, padding = t("ui.data.real_tokens"), t("ui.data.padding")
        bars = {way: {real: gain.real, padding: computed - gain.real} for way, computed in ways.items()}
        show(stacks(bars, theme(), x=t("ui.data.computed")), "packing")


@st.cache_resource(show_spinner=False)
def _samples() -> list[Sample]:
    seen = [inspect(chat, model=None) for chat in assets.held_out()["chats"]]
    return [Sample(tuple(one.rendering.ids), tuple(one.supervision.labels)) for one in seen]


@fragment
def _truncation() -> None:
    st.header(t("ui.data.truncation"), anchor=False)
    st.write(t("ui.data.truncation_intro"))
    left, right = beside("data_truncation", 3, 5)
    with left:
        length = LONGEST_ROW.live(t("ui.data.longest_row"))
        cut = SIDE.segmented(t("ui.data.cut_side"), lambda side: t(f"ui.side.{side}"))
    cost = truncation_cost(_samples(), length, "left" if cut == "left" else "right")
    with left:
        facts(
            {
                t("ui.data.chats_cut"): t("ui.common.count_of", asked=cost.cut, all=len(_samples())),
                t("ui.data.lost_targets"): str(cost.lost_targets),
                t("ui.data.useless_chats"): str(cost.useless),
            }
        )
    with right:
        kept, lost = t("ui.data.kept"), t("ui.data.cut_off")
        bars = {
            t("ui.data.tokens"): {kept: cost.tokens, lost: cost.lost_tokens},
            t("ui.data.targets"): {kept: cost.targets, lost: cost.lost_targets},
        }
        show(stacks(bars, theme(), x=t("ui.data.tokens")), "truncation")


@fragment
def _mixing() -> None:
    st.header(t("ui.data.mixing"), anchor=False)
    st.write(t("ui.data.mixing_intro"))
    st.latex(r"w_i = \frac{n_i^{1/\tau}}{\sum_j n_j^{1/\tau}}")
    left, right = beside("data_mixing", 3, 5)
    with left:
        temperature = TEMPERATURE.live(t("ui.common.temperature"), ends=(t("ui.data.largest"), t("ui.data.all_alike")))
        draws = DRAWS.select_slider(t("ui.data.samples_drawn"), "{:,}".format)
    weights = mixing_weights(SOURCES, temperature)
    times = repetitions(weights, SOURCES, draws)
    with left:
        facts({t(f"ui.data.source_{name}"): t("ui.data.samples_seen", size=f"{size:,}", times=f"{times[name]:.3g}")
               for name, size in SOURCES.items()})  # fmt: skip
    with right:
        show(mixture_bars(_named(mixing_weights(SOURCES)), _named(weights), theme()), "mixture")
        show(repetition_bars(_named(times), theme()), "repetitions")
        st.caption(t("ui.data.four_times"))


def _named(amounts: Mapping[str, float]) -> dict[str, float]:
    return {t(f"ui.data.source_{name}"): amount for name, amount in amounts.items()}


@fragment
def _duplicates() -> None:
    st.header(t("ui.data.duplicates"), anchor=False)
    st.write(t("ui.data.duplicates_intro"))
    st.latex(r"J(A, B) = \frac{|A \cap B|}{|A \cup B|}")
    left, right = beside("data_duplicates", 3, 5)
    with left:
        threshold = THRESHOLD.live(t("ui.data.threshold"))
        unit = UNIT.selectbox(t("ui.data.unit"), lambda name: words_of("unit", UNITS[name]))
        st.caption(t("ui.data.unit_meaning", title=UNITS[unit].size, meaning=words_of("unit", UNITS[unit], "meaning")))
    with right:
        pasted = PASTED.area(t("ui.data.texts", count=MOST_TEXTS), height=190)
    lines = [line for line in pasted.splitlines() if line.strip()]
    texts = lines[:MOST_TEXTS]
    with right:
        if not fits(pasted, LONGEST):
            return
        if len(lines) > MOST_TEXTS:
            st.caption(t("ui.data.first_texts", shown=MOST_TEXTS, count=len(lines)))
    if len(texts) < 2:
        st.info(t("ui.data.too_few_texts"))
        return
    exact, near = exact_duplicates(texts), near_duplicates(texts, threshold, unit)
    with left:
        facts({t("ui.data.kept_exact"): _kept(exact, texts), t("ui.data.kept_near"): _kept(near, texts)})
        facts({t("ui.data.text_repeats", index=d.index + 1, of=d.of + 1): f"J ≈ {d.similarity:.2f}"
               for d in near.duplicates})  # fmt: skip
    with right:
        sets = [shingles(text, unit) for text in texts]
        similarities = [[jaccard(first, second) for second in sets] for first in sets]
        show(likeness_map(similarities, near.kept, threshold, theme()), "likeness")
        st.caption(
            t("ui.data.likeness_legend")
        )  # fmt: skip


def _kept(found: Deduplicated, texts: list[str]) -> str:
    return t("ui.common.count_of", asked=len(found.kept), all=len(texts))


SECTIONS = (_packing, _truncation, _mixing, _duplicates)
