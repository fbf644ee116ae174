"""How much memory? The logits, the states of parameters under ZeRO, and LoRA."""

import streamlit as st

from sftviz.figures.calculators import (
    matrix_bars,
    stacks,
)
from sftviz.training.architectures import Architecture
from sftviz.training.calculators import (
    BYTES,
    ZERO,
    LogitsMemory,
    ModelStates,
    in_words,
    logits_memory,
    lora_parameters,
    model_states,
)
from sftviz.ui.components.facts import facts
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
        st.latex(r"r\,(d_\text{in} + d_\text{out}) \;\text{of}\; d_\text{in} d_\text{out}")
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


SECTIONS = (_logits, _states, _lora)
