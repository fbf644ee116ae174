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
from sftviz.ui.components.chat_choice import chat_knob, chosen_chat
from sftviz.ui.components.facts import facts
from sftviz.ui.lab import beside, titled
from sftviz.ui.language import t, told, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Number, table
from sftviz.ui.theme import show, theme
from sftviz.words import Said

EPSILON = Number("smoothing_epsilon", 0.1, 0, 0.5, 0.01)
VOCABULARY = Choice("smoothing_vocabulary", 50, (2, 5, 50, 4096, 151_936))
CONVENTION = Choice("smoothing_convention", next(iter(SMOOTHINGS)), tuple(SMOOTHINGS))
GAP = Number("smoothing_gap", 6.0, -4, 20, 0.1)
CHAT = chat_knob("smoothing_chat")
KNOBS = table(EPSILON, VOCABULARY, CONVENTION, GAP, CHAT)

SHOWN = 5
STEPS = 80
MODEL = "sftviz/tiny-sft"
GAPS = torch.linspace(-4, 20, 121, dtype=torch.float64)


def page() -> None:
    titled(t("ui.label_smoothing.title"))
    st.write(t("ui.label_smoothing.intro"))
    _lab()


@fragment
def _lab() -> None:
    left, right = beside("label_smoothing_lab")
    with left:
        epsilon = EPSILON.live(
            t("ui.label_smoothing.epsilon"), ends=(t("ui.common.none"), t("ui.label_smoothing.half"))
        )
        vocabulary = VOCABULARY.select_slider(t("ui.common.vocabulary"))
        convention = CONVENTION.selectbox(
            t("ui.label_smoothing.convention"), lambda name: words_of("smoothing", SMOOTHINGS[name])
        )
        st.latex(SMOOTHINGS[convention].formula)
        st.caption(SMOOTHINGS[convention].source)
        at = GAP.live(
            t("ui.label_smoothing.logit_gap"),
            ends=(t("ui.label_smoothing.target_behind"), t("ui.label_smoothing.far_ahead")),
        )
        best = best_gap(epsilon, vocabulary, convention)
        _best(best, epsilon, vocabulary, convention)
    with right:
        q = smoothed_target(torch.tensor([0]), vocabulary, epsilon, convention)[0]
        show(target_bars(q[:SHOWN].tolist(), max(0, vocabulary - SHOWN), theme()), "target_bars")
        losses = {
            "cross_entropy": lambda gaps: loss_at_gap(gaps, vocabulary, 0.0),
            "smoothed": lambda gaps: loss_at_gap(gaps, vocabulary, epsilon, convention),
        }
        show(over_gap(_gap(losses, at, best), t("ui.common.loss_nats"), theme()), "loss_over_gap")
        slopes = {
            "cross_entropy": lambda gaps: slope_at_gap(gaps, vocabulary, 0.0),
            "smoothed": lambda gaps: slope_at_gap(gaps, vocabulary, epsilon, convention),
        }
        show(over_gap(_gap(slopes, at, best), t("ui.label_smoothing.slope"), theme()), "slope_over_gap")
    st.divider()
    _on_a_chat(epsilon, convention)
    st.divider()
    _calibration(epsilon)


def _best(best: float, epsilon: float, vocabulary: int, convention: str) -> None:
    if not math.isfinite(best):
        facts({t("ui.label_smoothing.best_gap"): t("ui.label_smoothing.no_best_gap")})
        return
    least = float(loss_at_gap(torch.tensor([best], dtype=torch.float64), vocabulary, epsilon, convention))
    facts(
        {
            t("ui.label_smoothing.best_gap_value"): f"{best:.3f}",
            t("ui.label_smoothing.least_loss"): f"{least:.3f} nats",
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
    st.header(t("ui.label_smoothing.on_a_chat"), anchor=False)
    seen = chosen_chat(CHAT)
    losses = seen.losses
    counted = [at for at, target in enumerate(seen.supervision.targets) if target != IGNORE]
    if losses is None or not counted:
        st.write(t("ui.label_smoothing.nothing_supervised"))
        return
    plain, uniform = losses.nll[counted], losses.uniform_nll[counted]
    smoothed = smoothed_from(plain, uniform, len(seen.rendering.tokenizer), epsilon, convention)
    rows = seen.rows()
    texts = [rows[at].prediction.target_text for at in counted]
    show(token_costs(texts, plain.tolist(), smoothed.tolist(), theme()), "token_costs")
    facts(
        {
            t("ui.label_smoothing.plain_mean"): f"{float(plain.mean()):.3f} nats",
            t("ui.label_smoothing.smoothed_mean"): f"{float(smoothed.mean()):.3f} nats",
            t("ui.label_smoothing.most_added"): f"{float((smoothed - plain).max()):.3f} nats",
        }
    )
    st.caption(t("ui.label_smoothing.chat_legend"))


@fragment
def _calibration(epsilon: float) -> None:
    st.header(t("ui.label_smoothing.calibration"), anchor=False)
    st.write(t("ui.label_smoothing.calibration_intro"))
    if st.button(t("ui.label_smoothing.train", steps=STEPS), key="calibrate", type="primary"):
        st.session_state.calibration = _measured(epsilon)
    runs = st.session_state.get("calibration")
    if runs:
        show(calibration_curves(runs, theme()), "calibration")
        st.caption(t("ui.label_smoothing.ece_legend"))


def _measured(epsilon: float) -> list[Calibration]:
    bar = st.progress(0.0, t("ui.label_smoothing.reading"))
    fitted, measured = _states()
    head = output_matrix(load_model(MODEL))
    runs = [_calibration_of(Said("figure.smoothing.before"), head, measured)]
    plain, smoothed = Said("figure.smoothing.run_plain"), Said("figure.smoothing.run_smoothed", epsilon=epsilon)
    for run, (title, share) in enumerate(((plain, 0.0), (smoothed, epsilon))):
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


def _calibration_of(title: Said, weight: torch.Tensor, states: States) -> Calibration:
    logits, labels = states.as_batch(weight)
    bins = reliability(logits, labels, bins=10)
    return Calibration(
        title,
        [b.confidence for b in bins],
        [b.accuracy for b in bins],
        [b.count for b in bins],
        calibration_error(bins),
    )
