"""Information: take hold of two distributions, and see what cross-entropy is made of."""

import streamlit as st
import torch

from sftviz.figures.information import Split, coin_curve, in_bits, sums
from sftviz.figures.palette import SUPERVISED, TARGET
from sftviz.loss.information import bits, cross_entropy_between, entropy, kl_divergence
from sftviz.ui.components.drag_bars import drag_bars
from sftviz.ui.components.facts import facts
from sftviz.ui.components.live_slider import live_slider
from sftviz.ui.language import t, told
from sftviz.ui.theme import show, theme

OUTCOMES = ("cat", "dog", "owl", "eel")
HAPPENS = (0.5, 0.25, 0.125, 0.125)
BELIEVED = (0.1, 0.2, 0.3, 0.4)


def page() -> None:
    st.title(t("What does a loss of so many nats mean?"))
    st.write(
        t(
            "It is surprise, averaged. Entropy is what a source costs somebody who knows it. Cross-entropy is what it "
            "costs somebody who believes q while p happens. The difference is KL: what the wrong belief costs, and all "
            "that training can take away."
        )
    )
    _two()
    st.divider()
    _coin()


@st.fragment
def _two() -> None:
    left, right = st.columns([3, 4], gap="large")
    with left:
        outcomes = [t(outcome) for outcome in OUTCOMES]
        p = drag_bars(t("p: what happens"), outcomes, HAPPENS, SUPERVISED, key="information_p")
        q = drag_bars(t("q: what the model believes"), outcomes, BELIEVED, TARGET, key="information_q")
        st.caption(t("Drag a bar, or choose it with Tab and press the arrow keys. The others share what is left."))
    surprise = {name: bits(float(value)) for name, value in _amounts(p, q).items()}
    with right:
        pairs = (("H(p)", "KL(p‖q)"), ("H(q)", "KL(q‖p)"))
        show(sums([Split(one, surprise[one], two, surprise[two]) for one, two in pairs], theme()), "sums")
        st.latex(r"H(p, q) = -\sum_k p_k \log q_k = H(p) + \mathrm{KL}(p \,\|\, q)")
        facts(
            {
                t("cross-entropy H(p, q)"): told(f"{in_bits(surprise['H(p, q)'])} bits"),
                t("the other way round, H(q, p)"): told(f"{in_bits(surprise['H(q, p)'])} bits"),
            }
        )
        st.caption(
            t(
                "The two KL differ. KL(p‖q) grows without end where q rules out what happens: maximum likelihood "
                "spreads over everything seen. KL(q‖p) punishes a q that spreads where p does not: it settles on one "
                "peak."
            )
        )


def _amounts(p: torch.Tensor, q: torch.Tensor) -> dict[str, torch.Tensor]:
    return {
        "H(p)": entropy(p),
        "H(q)": entropy(q),
        "H(p, q)": cross_entropy_between(p, q),
        "H(q, p)": cross_entropy_between(q, p),
        "KL(p‖q)": kl_divergence(p, q),
        "KL(q‖p)": kl_divergence(q, p),
    }


@st.fragment
def _coin() -> None:
    st.subheader(t("The coin"))
    left, right = st.columns([2, 5], gap="large")
    with left:
        heads = live_slider(
            t("Probability of heads"), 0, 1, 0.9, 0.01, key="coin", ends=(t("always tails"), t("always heads"))
        )
        nats = float(entropy(_coins(torch.tensor([heads]))))
        facts({t("entropy"): told(f"{in_bits(bits(nats))} bits") + f" = {in_bits(nats)} nats"})
        st.caption(t("One bit is log 2 nats. PyTorch's logarithm is the natural one, so a loss is in nats."))
    with right:
        shares = torch.linspace(0, 1, 101)
        curve = bits(entropy(_coins(shares)))
        show(coin_curve(shares.tolist(), curve.tolist(), heads, bits(nats), theme()), "coin_curve")


def _coins(heads: torch.Tensor) -> torch.Tensor:
    return torch.stack([heads, 1 - heads], dim=-1).double()
