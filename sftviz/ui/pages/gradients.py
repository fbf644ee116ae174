"""Gradients: drag the target from right to wrong, and see which loss still pulls."""

import streamlit as st
import torch

from sftviz.figures.gradients import Pulls, descents, gradient_bars, pull_curves
from sftviz.loss import LOSSES, descend, nll
from sftviz.loss.gradients import logit_gradient, squared_error_gradient, squared_error_shortcut
from sftviz.loss.losses import one_rival, steps_until
from sftviz.loss.squared_error import squared_error
from sftviz.ui.components.facts import facts
from sftviz.ui.components.linked import linked_choice
from sftviz.ui.components.live_slider import live_slider
from sftviz.ui.language import t
from sftviz.ui.theme import show, theme

GRADIENTS = {
    "cross_entropy": logit_gradient,
    "squared_error": squared_error_gradient,
    "shortcut": squared_error_shortcut,
}
VOCABULARIES = (2, 4, 8, 32, 4096)
SHOWN = 8  # tokens of the vocabulary with a bar of their own
SWEEP = torch.linspace(-14, 14, 141, dtype=torch.float64)


def page() -> None:
    st.title(t("Why cross-entropy and not squared error?"))
    st.write(
        t(
            "One position, one right token. Cross-entropy pulls hardest when the model is confidently wrong. Squared "
            "error on probabilities goes flat exactly there, so nothing is learned where it is needed most."
        )
    )
    pull()
    st.divider()
    descent()
    st.divider()
    _formulas()


@st.fragment
def pull() -> None:
    left, right = st.columns([2, 5], gap="large")
    with left:
        target = live_slider(
            t("Logit of the target"),
            -14,
            14,
            -6,
            0.1,
            key="gradients_target",
            ends=(t("confidently wrong"), t("right")),
        )
        rival = live_slider(t("Logit of its rival"), 0, 14, 6, 0.5, key="gradients_rival")
        vocabulary = st.select_slider(
            t("Vocabulary V"),
            VOCABULARIES,
            value=linked_choice("gradients_vocabulary", VOCABULARIES, 8),
            key="gradients_vocabulary",
        )
        logarithmic = st.toggle(
            t("Logarithmic scale"), key="gradients_log", help=t("Shows how small a small gradient is.")
        )
    logits = one_rival(vocabulary, target, rival)
    here = _gradients(logits.unsqueeze(0))
    sweep = _gradients(torch.stack([one_rival(vocabulary, float(z), rival) for z in SWEEP]))
    pulls = {name: -float(gradient[0, 0]) for name, gradient in here.items()}
    with left:
        _numbers(logits, pulls)
    with right:
        curves = {name: (-gradient[:, 0]).tolist() for name, gradient in sweep.items()}
        show(pull_curves(Pulls(SWEEP.tolist(), curves, target, pulls), theme(), logarithmic=logarithmic), "pull_curves")
        tokens = ["target", "rival", *(f"token {k}" for k in range(2, min(vocabulary, SHOWN)))]
        bars = {name: gradient[0, :SHOWN].tolist() for name, gradient in here.items()}
        show(gradient_bars(tokens, logits.softmax(-1)[:SHOWN].tolist(), bars, theme()), "gradient_bars")
        if vocabulary > SHOWN:
            st.caption(t("The other {count} tokens are all like the last bar.").format(count=f"{vocabulary - SHOWN:,}"))


def _gradients(logits: torch.Tensor) -> dict[str, torch.Tensor]:
    targets = torch.zeros(len(logits), dtype=torch.long)
    return {name: gradient(logits, targets) for name, gradient in GRADIENTS.items()}


def _numbers(logits: torch.Tensor, pulls: dict[str, float]) -> None:
    row, target = logits.unsqueeze(0), torch.tensor([0])
    rows = {
        t("probability of the target"): f"{float(logits.softmax(-1)[0]):.3g}",
        t("cross-entropy: loss, pull"): f"{float(nll(row, target)):.2f} nats, {pulls['cross_entropy']:.3g}",
        t("squared error: loss, pull"): f"{float(squared_error(row, target)):.2f}, {pulls['squared_error']:.3g}",
    }
    if pulls["squared_error"] > 0:
        rows[t("cross-entropy pulls harder by")] = f"× {pulls['cross_entropy'] / pulls['squared_error']:,.3g}"
    facts(rows)


@st.fragment
def descent() -> None:
    st.subheader(t("Release both from the same start"))
    left, right = st.columns([2, 5], gap="large")
    with left:
        wrong_by = live_slider(t("The rival is ahead by"), 0, 20, 10, 0.5, key="descent_gap")
        rate = live_slider(t("Learning rate"), 0.1, 3, 1, 0.1, key="descent_rate")
        steps = st.select_slider(t("Steps"), (20, 40, 80, 160), value=40, key="descent_steps")
    start = one_rival(8, -wrong_by / 2, wrong_by / 2)
    paths = {
        name: descend(LOSSES[name].gradient, start, 0, steps, rate).softmax(-1)[:, 0]
        for name in ("cross_entropy", "squared_error")
    }
    with left:
        facts(
            {
                t("{loss}: p of the target above ½").format(loss=t(LOSSES[name].title)): _when(path, steps)
                for name, path in paths.items()
            }
        )
    with right:
        show(descents({name: path.tolist() for name, path in paths.items()}, theme()), "descents")


def _when(path: torch.Tensor, steps: int) -> str:
    reached = steps_until(path)
    if reached is None:
        return t("not within {steps} steps").format(steps=steps)
    return t("after {steps} steps").format(steps=reached)


def _formulas() -> None:
    st.subheader(t("Where the two come from"))
    told_and_formula = {
        t("**Cross-entropy.** The logarithm undoes the softmax, and what is left is the error itself."): (
            r"\frac{\partial}{\partial z_k}\left(-\log p_y\right) = p_k - y_k"
        ),
        t("**Squared error, exactly.** Every term keeps a factor $p_k$ from the softmax's Jacobian."): (
            r"2\,p_k\Big[(p_k - y_k) - \sum_j p_j\,(p_j - y_j)\Big]"
        ),
        t("**The shortcut.** The diagonal of the Jacobian alone: often quoted, vanishes too, is not the gradient."): (
            r"2\,(p_k - y_k)\,p_k\,(1 - p_k)"
        ),
    }
    for words, formula in told_and_formula.items():
        left, right = st.columns([1, 1], gap="large", vertical_alignment="center")
        left.markdown(words)
        right.latex(formula)
