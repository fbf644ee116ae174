"""Information: take hold of two distributions, and see what cross-entropy is made of."""

import streamlit as st
import torch

from sftviz.figures.information import Split, coin_curve, in_bits, sums
from sftviz.figures.palette import SUPERVISED, TARGET
from sftviz.loss.information import bits, cross_entropy_between, entropy, kl_divergence
from sftviz.ui.components.drag_bars import Shares
from sftviz.ui.components.facts import facts
from sftviz.ui.lab import beside, titled
from sftviz.ui.language import t
from sftviz.ui.piece import fragment
from sftviz.ui.state import Number, table
from sftviz.ui.theme import show, theme

OUTCOMES = ("cat", "dog", "owl", "eel")
HAPPENS = Shares("information_p", (0.5, 0.25, 0.125, 0.125))
BELIEVED = Shares("information_q", (0.1, 0.2, 0.3, 0.4))
FORMULA = r"""\begin{aligned} H(p, q) &= -\textstyle\sum_k p_k \log q_k \\
&= H(p) + \mathrm{KL}(p \,\|\, q) \end{aligned}"""
COIN = Number("coin", 0.9, 0, 1, 0.01)
KNOBS = table(HAPPENS, BELIEVED, COIN)


def page() -> None:
    titled(t("ui.information.title"))
    st.write(t("ui.information.intro"))
    _two()
    st.divider()
    _coin()


@fragment
def _two() -> None:
    left, right = beside("information_two", 3, 4)
    with left:
        outcomes = [t(f"ui.information.{outcome}") for outcome in OUTCOMES]
        p = _tensor(HAPPENS.bars(t("ui.information.p"), outcomes, SUPERVISED))
        q = _tensor(BELIEVED.bars(t("ui.information.q"), outcomes, TARGET))
        st.caption(t("ui.information.how_to_drag"))
    surprise = {name: bits(float(value)) for name, value in _amounts(p, q).items()}
    with right:
        pairs = (("H(p)", "KL(p‖q)"), ("H(q)", "KL(q‖p)"))
        show(sums([Split(one, surprise[one], two, surprise[two]) for one, two in pairs], theme()), "sums")
        st.latex(FORMULA)
        facts(
            {
                t("ui.information.cross_entropy"): _bits(surprise["H(p, q)"]),
                t("ui.information.other_way_round"): _bits(surprise["H(q, p)"]),
            }
        )
        st.caption(t("ui.information.two_kl"))


def _tensor(shares: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(shares, dtype=torch.float64)


def _bits(amount: float) -> str:
    return t("ui.information.bits", amount=in_bits(amount))


def _amounts(p: torch.Tensor, q: torch.Tensor) -> dict[str, torch.Tensor]:
    return {
        "H(p)": entropy(p),
        "H(q)": entropy(q),
        "H(p, q)": cross_entropy_between(p, q),
        "H(q, p)": cross_entropy_between(q, p),
        "KL(p‖q)": kl_divergence(p, q),
        "KL(q‖p)": kl_divergence(q, p),
    }


@fragment
def _coin() -> None:
    st.header(t("ui.information.coin"), anchor=False)
    left, right = beside("information_coin")
    with left:
        heads = COIN.live(
            t("ui.information.probability_heads"),
            ends=(t("ui.information.always_tails"), t("ui.information.always_heads")),
        )
        nats = float(entropy(_coins(torch.tensor([heads]))))
        facts({t("ui.information.entropy"): f"{_bits(bits(nats))} = {in_bits(nats)} nats"})
        st.caption(t("ui.information.bit_and_nats"))
    with right:
        shares = torch.linspace(0, 1, 101)
        curve = bits(entropy(_coins(shares)))
        show(coin_curve(shares.tolist(), curve.tolist(), heads, bits(nats), theme()), "coin_curve")


def _coins(heads: torch.Tensor) -> torch.Tensor:
    return torch.stack([heads, 1 - heads], dim=-1).double()
