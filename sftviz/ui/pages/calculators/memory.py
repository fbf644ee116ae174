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
from sftviz.ui.language import explained, t, words_of
from sftviz.ui.piece import fragment
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


@fragment
def _logits(model: Architecture) -> None:
    st.subheader(t("ui.memory.logits"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(t("ui.memory.logits_intro"))
        st.latex(r"B \cdot T \cdot V \cdot (b + 4 + 4 + 4)\ \text{bytes}")
        batch = int(live_slider(t("ui.memory.rows"), 1, 64, 8, 1, key="logits_batch"))
        tokens = int(live_slider(t("ui.common.length"), 256, 16_384, 2048, 256, key="logits_tokens"))
        dtype = st.segmented_control(
            t("ui.memory.dtype"),
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
                t("ui.memory.logits_alone"): in_words(whole.logits, "B"),
                t("ui.memory.peak"): in_words(whole.peak, "B"),
                t("ui.memory.own_parameters"): in_words(model_states(model.parameters).parameters, "B"),
            }
        )
    with right:
        bars = {t("ui.memory.at_once"): _logit_parts(whole), t("ui.memory.in_chunks", rows=CHUNK): _logit_parts(chunk)}
        show(stacks(bars, theme(), x=t("ui.memory.bytes"), unit="B"), "logits")
        st.caption(t("ui.memory.chunked"))


def _logit_parts(memory: LogitsMemory) -> dict[str, float]:
    return {
        t("ui.memory.part_logits"): memory.logits,
        t("ui.memory.part_log_probabilities"): memory.log_probabilities,
        t("ui.memory.part_their_gradient"): memory.log_probability_gradient,
        t("ui.memory.part_gradient"): memory.logit_gradient,
    }


@fragment
def _states(model: Architecture) -> None:
    st.subheader(t("ui.memory.states"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(t("ui.memory.states_intro"))
        stage = st.selectbox(
            t("ui.memory.sharing"),
            list(ZERO),
            index=2,
            format_func=lambda stage: words_of("zero", ZERO[stage]),
            key="zero_stage",
        )
        st.latex(ZERO[stage].formula)
        st.caption(explained("zero", ZERO[stage]))
        devices = st.select_slider(t("ui.memory.devices"), COUNTS, value=8, key="zero_devices")
        device = st.selectbox(t("ui.common.device"), list(DEVICES), index=2, key="zero_device")
    each = {words_of("zero", row): model_states(model.parameters, devices, row.stage) for row in ZERO.values()}
    chosen, memory = each[words_of("zero", ZERO[stage])], DEVICES[device][0]
    with left:
        facts(
            {
                t("ui.memory.parameters"): f"{model.parameters:,}",
                t("ui.memory.on_each_device"): f"{in_words(chosen.total, 'B')} {_fits(chosen.total, memory)}",
                t("ui.memory.traffic"): f"× {ZERO[stage].traffic:g}",
            }
        )
    with right:
        bars = {title: _state_parts(states) for title, states in each.items()}
        show(stacks(bars, theme(), x=t("ui.memory.bytes_each"), unit="B", limit=(device, memory)), "states")
        st.caption(t("ui.memory.on_top"))


def _fits(amount: float, memory: float) -> str:
    return t("ui.memory.fits") if amount <= memory else t("ui.memory.does_not_fit")


def _state_parts(states: ModelStates) -> dict[str, float]:
    return {
        t("ui.memory.part_parameters"): states.parameters,
        t("ui.memory.part_gradients"): states.gradients,
        t("ui.memory.part_optimizer"): states.optimizer,
    }


@fragment
def _lora(model: Architecture) -> None:
    st.subheader(t("ui.memory.lora"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(t("ui.memory.lora_intro"))
        st.latex(r"r\,(d_\text{in} + d_\text{out}) \;\text{of}\; d_\text{in} d_\text{out}")
        rank = int(live_slider(t("ui.memory.rank"), 1, 256, 16, 1, key="lora_rank"))
        targets = st.multiselect(
            t("ui.memory.matrices"), list(model.matrices), default=["q_proj", "v_proj"], key="lora_targets"
        )
    trained = lora_parameters([model.matrices[name] for name in targets], rank, model.layers) if targets else 0
    everything = model_states(model.parameters)
    adapted = model_states(model.parameters, trainable=min(trained, model.parameters))
    with left:
        facts(
            {
                t("ui.memory.trained"): t(
                    "ui.memory.trained_share",
                    trained=f"{trained:,}",
                    all=f"{model.parameters:,}",
                    share=f"{trained / model.parameters:.2%}",
                ),
                t("ui.memory.total_full"): in_words(everything.total, "B"),
                t("ui.memory.total_lora"): in_words(adapted.total, "B"),
            }
        )
    with right:
        full = {name: d_in * d_out for name, (d_in, d_out) in model.matrices.items()}
        lora = {name: lora_parameters([model.matrices[name]], rank) for name in targets}
        show(matrix_bars(full, lora, theme()), "lora_matrices")
        bars = {t("ui.memory.all_trained"): _state_parts(everything), t("ui.memory.lora"): _state_parts(adapted)}
        show(stacks(bars, theme(), x=t("ui.memory.bytes"), unit="B"), "lora_states")


SECTIONS = (_logits, _states, _lora)
