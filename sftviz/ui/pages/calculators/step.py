"""What does a step look like? Its length, its clipping, and how a spike is seen."""

import random

import streamlit as st
import torch

from sftviz.figures.training_parts import Watched, clipping_arrows, schedule_curves, spike_curve
from sftviz.training.clipping import CLIPPINGS, clipped
from sftviz.training.schedule import SCHEDULES, LearningRate
from sftviz.training.spikes import MONITORS, find_spikes
from sftviz.ui.components.facts import facts
from sftviz.ui.lab import beside
from sftviz.ui.language import explained, t, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Number, table
from sftviz.ui.theme import show, theme

STEPS = 200
SCHEDULE = Choice("schedule", "cosine", tuple(SCHEDULES))
STEP = Number("schedule_step", 40, 0, STEPS - 1, 1)
WARMUP = Number("schedule_warmup", 20, 0, STEPS // 2, 1)
FLOOR = Number("schedule_floor", 0.1, 0, 1, 0.05)
PEAK = Choice("peak", 2e-5, (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 1e-3))
CLIP_FIRST = Number("clip_first", 4.0, -5, 5, 0.1)
CLIP_SECOND = Number("clip_second", 0.8, -5, 5, 0.1)
CLIP_LIMIT = Number("clip_limit", 1.0, 0.1, 5, 0.1)
SPIKE_FIRST = Number("spike_first", 6.0, 0, 10, 0.5)
SPIKE_SECOND = Number("spike_second", 2.0, 0, 10, 0.5)
THRESHOLD = Number("spike_threshold", 5.0, 2, 10, 0.5)
KNOBS = table(
    SCHEDULE, STEP, WARMUP, FLOOR, PEAK, CLIP_FIRST, CLIP_SECOND, CLIP_LIMIT, SPIKE_FIRST, SPIKE_SECOND, THRESHOLD
)
FIRST, SECOND = 90, 110  # steps of the made curve that hold a spike


@fragment
def _schedule() -> None:
    st.header(t("ui.step.schedule_heading"), anchor=False)
    st.write(t("ui.step.schedule_intro"))
    left, right = beside("step_schedule", 3, 5)
    with left:
        name = SCHEDULE.segmented(t("ui.step.schedule"), lambda name: words_of("schedule", SCHEDULES[name]))
        row = SCHEDULES[name]
        step = STEP.live(t("ui.step.step"))
        warmup = WARMUP.live(t("ui.step.warmup"))
        floor = FLOOR.live(t("ui.step.floor"))
        peak = PEAK.select_slider(t("ui.step.peak"), "{:g}".format)
    plans = {name: LearningRate(name, peak, warmup, STEPS, floor) for name in SCHEDULES}
    with left:
        facts({t("ui.step.learning_rate", step=step): f"{plans[name].at(step):.3g}"})
        st.caption(explained("schedule", row))
    with right:
        show(schedule_curves({name: plan.curve() for name, plan in plans.items()}, name, step, theme()), "schedules")
        st.latex(
            r"\frac{\eta_s}{\eta_{\max}} = \begin{cases} s/w & s < w \\ "
            + row.formula
            + r" & s \ge w,\; u = \frac{s-w}{n-w} \end{cases}"
        )


@fragment
def _clipping() -> None:
    st.header(t("ui.step.clipping"), anchor=False)
    st.write(t("ui.step.clipping_intro"))
    st.latex(CLIPPINGS["norm"].formula)
    st.latex(CLIPPINGS["value"].formula)
    left, right = beside("step_clipping", 3, 5)
    with left:
        first = CLIP_FIRST.live(t("ui.step.first_number"))
        second = CLIP_SECOND.live(t("ui.step.second_number"))
        limit = CLIP_LIMIT.live(t("ui.step.limit"))
    gradient = [torch.tensor([first, second], dtype=torch.float64)]
    with left:
        facts({words_of("clipping", CLIPPINGS[name]): _turned(gradient, name, limit) for name in ("norm", "value")})
    with right:
        arrows = {name: row.clip(gradient, limit)[0].tolist() for name, row in CLIPPINGS.items()}
        show(clipping_arrows(arrows, limit, theme()), "clipping")


def _turned(gradient: list[torch.Tensor], clipping: str, limit: float) -> str:
    seen = clipped(gradient, clipping, limit)
    return t(
        "ui.step.turned",
        before=f"{seen.norm_before:.2f}",
        after=f"{seen.norm_after:.2f}",
        cosine=f"{seen.direction:.3f}",
    )


@fragment
def _spikes() -> None:
    st.header(t("ui.step.spikes"), anchor=False)
    st.write(t("ui.step.spikes_intro"))
    st.latex(MONITORS["robust"].formula)
    st.latex(MONITORS["naive"].formula)
    left, right = beside("step_spikes", 3, 5)
    with left:
        first = SPIKE_FIRST.live(t("ui.step.first_spike"))
        second = SPIKE_SECOND.live(t("ui.step.second_spike"))
        threshold = THRESHOLD.live(t("ui.step.threshold"))
    losses = _made_curve(first, second)
    seen = {name: find_spikes(losses, name, threshold=threshold) for name in MONITORS}
    watched = {
        name: Watched([one.limit for one in row], [one.step for one in row if one.is_spike])
        for name, row in seen.items()
    }
    with left:
        facts({words_of("monitor", MONITORS[name]): _found(one, first, second) for name, one in watched.items()})
    with right:
        show(spike_curve(losses, watched, theme()), "spikes")
        st.caption(t("ui.step.made_curve"))


def _made_curve(first: float, second: float) -> list[float]:
    draws = random.Random(0)
    losses = [draws.gauss(2, 0.05) for _ in range(STEPS)]
    losses[FIRST] += first
    losses[SECOND] += second
    return losses


def _found(watched: Watched, first: float, second: float) -> str:
    there = [step for step, height in ((FIRST, first), (SECOND, second)) if height]
    missed = [step for step in there if step not in watched.spikes]
    found = t("ui.step.found", steps=", ".join(map(str, watched.spikes)) or "–")
    if not missed:
        return f"✓ {found}"
    return t("ui.step.missed", found=found, steps=", ".join(map(str, missed)))


SECTIONS = (_schedule, _clipping, _spikes)
