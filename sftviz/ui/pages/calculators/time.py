"""How long? Six operations a parameter and token, and attention's T²."""

from datetime import timedelta

import streamlit as st

from sftviz.figures.calculators import (
    days_curve,
    share_area,
)
from sftviz.training.architectures import Architecture
from sftviz.training.calculators import (
    attention_scores_bytes,
    attention_share,
    in_words,
    tokens_a_second,
    training_days,
    training_flops,
)
from sftviz.ui.components.facts import facts
from sftviz.ui.lab import beside
from sftviz.ui.language import t
from sftviz.ui.pages.calculators.memory import COUNTS, DEVICES
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Number, table
from sftviz.ui.theme import show, theme

LENGTHS = tuple(2**power for power in range(8, 21))
MFUS = [percent / 100 for percent in range(5, 71)]
MFU = Number("days_mfu", 0.4, 0.05, 0.7, 0.01)
TOKENS = Choice("days_tokens", 10**9, tuple(10**power for power in range(6, 14)))
DEVICE_COUNT = Choice("days_devices", 8, COUNTS)
DEVICE = Choice("days_device", "H100, 80 GB", tuple(DEVICES))
LENGTH = Choice("attention_tokens", 8192, LENGTHS)
KNOBS = table(MFU, TOKENS, DEVICE_COUNT, DEVICE, LENGTH)


@fragment
def _days(model: Architecture) -> None:
    st.header(t("ui.time.six_operations"), anchor=False)
    st.write(t("ui.time.six_operations_intro"))
    st.latex(r"C = 6ND, \; \text{time} = \frac{C}{n \cdot \text{peak} \cdot \text{MFU}}")
    left, right = beside("time_days", 3, 5)
    with left:
        mfu = MFU.live(t("ui.time.mfu"), ends=(t("ui.time.mostly_waiting"), t("ui.time.very_good")))
        tokens = TOKENS.select_slider(t("ui.time.tokens"), "{:,}".format)
        devices = DEVICE_COUNT.select_slider(t("ui.time.devices"))
        device = DEVICE.selectbox(t("ui.common.device"))
    size, peak = model.matmul_parameters, DEVICES[device][1]
    days = training_days(size, tokens, devices, peak, mfu)
    with left:
        facts(
            {
                t("ui.time.parameters"): f"{size:,}",
                t("ui.time.operations"): in_words(training_flops(size, tokens), "FLOP"),
                t("ui.time.tokens_second"): f"{tokens_a_second(size, devices, peak, mfu):,.0f}",
                t("ui.time.takes"): _time(days),
            }
        )
    with right:
        curve = [training_days(size, tokens, devices, peak, share) for share in MFUS]
        show(days_curve(MFUS, curve, mfu, days, theme()), "days")


def _time(days: float) -> str:
    if days >= 1:
        return t("ui.time.days", days=f"{days:,.1f}")
    return t("ui.time.clock", clock=str(timedelta(days=days)).split(".")[0])


@fragment
def _attention(model: Architecture) -> None:
    st.header(t("ui.time.attention"), anchor=False)
    st.write(t("ui.time.attention_intro"))
    st.latex(r"\frac{12\,T^2 d\,L}{6NT + 12\,T^2 d\,L}")
    left, right = beside("time_attention", 3, 5)
    with left:
        length = LENGTH.select_slider(t("ui.common.length"), "{:,}".format)
    shares = [_share(model, tokens) for tokens in LENGTHS]
    with left:
        facts(
            {
                t("ui.time.width_and_layers"): f"{model.width:,}, {model.layers}",
                t("ui.time.attention_share"): f"{_share(model, length):.1%}",
                t("ui.time.scores_bytes"): in_words(attention_scores_bytes(1, model.heads, length), "B"),
            }
        )
    with right:
        show(share_area(LENGTHS, shares, length, _share(model, length), theme()), "attention_share")


def _share(model: Architecture, tokens: int) -> float:
    return attention_share(tokens, model.matmul_parameters, model.width, model.layers)


SECTIONS = (_days, _attention)
