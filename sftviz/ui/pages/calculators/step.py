"""What does a step look like? Its length, its clipping, and how a spike is seen."""

import random

import streamlit as st
import torch

from sftviz.figures.training_parts import Watched, clipping_arrows, schedule_curves, spike_curve
from sftviz.training.clipping import CLIPPINGS, clipped
from sftviz.training.schedule import SCHEDULES, LearningRate
from sftviz.training.spikes import MONITORS, find_spikes
from sftviz.ui.components.facts import facts
from sftviz.ui.components.live_slider import live_slider
from sftviz.ui.language import t
from sftviz.ui.theme import show, theme

STEPS = 200
FIRST, SECOND = 90, 110  # steps of the made curve that hold a spike


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


SECTIONS = (_schedule, _clipping, _spikes)
