"""Calculators: what a run takes in memory and time, what a step does, and what goes into the batches."""

import random
from datetime import timedelta

import streamlit as st
import torch

from sftviz import assets
from sftviz.figures.calculators import (
    days_curve,
    likeness_map,
    matrix_bars,
    mixture_bars,
    repetition_bars,
    share_area,
    stacks,
)
from sftviz.figures.training_parts import Watched, clipping_arrows, schedule_curves, spike_curve
from sftviz.inspection import inspect
from sftviz.training.architectures import ARCHITECTURES, Architecture
from sftviz.training.calculators import (
    BYTES,
    ZERO,
    LogitsMemory,
    ModelStates,
    attention_scores_bytes,
    attention_share,
    in_words,
    logits_memory,
    lora_parameters,
    model_states,
    packing_gain,
    tokens_a_second,
    training_days,
    training_flops,
)
from sftviz.training.clipping import CLIPPINGS, clipped
from sftviz.training.deduplication import UNITS, Deduplicated, exact_duplicates, jaccard, near_duplicates, shingles
from sftviz.training.sampling import mixing_weights, repetitions
from sftviz.training.schedule import SCHEDULES, LearningRate
from sftviz.training.spikes import MONITORS, find_spikes
from sftviz.ui.components.facts import facts
from sftviz.ui.components.linked import linked_choice
from sftviz.ui.components.live_slider import live_slider
from sftviz.ui.language import t
from sftviz.ui.theme import show, theme

# name -> bytes of memory, operations a second in bfloat16, dense: NVIDIA's data sheets
DEVICES = {
    "RTX 4090, 24 GB": (24e9, 165.2e12),
    "A100, 80 GB": (80e9, 312e12),
    "H100, 80 GB": (80e9, 989.4e12),
    "H200, 141 GB": (141e9, 989.4e12),
}
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
CHUNK = 1024  # rows of logits that a chunked loss holds at once
LENGTHS = tuple(2**power for power in range(8, 21))
MFUS = [percent / 100 for percent in range(5, 71)]
DATA = tuple(10**power for power in range(6, 14))
STEPS = 200
FIRST, SECOND = 90, 110  # steps of the made curve that hold a spike
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


def page() -> None:
    st.title(t("What does a run take?"))
    choice, picked = st.columns([5, 2], gap="large", vertical_alignment="bottom")
    with choice:
        question = st.segmented_control(
            t("Question"),
            list(QUESTIONS),
            default=linked_choice("calculators_question", list(QUESTIONS), "memory"),
            format_func=lambda name: t(QUESTIONS[name][0]),
            key="calculators_question",
            required=True,
            label_visibility="collapsed",
        )
    with picked:
        model = _architecture() if question in ("memory", "time") else None
    for section in QUESTIONS[question][1]:
        if model:
            section(model)
        else:
            section()
        if section is not QUESTIONS[question][1][-1]:
            st.divider()


def _architecture() -> Architecture:
    names = list(ARCHITECTURES)
    name = st.selectbox(
        t("Model"),
        names,
        index=names.index(linked_choice("calculators_model", names, "llama-3.1-8b")),
        format_func=lambda name: t(ARCHITECTURES[name].title),
        key="calculators_model",
    )
    return ARCHITECTURES[name]


# --- how much memory?


