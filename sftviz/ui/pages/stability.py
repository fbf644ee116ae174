"""Numerical stability: push the logits until the naive softmax breaks, and see what each step holds."""

import math
from collections.abc import Callable

import streamlit as st
import torch

from sftviz.figures.stability import push_curves
from sftviz.loss.probability import Step, largest_exponent, naive_steps, stable_steps
from sftviz.ui.components.facts import facts
from sftviz.ui.lab import beside, pair, titled
from sftviz.ui.language import t
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Number, table
from sftviz.ui.theme import show, theme

PRECISIONS = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32, "float64": torch.float64}
PRECISION = Choice("precision", "float32", tuple(PRECISIONS))
PUSH = Number("push", 95.0, -120, 120, 1.0)
SPREAD = Number("spread", 1.0, 1, 60, 1.0)
KNOBS = table(PRECISION, PUSH, SPREAD)

LOGITS = torch.tensor([2.0, 1.0, 0.0, -1.0, 0.5], dtype=torch.float64)
TARGET = 1
PUSHES = torch.linspace(-120, 120, 241, dtype=torch.float64)


def page() -> None:
    titled(t("ui.stability.title"))
    half, single = (largest_exponent(dtype) for dtype in (torch.float16, torch.float32))
    st.write(t("ui.stability.intro", half=f"{half:.2f}", single=f"{single:.2f}"))
    _lab()


@fragment
def _lab() -> None:
    left, right = beside("stability_lab")
    with left:
        name = PRECISION.selectbox(t("ui.stability.precision"))
        push = PUSH.live(t("ui.stability.push"))
        spread = SPREAD.live(
            t("ui.stability.spread"), ends=(t("ui.stability.as_they_are"), t("ui.stability.far_apart"))
        )
    dtype = PRECISIONS[name]
    logits = (LOGITS * spread + push).to(dtype)
    exact = float(-torch.log_softmax(LOGITS * spread, dim=-1)[TARGET])
    breaks_at = largest_exponent(dtype) - float((LOGITS * spread).max())
    with left:
        facts(
            {
                t("ui.stability.exact"): f"{exact:.4f} nats",
                t("ui.stability.naive", precision=name): _cost(naive_steps(logits, TARGET)),
                t("ui.stability.stable", precision=name): _cost(stable_steps(logits, TARGET)),
            }
        )
    with right:
        naive, stable = (_sweep(steps, spread, dtype) for steps in (naive_steps, stable_steps))
        show(push_curves(PUSHES.tolist(), naive, stable, push, breaks_at, theme()), "push_curves")
    left, right = pair("steps")
    with left:
        _steps(t("ui.stability.as_written"), naive_steps(logits, TARGET))
    with right:
        _steps(t("ui.stability.with_log_sum_exp"), stable_steps(logits, TARGET))
    st.caption(
        t(
            "ui.stability.precisions",
            largest=f"{torch.finfo(torch.float16).max:,.0f}",
            step=f"{torch.finfo(torch.bfloat16).eps:.1%}",
        )
    )


def _sweep(steps: Callable[[torch.Tensor, int], list[Step]], spread: float, dtype: torch.dtype) -> list[float | None]:
    ends = [float(steps((LOGITS * spread + float(push)).to(dtype), TARGET)[-1].values) for push in PUSHES]
    return [value if math.isfinite(value) else None for value in ends]


def _cost(steps: list[Step]) -> str:
    return f"{float(steps[-1].values):.4f} nats" if not steps[-1].is_broken else t("ui.stability.no_number")


def _steps(title: str, steps: list[Step]) -> None:
    st.markdown(f"**{title}**")
    heads = (t("ui.stability.step"), t("ui.stability.formula"), t("ui.stability.holds"))
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|"]
    for step in steps:
        values = ", ".join(f"{float(value):.4g}" for value in step.values)
        lines.append(f"| {'✗' if step.is_broken else '✓'} {t(f'step.{step.name}')} | ${step.formula}$ | {values} |")
    st.markdown("\n".join(lines))
