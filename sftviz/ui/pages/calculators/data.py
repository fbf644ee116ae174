"""What goes in? Packing, truncation, mixing and duplicates."""

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
from sftviz.ui.components.facts import facts
from sftviz.ui.components.live_slider import live_slider
from sftviz.ui.language import t
from sftviz.ui.theme import show, theme

SOURCES = {"chat": 400_000, "code": 80_000, "maths": 15_000, "tool calls": 2_000}
MOST_TEXTS = 10
TEXTS = (
    "The model learns from the assistant's reply, and the user's question is context.",
    "A loss is the mean of what every supervised token costs, in nats.",
    "the model learns from the assistant's reply,  and the user's question is context.",
    "The model learns from the assistant's reply and the user's question is only context.",
    "A loss is the mean of what every supervised token costs, in bits.",
    "Packing puts several chats into one row.",
)


@st.fragment
def _packing() -> None:
    st.subheader(t("Less padding: packing"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(
            t("A batch is as long as its longest chat. Packed, several chats share a row and hardly any is empty.")
        )
        st.latex(r"\text{gain} = \frac{\sum_{\text{batches}} B \cdot T_{\max}}{\text{rows} \cdot T}")
        row = st.select_slider(t("Length of a row T"), (320, 512, 1024, 2048, 4096), 1024, key="packing_row")
        batch = int(live_slider(t("Chats in a batch B"), 1, 64, 8, 1, key="packing_batch"))
    lengths = [len(sample) for sample in _samples()]
    gain = packing_gain(lengths, row, batch)
    with left:
        facts(
            {
                t("embedded chats, their tokens"): f"{len(lengths)}, {gain.real:,}",
                t("packed, rows"): str(gain.rows),
                t("computed less than padded to the longest"): f"× {gain.gain:.2f}",
            }
        )
    with right:
        ways = {
            "padded to the full length": gain.to_length,
            "padded to the batch's longest": gain.to_longest,
            "packed": gain.packed,
        }
        bars = {way: {"tokens of chats": gain.real, "padding": computed - gain.real} for way, computed in ways.items()}
        show(stacks(bars, theme(), x="tokens computed"), "packing")


@st.cache_resource(show_spinner=False)
def _samples() -> list[Sample]:
    seen = [inspect(chat, model=None) for chat in assets.held_out()["chats"]]
    return [Sample(tuple(one.rendering.ids), tuple(one.supervision.labels)) for one in seen]


@st.fragment
def _truncation() -> None:
    st.subheader(t("What does not fit: truncation"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(
            t("A chat too long is cut. On the right the answer loses its end, on the left the question its start.")
        )
        length = int(live_slider(t("Longest row T"), 16, 256, 80, 8, key="truncation_length"))
        cut = st.segmented_control(
            t("Cut"),
            ("right", "left"),
            default="right",
            format_func=lambda side: t(f"on the {side}"),
            key="truncation_side",
            required=True,
        )
    cost = truncation_cost(_samples(), length, "left" if cut == "left" else "right")
    with left:
        facts(
            {
                t("chats cut"): t("{cut} of {all}").format(cut=cost.cut, all=len(_samples())),
                t("supervised targets lost"): str(cost.lost_targets),
                t("chats that teach nothing any more"): str(cost.useless),
            }
        )
    with right:
        bars = {
            "tokens": {"kept": cost.tokens, "cut off": cost.lost_tokens},
            "supervised targets": {"kept": cost.targets, "cut off": cost.lost_targets},
        }
        show(stacks(bars, theme(), x="tokens"), "truncation")


@st.fragment
def _mixing() -> None:
    st.subheader(t("How much of each: mixing"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(t("A high temperature makes sources more equal, and so the small ones are repeated."))
        st.latex(r"w_i = \frac{n_i^{1/\tau}}{\sum_j n_j^{1/\tau}}")
        temperature = live_slider(
            t("Temperature τ"), 0.5, 10, 1, 0.1, key="mixing_temperature", ends=(t("the largest"), t("all alike"))
        )
        draws = st.select_slider(
            t("Samples drawn"),
            (50_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000),
            500_000,
            format_func=lambda count: f"{count:,}",
            key="mixing_draws",
        )
    weights = mixing_weights(SOURCES, temperature)
    times = repetitions(weights, SOURCES, draws)
    with left:
        facts({t(name): t("{size} samples, each seen × {times}").format(size=f"{size:,}", times=f"{times[name]:.3g}")
               for name, size in SOURCES.items()})  # fmt: skip
    with right:
        show(mixture_bars(mixing_weights(SOURCES), weights, theme()), "mixture")
        show(repetition_bars(times, theme()), "repetitions")
        st.caption(t("Up to four times is about as good as new data. Muennighoff et al. 2023"))


@st.fragment
def _duplicates() -> None:
    st.subheader(t("Nothing twice: duplicates"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(t("Equal texts share a fingerprint. Nearly equal ones share most of their shingles."))
        st.latex(r"J(A, B) = \frac{|A \cap B|}{|A \cup B|}")
        threshold = live_slider(t("Threshold"), 0.3, 1, 0.7, 0.05, key="duplicates_threshold")
        unit = st.selectbox(t("Shingles of"), list(UNITS), format_func=lambda name: t(UNITS[name].title), key="unit")
        st.caption(t("{title}: {meaning}.").format(title=UNITS[unit].size, meaning=t(UNITS[unit].meaning)))
    with right:
        pasted = st.text_area(
            t("Texts, one a line, at most {count}").format(count=MOST_TEXTS),
            "\n".join(TEXTS),
            height=190,
            max_chars=4000,
            key="duplicates_texts",
        )
    texts = [line for line in pasted.splitlines() if line.strip()][:MOST_TEXTS]
    if len(texts) < 2:
        st.info(t("Give at least two texts."))
        return
    exact, near = exact_duplicates(texts), near_duplicates(texts, threshold, unit)
    with left:
        facts({t("kept, equal ones dropped"): _kept(exact, texts), t("kept, near ones dropped"): _kept(near, texts)})
        facts({t("text {index} repeats {of}").format(index=d.index + 1, of=d.of + 1): f"J ≈ {d.similarity:.2f}"
               for d in near.duplicates})  # fmt: skip
    with right:
        sets = [shingles(text, unit) for text in texts]
        similarities = [[jaccard(first, second) for second in sets] for first in sets]
        show(likeness_map(similarities, near.kept, threshold, theme()), "likeness")
        st.caption(
            t("In the squares Jaccard in full, framed from the threshold on; on the left MinHash's estimate. Dropped "
              "texts stand in brackets.")
        )  # fmt: skip


def _kept(found: Deduplicated, texts: list[str]) -> str:
    return t("{kept} of {all}").format(kept=len(found.kept), all=len(texts))


SECTIONS = (_packing, _truncation, _mixing, _duplicates)