@st.fragment
def _logits(model: Architecture) -> None:
    st.subheader(t("The logits"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(
            t("Every position has a number for every token of the vocabulary, and the loss holds them four times.")
        )
        st.latex(r"B \cdot T \cdot V \cdot (b + 4 + 4 + 4)\ \text{bytes}")
        batch = int(live_slider(t("Rows B"), 1, 64, 8, 1, key="logits_batch"))
        tokens = int(live_slider(t("Tokens T"), 256, 16_384, 2048, 256, key="logits_tokens"))
        dtype = st.segmented_control(
            t("The model computes in (b bytes)"),
            ("bfloat16", "float32"),
            default="bfloat16",
            format_func=lambda name: f"{name}, b = {BYTES[name]}",
            key="logits_dtype",
            required=True,
        )
    whole = logits_memory(batch, tokens, model.vocabulary, dtype)
    chunk = logits_memory(1, CHUNK, model.vocabulary, dtype)
    with left:
        facts(
            {
                t("the logits alone, B · T · V · b"): in_words(whole.logits, "B"),
                t("held at the backward pass's fullest"): in_words(whole.peak, "B"),
                t("the model's own parameters, 2 bytes each"): in_words(model_states(model.parameters).parameters, "B"),
            }
        )
    with right:
        bars = {"all logits at once": _logit_parts(whole), f"{CHUNK} rows at a time": _logit_parts(chunk)}
        show(stacks(bars, theme(), x="bytes", unit="B"), "logits")
        st.caption(t("Chunked and fused losses (Liger, Cut Cross-Entropy) never hold more than one chunk of rows."))


def _logit_parts(memory: LogitsMemory) -> dict[str, float]:
    return {
        "logits": memory.logits,
        "log-probabilities": memory.log_probabilities,
        "their gradient": memory.log_probability_gradient,
        "gradient p − y": memory.logit_gradient,
    }


@st.fragment
def _states(model: Architecture) -> None:
    st.subheader(t("Parameters, gradients, optimizer"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(t("Mixed precision with Adam keeps 16 bytes a parameter; ZeRO shares them out over N devices."))
        stage = st.selectbox(
            t("Sharing"), list(ZERO), index=2, format_func=lambda stage: t(ZERO[stage].title), key="zero_stage"
        )
        st.latex(ZERO[stage].formula)
        st.caption(t("{meaning}. {source}").format(meaning=t(ZERO[stage].meaning), source="Rajbhandari et al. 2020"))
        devices = st.select_slider(t("Devices N"), COUNTS, value=8, key="zero_devices")
        device = st.selectbox(t("Device"), list(DEVICES), index=2, key="zero_device")
    each = {t(row.title): model_states(model.parameters, devices, row.stage) for row in ZERO.values()}
    chosen, memory = each[t(ZERO[stage].title)], DEVICES[device][0]
    with left:
        facts(
            {
                t("parameters P"): f"{model.parameters:,}",
                t("on each device"): f"{in_words(chosen.total, 'B')} {_fits(chosen.total, memory)}",
                t("sent in a step, beside plain data parallelism"): f"× {ZERO[stage].traffic:g}",
            }
        )
    with right:
        bars = {title: _state_parts(states) for title, states in each.items()}
        show(stacks(bars, theme(), x="bytes on each device", unit="B", limit=(device, memory)), "states")
        st.caption(t("Activations and logits come on top."))


def _fits(amount: float, memory: float) -> str:
    return t("✓ fits") if amount <= memory else t("✗ does not fit")


def _state_parts(states: ModelStates) -> dict[str, float]:
    return {"parameters": states.parameters, "gradients": states.gradients, "Adam and master copy": states.optimizer}


@st.fragment
def _lora(model: Architecture) -> None:
    st.subheader(t("LoRA"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(t("The weights stay; two thin matrices beside each are trained, and only they need an optimizer."))
        st.latex(r"W + BA:\; r\,(d_\text{in} + d_\text{out}) \;\text{of}\; d_\text{in} d_\text{out}")
        rank = int(live_slider(t("Rank r"), 1, 256, 16, 1, key="lora_rank"))
        targets = st.multiselect(t("Matrices"), list(model.matrices), default=["q_proj", "v_proj"], key="lora_targets")
    trained = lora_parameters([model.matrices[name] for name in targets], rank, model.layers) if targets else 0
    everything = model_states(model.parameters)
    adapted = model_states(model.parameters, trainable=min(trained, model.parameters))
    with left:
        facts(
            {
                t("trained"): t("{trained} of {all}, {share}").format(
                    trained=f"{trained:,}", all=f"{model.parameters:,}", share=f"{trained / model.parameters:.2%}"
                ),
                t("memory, all parameters trained"): in_words(everything.total, "B"),
                t("memory with LoRA"): in_words(adapted.total, "B"),
            }
        )
    with right:
        full = {name: d_in * d_out for name, (d_in, d_out) in model.matrices.items()}
        lora = {name: lora_parameters([model.matrices[name]], rank) for name in targets}
        show(matrix_bars(full, lora, theme()), "lora_matrices")
        bars = {t("all parameters trained"): _state_parts(everything), "LoRA": _state_parts(adapted)}
        show(stacks(bars, theme(), x="bytes", unit="B"), "lora_states")


# --- how long?


@st.fragment
def _days(model: Architecture) -> None:
    st.subheader(t("Six operations a parameter and token"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(
            t("Two for the forward pass, four for the backward one; the devices reach a share of their peak (MFU).")
        )
        st.latex(r"C = 6ND, \qquad \text{time} = \frac{6ND}{n \cdot \text{peak} \cdot \text{MFU}}")
        mfu = live_slider(t("MFU"), 0.05, 0.7, 0.4, 0.01, key="days_mfu", ends=(t("mostly waiting"), t("very good")))
        tokens = st.select_slider(
            t("Tokens D"), DATA, value=10**9, format_func=lambda count: f"{count:,}", key="days_tokens"
        )
        devices = st.select_slider(t("Devices n"), COUNTS, value=8, key="days_devices")
        device = st.selectbox(t("Device"), list(DEVICES), index=2, key="days_device")
    size, peak = model.matmul_parameters, DEVICES[device][1]
    days = training_days(size, tokens, devices, peak, mfu)
    with left:
        facts(
            {
                t("parameters a token is multiplied with, N"): f"{size:,}",
                t("operations C"): in_words(training_flops(size, tokens), "FLOP"),
                t("tokens a second"): f"{tokens_a_second(size, devices, peak, mfu):,.0f}",
                t("the run takes"): _time(days),
            }
        )
    with right:
        curve = [training_days(size, tokens, devices, peak, share) for share in MFUS]
        show(days_curve(MFUS, curve, mfu, days, theme()), "days")


def _time(days: float) -> str:
    if days >= 1:
        return t("{days} days").format(days=f"{days:,.1f}")
    return t("{clock} (hours:minutes:seconds)").format(clock=str(timedelta(days=days)).split(".")[0])


@st.fragment
def _attention(model: Architecture) -> None:
    st.subheader(t("And attention's T²"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(t("6ND does not count who looks at whom. Twice the length is twice the rest and four times that."))
        st.latex(r"\frac{12\,T^2 d\,L}{6NT + 12\,T^2 d\,L}")
        length = st.select_slider(
            t("Tokens T"), LENGTHS, value=8192, format_func=lambda count: f"{count:,}", key="attention_tokens"
        )
    shares = [_share(model, tokens) for tokens in LENGTHS]
    with left:
        facts(
            {
                t("width d, layers L"): f"{model.width:,}, {model.layers}",
                t("attention's share"): f"{_share(model, length):.1%}",
                t("one layer's scores, were they written out"): in_words(
                    attention_scores_bytes(1, model.heads, length), "B"
                ),
            }
        )
    with right:
        show(share_area(LENGTHS, shares, length, _share(model, length), theme()), "attention_share")


def _share(model: Architecture, tokens: int) -> float:
    return attention_share(tokens, model.matmul_parameters, model.width, model.layers)


# --- what does a step look like?


@st.fragment
def _schedule() -> None:
    st.subheader(t("How long is it? The learning rate"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(t("Steps start from nothing while Adam gets to know its gradients, and end short so that it settles."))
        name = st.segmented_control(
            t("Schedule"),
            list(SCHEDULES),
            default="cosine",
            format_func=lambda name: t(SCHEDULES[name].title),
            key="schedule",
            required=True,
        )
        row = SCHEDULES[name]
        step = int(live_slider(t("Step s"), 0, STEPS - 1, 40, 1, key="schedule_step"))
        warmup = int(live_slider(t("Warm-up w"), 0, STEPS // 2, 20, 1, key="schedule_warmup"))
        floor = live_slider(t("Floor f"), 0, 1, 0.1, 0.05, key="schedule_floor")
        peak = st.select_slider(
            t("Peak"), (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 1e-3), 2e-5, format_func=lambda rate: f"{rate:g}", key="peak"
        )
    plans = {name: LearningRate(name, peak, warmup, STEPS, floor) for name in SCHEDULES}
    with left:
        facts({t("learning rate at step {step}").format(step=step): f"{plans[name].at(step):.3g}"})
        st.caption(t("{meaning}. {source}").format(meaning=t(row.meaning), source=row.source))
    with right:
        show(schedule_curves({name: plan.curve() for name, plan in plans.items()}, name, step, theme()), "schedules")
        st.latex(
            r"\frac{\eta_s}{\eta_{\max}} = \begin{cases} s/w & s < w \\ "
            + row.formula
            + r" & s \ge w,\; u = \frac{s-w}{n-w} \end{cases}"
        )


@st.fragment
def _clipping() -> None:
    st.subheader(t("Is it too long? Clipping"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(t("By norm the gradient is shortened and keeps its direction. By value it is cut, and turns."))
        st.latex(CLIPPINGS["norm"].formula)
        st.latex(CLIPPINGS["value"].formula)
        first = live_slider(t("First number of g"), -5, 5, 4, 0.1, key="clip_first")
        second = live_slider(t("Second number of g"), -5, 5, 0.8, 0.1, key="clip_second")
        limit = live_slider(t("Limit c"), 0.1, 5, 1, 0.1, key="clip_limit")
    gradient = [torch.tensor([first, second], dtype=torch.float64)]
    with left:
        facts({t(CLIPPINGS[name].title): _turned(gradient, name, limit) for name in ("norm", "value")})
    with right:
        arrows = {name: row.clip(gradient, limit)[0].tolist() for name, row in CLIPPINGS.items()}
        show(clipping_arrows(arrows, limit, theme()), "clipping")


def _turned(gradient: list[torch.Tensor], clipping: str, limit: float) -> str:
    seen = clipped(gradient, clipping, limit)
    return t("length {before} → {after}, cosine {cosine}").format(
        before=f"{seen.norm_before:.2f}", after=f"{seen.norm_after:.2f}", cosine=f"{seen.direction:.3f}"
    )


@st.fragment
def _spikes() -> None:
    st.subheader(t("Did it go wrong? A spike"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(t("A large spike lifts mean and deviation, so the next one hides below. Median and MAD do not move."))
        st.latex(MONITORS["robust"].formula)
        st.latex(MONITORS["naive"].formula)
        first = live_slider(t("Height of the first spike"), 0, 10, 6, 0.5, key="spike_first")
        second = live_slider(t("Height of the second"), 0, 10, 2, 0.5, key="spike_second")
        threshold = live_slider(t("Threshold k"), 2, 10, 5, 0.5, key="spike_threshold")
    losses = _made_curve(first, second)
    seen = {name: find_spikes(losses, name, threshold=threshold) for name in MONITORS}
    watched = {
        name: Watched([one.limit for one in row], [one.step for one in row if one.is_spike])
        for name, row in seen.items()
    }
    with left:
        facts({t(MONITORS[name].title): _found(one, first, second) for name, one in watched.items()})
    with right:
        show(spike_curve(losses, watched, theme()), "spikes")
        st.caption(t("A made curve: noise of 0.05 nats round 2, and two spikes."))


def _made_curve(first: float, second: float) -> list[float]:
    draws = random.Random(0)
    losses = [draws.gauss(2, 0.05) for _ in range(STEPS)]
    losses[FIRST] += first
    losses[SECOND] += second
    return losses


def _found(watched: Watched, first: float, second: float) -> str:
    there = [step for step, height in ((FIRST, first), (SECOND, second)) if height]
    missed = [step for step in there if step not in watched.spikes]
    found = t("spikes at steps {steps}").format(steps=", ".join(map(str, watched.spikes)) or "–")
    if not missed:
        return f"✓ {found}"
    return t("✗ {found}; missed: {steps}").format(found=found, steps=", ".join(map(str, missed)))


# --- what goes in?


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
    lengths = _lengths()
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
def _lengths() -> list[int]:
    return [len(inspect(chat, model=None).rendering.ids) for chat in assets.held_out()["chats"]]


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


# name -> the question, and what answers it
QUESTIONS = {
    "memory": ("How much memory?", (_logits, _states, _lora)),
    "time": ("How long?", (_days, _attention)),
    "step": ("What does a step look like?", (_schedule, _clipping, _spikes)),
    "data": ("What goes in?", (_packing, _mixing, _duplicates)),
}
