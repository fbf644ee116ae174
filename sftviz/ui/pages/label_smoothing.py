"""Label smoothing: soften the target, and see loss, gradient and a chat's costs follow."""

import math
from collections.abc import Callable

import streamlit as st
import torch

from sftviz import assets
from sftviz.figures.smoothing import Calibration, Gap, calibration_curves, over_gap, target_bars, token_costs
from sftviz.inspection import inspect
from sftviz.loss import IGNORE, SMOOTHINGS, best_gap, smoothed_target
from sftviz.loss.metrics import calibration_error, reliability
from sftviz.loss.smoothing import loss_at_gap, slope_at_gap, smoothed_from
from sftviz.model import load_model
from sftviz.training.output_layer import States, fit_output_layer, output_matrix, supervised_states
from sftviz.ui.components.chat_choice import chosen_chat
from sftviz.ui.components.facts import facts
from sftviz.ui.components.live_slider import live_slider
from sftviz.ui.language import t, told
from sftviz.ui.theme import show, theme

VOCABULARIES = (2, 5, 50, 4096, 151_936)
SHOWN = 5
STEPS = 80
MODEL = "sftviz/tiny-sft"
GAPS = torch.linspace(-4, 20, 121, dtype=torch.float64)


def page() -> None:
    st.title(t("What does label smoothing ask for?"))
    st.write(
        t(
            "Plain cross-entropy is never content: it wants the target's logit infinitely far above the others. "
            "Smoothing gives a share ε to all tokens, and so there is a best gap, and a gradient that turns round at "
            "it."
        )
    )
    _lab()


@st.fragment
def _lab() -> None:
    left, right = st.columns([2, 5], gap="large")
    with left:
        epsilon = live_slider(t("Smoothing ε"), 0, 0.5, 0.1, 0.01, key="smoothing_epsilon", ends=(t("none"), t("half")))
        vocabulary = st.select_slider(t("Vocabulary V"), VOCABULARIES, value=50, key="smoothing_vocabulary")
        convention = st.selectbox(
            t("Convention"),
            list(SMOOTHINGS),
            format_func=lambda name: t(SMOOTHINGS[name].title),
            key="smoothing_convention",
        )
        st.latex(SMOOTHINGS[convention].formula)
        st.caption(SMOOTHINGS[convention].source)
        at = live_slider(t("Logit gap"), -4, 20, 6, 0.1, key="smoothing_gap", ends=(t("target behind"), t("far ahead")))
        best = best_gap(epsilon, vocabulary, convention)
        _best(best, epsilon, vocabulary, convention)
    with right:
        q = smoothed_target(torch.tensor([0]), vocabulary, epsilon, convention)[0]
        show(target_bars(q[:SHOWN].tolist(), max(0, vocabulary - SHOWN), theme()), "target_bars")
        losses = {
            "cross_entropy": lambda gaps: loss_at_gap(gaps, vocabulary, 0.0),
            "smoothed": lambda gaps: loss_at_gap(gaps, vocabulary, epsilon, convention),
        }
        show(over_gap(_gap(losses, at, best), "loss in nats", theme()), "loss_over_gap")
        slopes = {
            "cross_entropy": lambda gaps: slope_at_gap(gaps, vocabulary, 0.0),
            "smoothed": lambda gaps: slope_at_gap(gaps, vocabulary, epsilon, convention),
        }
        show(over_gap(_gap(slopes, at, best), "∂L/∂z of the target", theme()), "slope_over_gap")
    st.divider()
    _on_a_chat(epsilon, convention)
    st.divider()
    _calibration(epsilon)


def _best(best: float, epsilon: float, vocabulary: int, convention: str) -> None:
    if not math.isfinite(best):
        facts({t("best gap"): t("infinite: nothing is smoothed")})
        return
    least = float(loss_at_gap(torch.tensor([best], dtype=torch.float64), vocabulary, epsilon, convention))
    facts(
        {
            t("best gap, log of the two shares' ratio"): f"{best:.3f}",
            t("least loss, the entropy of q"): f"{least:.3f} nats",
        }
    )


