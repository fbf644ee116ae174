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
from sftviz.ui.components.live_slider import live_slider
from sftviz.ui.language import t
from sftviz.ui.pages.calculators.memory import COUNTS, DEVICES
from sftviz.ui.theme import show, theme

LENGTHS = tuple(2**power for power in range(8, 21))
MFUS = [percent / 100 for percent in range(5, 71)]
DATA = tuple(10**power for power in range(6, 14))


@st.fragment
def _days(model: Architecture) -> None:
    st.subheader(t("Six operations a parameter and token"))
    left, right = st.columns([3, 5], gap="large")
    with left:
        st.write(
            t("Two for the forward pass, four for the backward one; the devices reach a share of their peak (MFU).")
        )
        st.latex(r"C = 6ND, \; \text{time} = \frac{C}{n \cdot \text{peak} \cdot \text{MFU}}")
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


SECTIONS = (_days, _attention)
