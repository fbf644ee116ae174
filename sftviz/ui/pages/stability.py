"""Numerical stability: push the logits until the naive softmax breaks, and see what each step holds."""

import math
from collections.abc import Callable

import streamlit as st
import torch

from sftviz.figures.stability import push_curves
from sftviz.loss.probability import Step, largest_exponent, naive_steps, stable_steps
from sftviz.ui.components.facts import facts
from sftviz.ui.components.live_slider import live_slider
from sftviz.ui.language import t
from sftviz.ui.theme import show, theme

PRECISIONS = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32, "float64": torch.float64}
LOGITS = torch.tensor([2.0, 1.0, 0.0, -1.0, 0.5], dtype=torch.float64)
TARGET = 1
PUSHES = torch.linspace(-120, 120, 241, dtype=torch.float64)


def page() -> None:
    st.title(t("Why is the largest logit taken off first?"))
    half, single = (largest_exponent(dtype) for dtype in (torch.float16, torch.float32))
    st.write(
        t(
            "Adding the same number to every logit changes no probability. A machine does not know that: it forms "
            "$e^z$, which is too large for float16 as soon as z is above {half}, and for float32 above {single}. "
            "Push, and watch."
        ).format(half=f"{half:.2f}", single=f"{single:.2f}")
    )
    _lab()


@st.fragment
def _lab() -> None:
    left, right = st.columns([2, 5], gap="large")
    with left:
        name = st.selectbox(t("Precision"), list(PRECISIONS), index=2, key="precision")
        push = live_slider(t("Constant added to every logit"), -120, 120, 95, 1, key="push")
        spread = live_slider(
            t("Spread of the logits"), 1, 60, 1, 1, key="spread", ends=(t("as they are"), t("far apart"))
        )
    dtype = PRECISIONS[name]
    logits = (LOGITS * spread + push).to(dtype)
    exact = float(-torch.log_softmax(LOGITS * spread, dim=-1)[TARGET])
    breaks_at = largest_exponent(dtype) - float((LOGITS * spread).max())
    with left:
        facts(
            {
                t("in exact arithmetic, whatever is added"): f"{exact:.4f} nats",
                t("naive, in {precision}").format(precision=name): _cost(naive_steps(logits, TARGET)),
                t("stable, in {precision}").format(precision=name): _cost(stable_steps(logits, TARGET)),
            }
        )
    with right:
        naive, stable = (_sweep(steps, spread, dtype) for steps in (naive_steps, stable_steps))
        show(push_curves(PUSHES.tolist(), naive, stable, push, breaks_at, theme()), "push_curves")
    left, right = st.columns(2, gap="large")
    with left:
        _steps(t("As the formula is written"), naive_steps(logits, TARGET))
    with right:
        _steps(t("With log-sum-exp"), stable_steps(logits, TARGET))
    st.caption(
        t(
            "float16 ends at {largest}; bfloat16 goes as far as float32 and keeps fewer digits (steps of {step}). "
            "sftviz computes half-precision losses in float32, as training frameworks do."
        ).format(largest=f"{torch.finfo(torch.float16).max:,.0f}", step=f"{torch.finfo(torch.bfloat16).eps:.1%}")
    )


def _sweep(steps: Callable[[torch.Tensor, int], list[Step]], spread: float, dtype: torch.dtype) -> list[float | None]:
    ends = [float(steps((LOGITS * spread + float(push)).to(dtype), TARGET)[-1].values) for push in PUSHES]
    return [value if math.isfinite(value) else None for value in ends]


def _cost(steps: list[Step]) -> str:
    return f"{float(steps[-1].values):.4f} nats" if not steps[-1].is_broken else t("✗ no number")


def _steps(title: str, steps: list[Step]) -> None:
    st.markdown(f"**{title}**")
    lines = [f"| | | {t('holds')} |", "|---|---|---|"]
    for step in steps:
        values = ", ".join(f"{float(value):.4g}" for value in step.values)
        lines.append(f"| {'✗' if step.is_broken else '✓'} {t(step.name)} | ${step.formula}$ | {values} |")
    st.markdown("\n".join(lines))