def _gap(curves: dict[str, Callable[[torch.Tensor], torch.Tensor]], at: float, best: float) -> Gap:
    here = torch.tensor([at], dtype=torch.float64)
    return Gap(
        GAPS.tolist(),
        {name: curve(GAPS).tolist() for name, curve in curves.items()},
        at,
        {name: float(curve(here)) for name, curve in curves.items()},
        best,
    )


def _on_a_chat(epsilon: float, convention: str) -> None:
    st.subheader(t("On a chat"))
    seen = chosen_chat("smoothing_chat")
    losses = seen.losses
    counted = [at for at, target in enumerate(seen.supervision.targets) if target != IGNORE]
    if losses is None or not counted:
        st.write(t("Nothing is supervised in this chat under its policy, so smoothing has nothing to change."))
        return
    plain, uniform = losses.nll[counted], losses.uniform_nll[counted]
    smoothed = smoothed_from(plain, uniform, len(seen.rendering.tokenizer), epsilon, convention)
    rows = seen.rows()
    texts = [rows[at]["target_text"] for at in counted]
    show(token_costs(texts, plain.tolist(), smoothed.tolist(), theme()), "token_costs")
    facts(
        {
            t("mean over the supervised tokens, plain"): f"{float(plain.mean()):.3f} nats",
            t("the same, smoothed"): f"{float(smoothed.mean()):.3f} nats",
            t("the most that smoothing adds to a token"): f"{float((smoothed - plain).max()):.3f} nats",
        }
    )
    st.caption(t("A token that was nearly free now costs the most extra: being sure is what smoothing taxes."))


@st.fragment
def _calibration(epsilon: float) -> None:
    st.subheader(t("Does it make the model less sure of itself?"))
    st.write(
        t(
            "Train the embedded model's output layer on half of its held-out chats, once plainly and once smoothed, "
            "and look at the other half: when it says 0.8, is it right eight times in ten?"
        )
    )
    if st.button(t("Train both, {steps} steps each").format(steps=STEPS), key="calibrate", type="primary"):
        st.session_state.calibration = _measured(epsilon)
    runs = st.session_state.get("calibration")
    if runs:
        show(calibration_curves(runs, theme()), "calibration")
        st.caption(
            t(
                "ECE is the mean distance from the dotted line, weighed by how many predictions stand in a bin. Below "
                "the line the model is surer than it is right."
            )
        )


def _measured(epsilon: float) -> list[Calibration]:
    bar = st.progress(0.0, t("Reading the held-out chats …"))
    fitted, measured = _states()
    head = output_matrix(load_model(MODEL))
    runs = [_calibration_of("before", head, measured)]
    for run, (title, share) in enumerate((("plain", 0.0), (f"smoothed with ε = {epsilon:g}", epsilon))):
        weight = fit_output_layer(
            head,
            fitted,
            share,
            steps=STEPS,
            on_step=lambda step, run=run, title=title: bar.progress((run * STEPS + step) / (2 * STEPS), told(title)),
        )
        runs.append(_calibration_of(title, weight, measured))
    bar.empty()
    return runs


@st.cache_resource(show_spinner=False)
def _states() -> tuple[States, States]:
    seen = [inspect(chat, model=None) for chat in assets.held_out()["chats"]]
    rows = [(one.rendering.ids, one.supervision.labels) for one in seen]
    model = load_model(MODEL)
    return supervised_states(model, rows[::2]), supervised_states(model, rows[1::2])


def _calibration_of(title: str, weight: torch.Tensor, states: States) -> Calibration:
    logits, labels = states.as_batch(weight)
    bins = reliability(logits, labels, bins=10)
    return Calibration(
        title,
        [b.confidence for b in bins],
        [b.accuracy for b in bins],
        [b.count for b in bins],
        calibration_error(bins),
    )
