"""How much memory? The logits, the states of parameters under ZeRO, and LoRA."""

import streamlit as st

from sftviz.figures.calculators import (
    matrix_bars,
    stacks,
)
from sftviz.training.architectures import ARCHITECTURES, Architecture
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
from sftviz.ui.lab import beside
from sftviz.ui.language import explained, t, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Number, Several, table
from sftviz.ui.theme import show, theme

# name -> bytes of memory, operations a second in bfloat16, dense: NVIDIA's data sheets
DEVICES = {
    "RTX 4090, 24 GB": (24e9, 165.2e12),
    "A100, 80 GB": (80e9, 312e12),
    "H100, 80 GB": (80e9, 989.4e12),
    "H200, 141 GB": (141e9, 989.4e12),
}
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
BATCH = Number("logits_batch", 8, 1, 64, 1)
TOKENS = Number("logits_tokens", 2048, 256, 16_384, 256)
DTYPE = Choice("logits_dtype", "bfloat16", ("bfloat16", "float32"))
STAGE = Choice("zero_stage", list(ZERO)[2], tuple(ZERO))
DEVICE_COUNT = Choice("zero_devices", 8, COUNTS)
DEVICE = Choice("zero_device", "H100, 80 GB", tuple(DEVICES))
RANK = Number("lora_rank", 16, 1, 256, 1)
MATRICES = Several("lora_targets", ("q_proj", "v_proj"), tuple(next(iter(ARCHITECTURES.values())).matrices))
KNOBS = table(BATCH, TOKENS, DTYPE, STAGE, DEVICE_COUNT, DEVICE, RANK, MATRICES)
CHUNK = 1024  # rows of logits that a chunked loss holds at once


@fragment
def _logits(model: Architecture) -> None:
    st.header(t("ui.memory.logits"), anchor=False)
    st.write(t("ui.memory.logits_intro"))
    st.latex(r"B \cdot T \cdot V \cdot (b + 4 + 4 + 4)\ \text{bytes}")
    left, right = beside("memory_logits", 3, 5)
    with left:
        batch = BATCH.live(t("ui.memory.rows"))
        tokens = TOKENS.live(t("ui.common.length"))
        dtype = DTYPE.segmented(t("ui.memory.dtype"), lambda name: f"{name}, b = {BYTES[name]}")
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
    st.header(t("ui.memory.states"), anchor=False)
    st.write(t("ui.memory.states_intro"))
    left, right = beside("memory_states", 3, 5)
    with left:
        stage = STAGE.selectbox(t("ui.memory.sharing"), lambda stage: words_of("zero", ZERO[stage]))
        st.latex(ZERO[stage].formula)
        st.caption(explained("zero", ZERO[stage]))
        devices = DEVICE_COUNT.select_slider(t("ui.memory.devices"))
        device = DEVICE.selectbox(t("ui.common.device"))
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
    st.header(t("ui.memory.lora"), anchor=False)
    st.write(t("ui.memory.lora_intro"))
    st.latex(r"r\,(d_\text{in} + d_\text{out}) \;\text{of}\; d_\text{in} d_\text{out}")
    left, right = beside("memory_lora", 3, 5)
    with left:
        rank = RANK.live(t("ui.memory.rank"))
        targets = MATRICES.multiselect(t("ui.memory.matrices"))
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
