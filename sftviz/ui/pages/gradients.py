"""Gradients: drag the target from right to wrong, and see which loss still pulls."""

import streamlit as st
import torch

from sftviz.figures.gradients import Pulls, descents, gradient_bars, pull_curves
from sftviz.loss import LOSSES, descend, nll
from sftviz.loss.gradients import logit_gradient, squared_error_gradient, squared_error_shortcut
from sftviz.loss.losses import one_rival, steps_until
from sftviz.loss.squared_error import squared_error
from sftviz.ui.components.facts import facts, tokens_of
from sftviz.ui.lab import beside, titled
from sftviz.ui.language import t, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Number, Switch, table
from sftviz.ui.theme import show, theme

GRADIENTS = {
    "cross_entropy": logit_gradient,
    "squared_error": squared_error_gradient,
    "shortcut": squared_error_shortcut,
}
TARGET = Number("gradients_target", -6.0, -14, 14, 0.1)
RIVAL = Number("gradients_rival", 6.0, 0, 14, 0.5)
VOCABULARY = Choice("gradients_vocabulary", 8, (2, 4, 8, 32, 4096))
LOGARITHMIC = Switch("gradients_log", False)
GAP = Number("descent_gap", 10.0, 0, 20, 0.5)
RATE = Number("descent_rate", 1.0, 0.1, 3, 0.1)
STEPS = Choice("descent_steps", 40, (20, 40, 80, 160))
KNOBS = table(TARGET, RIVAL, VOCABULARY, LOGARITHMIC, GAP, RATE, STEPS)

SHOWN = 8  # tokens of the vocabulary with a bar of their own
SWEEP = torch.linspace(-14, 14, 141, dtype=torch.float64)


def page() -> None:
    titled(t("ui.gradients.title"))
    st.write(t("ui.gradients.intro"))
    pull()
    st.divider()
    descent()
    st.divider()
    _formulas()


@fragment
def pull() -> None:
    left, right = beside("gradients_pull")
    with left:
        target = TARGET.live(
            t("ui.common.logit_target"), ends=(t("ui.gradients.confidently_wrong"), t("ui.common.right"))
        )
        rival = RIVAL.live(t("ui.gradients.logit_rival"))
        vocabulary = VOCABULARY.select_slider(t("ui.common.vocabulary"))
        logarithmic = LOGARITHMIC.toggle(t("ui.gradients.logarithmic"), help=t("ui.gradients.logarithmic_help"))
    logits = one_rival(vocabulary, target, rival)
    here = _gradients(logits.unsqueeze(0))
    sweep = _gradients(torch.stack([one_rival(vocabulary, float(z), rival) for z in SWEEP]))
    pulls = {name: -float(gradient[0, 0]) for name, gradient in here.items()}
    with left:
        _numbers(logits, pulls)
    with right:
        curves = {name: (-gradient[:, 0]).tolist() for name, gradient in sweep.items()}
        show(pull_curves(Pulls(SWEEP.tolist(), curves, target, pulls), theme(), logarithmic=logarithmic), "pull_curves")
        tokens = tokens_of(min(vocabulary, SHOWN))
        bars = {name: gradient[0, :SHOWN].tolist() for name, gradient in here.items()}
        show(gradient_bars(tokens, logits.softmax(-1)[:SHOWN].tolist(), bars, theme()), "gradient_bars")
        if vocabulary > SHOWN:
            st.caption(t("ui.gradients.other_tokens", count=f"{vocabulary - SHOWN:,}"))


def _gradients(logits: torch.Tensor) -> dict[str, torch.Tensor]:
    targets = torch.zeros(len(logits), dtype=torch.long)
    return {name: gradient(logits, targets) for name, gradient in GRADIENTS.items()}


def _numbers(logits: torch.Tensor, pulls: dict[str, float]) -> None:
    row, target = logits.unsqueeze(0), torch.tensor([0])
    rows = {
        t("ui.gradients.probability_target"): f"{float(logits.softmax(-1)[0]):.3g}",
        t("ui.gradients.cross_entropy"): f"{float(nll(row, target)):.2f} nats, {pulls['cross_entropy']:.3g}",
        t("ui.gradients.squared_error"): f"{float(squared_error(row, target)):.2f}, {pulls['squared_error']:.3g}",
    }
    if pulls["squared_error"] > 0:
        times = pulls["cross_entropy"] / pulls["squared_error"]
        rows[t("ui.gradients.pulls_harder")] = f"× {times:,.0f}" if 1000 <= times < 1e9 else f"× {times:.3g}"
    if pulls["shortcut"] > 0:
        rows[t("ui.gradients.diagonal")] = (
            f"{pulls['shortcut']:.3g} (× {pulls['squared_error'] / pulls['shortcut']:.3g})"
        )
    facts(rows)


@fragment
def descent() -> None:
    st.header(t("ui.gradients.release"), anchor=False)
    left, right = beside("gradients_descent")
    with left:
        wrong_by = GAP.live(t("ui.gradients.rival_ahead"))
        rate = RATE.live(t("ui.gradients.learning_rate"))
        steps = STEPS.select_slider(t("ui.gradients.steps"))
    start = one_rival(8, -wrong_by / 2, wrong_by / 2)
    paths = {
        name: descend(LOSSES[name].gradient, start, 0, steps, rate).softmax(-1)[:, 0]
        for name in ("cross_entropy", "squared_error")
    }
    with left:
        facts(
            {
                t("ui.gradients.above_half", loss=words_of("loss", LOSSES[name])): _when(path, steps)
                for name, path in paths.items()
            }
        )
    with right:
        show(descents({name: path.tolist() for name, path in paths.items()}, theme(), at=0), "descents")


def _when(path: torch.Tensor, steps: int) -> str:
    reached = steps_until(path)
    if reached is None:
        return t("ui.gradients.not_within_steps", steps=steps)
    return t("ui.gradients.after_steps", steps=reached)


def _formulas() -> None:
    st.header(t("ui.gradients.formulas"), anchor=False)
    told_and_formula = {
        t("ui.gradients.cross_entropy_formula"): (r"\frac{\partial}{\partial z_k}\left(-\log p_y\right) = p_k - y_k"),
        t("ui.gradients.squared_error_formula"): (r"2\,p_k\Big[(p_k - y_k) - \sum_j p_j\,(p_j - y_j)\Big]"),
        t("ui.gradients.shortcut_formula"): (r"2\,(p_k - y_k)\,p_k\,(1 - p_k)"),
    }
    for words, formula in told_and_formula.items():
        left, right = st.columns([1, 1], gap="large", vertical_alignment="center")
        left.markdown(words)
        right.latex(formula)
