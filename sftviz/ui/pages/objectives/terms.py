"""What stands beside cross-entropy: InfoNCE, weighted sums, load balance, class weights, an entropy bonus."""

from collections.abc import Mapping

import streamlit as st
import torch
import torch.nn.functional as F
from torch import Tensor

from sftviz.figures.objectives import (
    Sweep,
    expert_bars,
    grouped_bars,
    loss_over_batch,
    partner_matrix,
    sweep_curves,
)
from sftviz.inspection import Inspection
from sftviz.loss import IGNORE, logit_gradient, nll
from sftviz.loss.losses import one_rival
from sftviz.loss.terms import (
    TERMS,
    class_weighted_mean,
    class_weighted_nll,
    entropy_bonus,
    entropy_gradient,
    gradient_shares,
    info_nce,
    load_balance,
    load_balance_gradient,
    loss_shares,
    noisy_pairs,
    partner_probabilities,
    prediction_entropy,
    routing,
    skewed_router,
    weighted_shares,
    weighted_sum,
)
from sftviz.model import load_model
from sftviz.training.output_layer import output_matrix, supervised_states
from sftviz.ui.components.chat_choice import chat_knob, chosen_chat
from sftviz.ui.components.facts import facts, tokens_of
from sftviz.ui.lab import beside
from sftviz.ui.language import sentence, t, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.state import Choice, Number, table
from sftviz.ui.theme import show, theme

MODEL = "sftviz/tiny-sft"
SIZES = (2, 4, 8, 16, 32, 64, 128)
SKEWS = torch.linspace(0, 8, 41, dtype=torch.float64)
ROUTED = 64  # tokens
FREQUENT, RARE = 9, 1  # rows of a batch
WEIGHTS = torch.linspace(0, 30, 61, dtype=torch.float64)
LOGITS = torch.linspace(-4, 12, 81, dtype=torch.float64)
VOCABULARY = 5

TEMPERATURE = Number("nce_temperature", 0.3, 0.02, 1, 0.01)
NOISE = Number("nce_noise", 0.7, 0, 3, 0.1)
SIZE = Choice("nce_size", 8, SIZES)
SUM_CHAT = chat_knob("sum_chat")
PROMPTS = Number("sum_prompts", 0.1, 0, 1, 0.01)
ENTROPY = Number("sum_entropy", 0.1, 0, 1, 0.01)
SKEW = Number("router_skew", 1.5, 0, 8, 0.1)
EXPERTS = Choice("router_experts", 4, (2, 4, 8))
WEIGHT = Number("class_weight", 3.0, 0, 30, 0.5)
SURE = Number("class_logit", 2.0, -4, 6, 0.1)
BETA = Number("bonus_beta", 0.3, 0, 1, 0.01)
BONUS_TARGET = Number("bonus_target", 4.0, -4, 12, 0.1)
KNOBS = table(TEMPERATURE, NOISE, SIZE, SUM_CHAT, PROMPTS, ENTROPY, SKEW, EXPERTS, WEIGHT, SURE, BETA, BONUS_TARGET)


def _heading(name: str) -> None:
    row = TERMS[name]
    st.header(words_of("term", row), anchor=False)
    st.write(sentence(words_of("term", row, "meaning")))


def _formulas(name: str) -> None:
    row = TERMS[name]
    st.latex(row.formula)
    st.caption(t("ui.terms.gradient", formula=f"${row.gradient_formula}$") + f"  \n{row.source}")


@fragment
def _partners() -> None:
    _heading("info_nce")
    left, middle, right = st.columns([2, 3, 3], gap="large")
    with left:
        temperature = TEMPERATURE.live(t("ui.common.temperature"), ends=(t("ui.terms.sharp"), t("ui.terms.flat")))
        noise = NOISE.live(t("ui.terms.noise"))
        size = SIZE.select_slider(t("ui.terms.pairs"))
        a, b = _pairs(noise)
        losses = [float(info_nce(a[:n], b[:n], temperature, both_ways=False).mean()) for n in SIZES]
        picked = partner_probabilities(a[:size], b[:size], temperature)
        guess = _guess(size)
        facts(
            {
                t("ui.common.loss"): f"{losses[SIZES.index(size)]:.3f} nats",
                t("ui.terms.guess"): f"{guess:.3f} nats",
                t("ui.terms.partner_found"): f"{float(picked.diagonal().mean()):.3f}",
            }
        )
    with middle:
        show(partner_matrix(picked.tolist(), theme()), "partner_matrix")
    with right:
        show(loss_over_batch(SIZES, losses, [_guess(n) for n in SIZES], size, theme()), "loss_over_batch")
        _formulas("info_nce")


def _pairs(noise: float) -> tuple[Tensor, Tensor]:
    return noisy_pairs(SIZES[-1], 16, noise, torch.Generator().manual_seed(0))


def _guess(size: int) -> float:
    """log N: what the loss is when all look the same."""
    return float(info_nce(torch.ones(size, 1), torch.ones(size, 1)).mean())


@fragment
def _sum() -> None:
    _heading("weighted_sum")
    left, right = beside("terms_sum")
    with left:
        seen = chosen_chat(SUM_CHAT, embedded=True)
        weights = {
            "answers": 1.0,
            "prompts": PROMPTS.live(t("ui.terms.prompts_weight")),
            "entropy": -ENTROPY.live(t("ui.terms.entropy_weight")),
        }
    found = _losses(seen)
    if found is None:
        st.info(t("ui.terms.one_kind_only"))
        return
    losses, head = found
    with left:
        facts(
            {
                t("ui.terms.answers_loss"): f"{losses['answers'].item():.3f} nats",
                t("ui.terms.prompts_loss"): f"{losses['prompts'].item():.3f} nats",
                t("ui.terms.answers_entropy"): f"{losses['entropy'].item():.3f} nats",
                t("ui.terms.weighted_sum"): f"{weighted_sum(losses, weights).item():.3f} nats",
            }
        )
    with right:
        shares = {
            t("ui.terms.share_of_loss"): loss_shares(losses, weights),
            t("ui.terms.share_of_gradient"): gradient_shares(losses, weights, [head]),
        }
        groups = {name: [share[term] for term in weights] for name, share in shares.items()}
        show(grouped_bars(_terms(weights), groups, t("ui.terms.share"), theme()), "sum_shares")
        st.caption(t("ui.terms.shares_legend"))
        _formulas("weighted_sum")


def _terms(weights: Mapping[str, float]) -> list[str]:
    return [t(f"ui.terms.{name}_term") for name in weights]


def _losses(seen: Inspection) -> tuple[dict[str, Tensor], Tensor] | None:
    """Three losses under one output matrix [V, d] that takes gradients; None where a chat lacks one kind of token."""
    ids, labels = list(seen.rendering.ids), list(seen.supervision.labels)
    others = [token if label == IGNORE else IGNORE for token, label in zip(ids, labels, strict=True)]
    if not any(label != IGNORE for label in labels[1:]) or not any(label != IGNORE for label in others[1:]):
        return None
    model = load_model(MODEL)
    answers, prompts = (supervised_states(model, [(ids, asked)]) for asked in (labels, others))
    head = output_matrix(model).detach().clone().requires_grad_(True)
    written, read = F.linear(answers.hidden, head), F.linear(prompts.hidden, head)
    losses = {
        "answers": nll(written, answers.targets).mean(),
        "prompts": nll(read, prompts.targets).mean(),
        "entropy": prediction_entropy(written).mean(),
    }
    return losses, head


@fragment
def _experts() -> None:
    _heading("load_balance")
    left, right = beside("terms_experts")
    with left:
        skew = SKEW.live(t("ui.terms.skew"), ends=(t("ui.terms.even"), t("ui.terms.collapsed")))
        experts = EXPERTS.select_slider(t("ui.terms.experts"))
        logits = _router(experts, skew)
        share, p = routing(logits)
        facts(
            {
                t("ui.common.loss"): f"{float(load_balance(logits)):.3f}",
                t("ui.terms.busiest_expert"): t(
                    "ui.terms.share_of_tokens", share=f"{float(share.max()):.0%}", count=ROUTED
                ),
            }
        )
        _formulas("load_balance")
    with right:
        pulls = load_balance_gradient(logits).sum(0)
        show(expert_bars(share.tolist(), p.mean(0).tolist(), pulls.tolist(), theme()), "expert_bars")
        curve = [float(load_balance(_router(experts, float(s)))) for s in SKEWS]
        sweep = Sweep(
            t("ui.terms.added_logit"),
            SKEWS.tolist(),
            {"E Σ f P": curve},
            skew,
            {t("ui.terms.all_even"): 1.0, t("ui.terms.all_to_one"): float(experts)},
        )
        show(sweep_curves(sweep, t("ui.terms.balance_loss"), theme()), "balance_curve")


def _router(experts: int, skew: float) -> Tensor:
    return skewed_router(ROUTED, experts, skew, torch.Generator().manual_seed(0))


@fragment
def _classes() -> None:
    _heading("class_weights")
    left, right = beside("terms_classes")
    with left:
        weight = WEIGHT.live(t("ui.terms.rare_weight"))
        sure = SURE.live(t("ui.terms.frequent_logit"))
        targets = torch.tensor([0] * FREQUENT + [1] * RARE)
        logits = torch.tensor([[sure, 0.0]], dtype=torch.float64).expand(len(targets), 2)
        facts(
            {
                t("ui.terms.by_weights"): f"{float(class_weighted_mean(logits, targets, _weights(weight))):.3f} nats",
                t("ui.terms.by_rows"): f"{float(class_weighted_nll(logits, targets, _weights(weight)).mean()):.3f}",
            }
        )
        _formulas("class_weights")
    with right:
        shares = {
            t("ui.terms.share_of_rows"): weighted_shares(targets, _weights(1.0)),
            t("ui.terms.share_of_weight"): weighted_shares(targets, _weights(weight)),
            t("ui.terms.model_says"): logits[0].softmax(-1),
        }
        groups = {name: share.tolist() for name, share in shares.items()}
        names = [t("ui.terms.frequent_class"), t("ui.terms.rare_class")]
        show(grouped_bars(names, groups, t("ui.terms.share"), theme()), "class_shares")
        curves = {
            t("ui.terms.divided_by_weights"): [
                float(class_weighted_mean(logits, targets, _weights(float(w)))) for w in WEIGHTS
            ],
            t("ui.terms.divided_by_rows"): [
                float(class_weighted_nll(logits, targets, _weights(float(w))).mean()) for w in WEIGHTS
            ],
        }
        show(
            sweep_curves(
                Sweep(t("ui.terms.rare_weight_axis"), WEIGHTS.tolist(), curves, weight, {}),
                t("ui.common.loss"),
                theme(),
            ),
            "class_curve",
        )


def _weights(rare: float) -> Tensor:
    return torch.tensor([1.0, rare], dtype=torch.float64)


@fragment
def _bonus() -> None:
    _heading("entropy_bonus")
    left, right = beside("terms_bonus")
    with left:
        beta = BETA.live(t("ui.terms.beta"))
        target = BONUS_TARGET.live(t("ui.common.logit_target"), ends=(t("ui.common.wrong"), t("ui.terms.sure_of_it")))
        logits, targets = one_rival(VOCABULARY, target, 1.0).unsqueeze(0), torch.tensor([0])
        plain, bonus = logit_gradient(logits, targets)[0], -beta * entropy_gradient(logits)[0]
        facts(
            {
                t("ui.terms.cross_entropy"): f"{float(nll(logits, targets)):.3f} nats",
                t("ui.terms.entropy"): f"{float(prediction_entropy(logits)):.3f} nats",
                t("ui.terms.with_bonus"): f"{float(entropy_bonus(logits, targets, beta)):.3f} nats",
            }
        )
        _formulas("entropy_bonus")
    with right:
        names = tokens_of(VOCABULARY)
        with_bonus = t("ui.terms.with_bonus")
        groups = {t("ui.terms.p"): logits.softmax(-1)[0], "p − y": plain, with_bonus: plain + bonus}
        bars = {name: values.tolist() for name, values in groups.items()}
        show(grouped_bars(names, bars, t("ui.terms.probability_gradient"), theme(), percent=False), "bonus_bars")
        rows = torch.stack([one_rival(VOCABULARY, float(z), 1.0) for z in LOGITS])
        zeros = torch.zeros(len(rows), dtype=torch.long)
        curves = {
            t("ui.terms.cross_entropy"): nll(rows, zeros).tolist(),
            with_bonus: entropy_bonus(rows, zeros, beta).tolist(),
        }
        show(
            sweep_curves(
                Sweep(t("ui.terms.target_logit_axis"), LOGITS.tolist(), curves, target, {}),
                t("ui.common.loss_nats"),
                theme(),
            ),
            "bonus_curve",
        )


SECTIONS = {
    "info_nce": _partners,
    "weighted_sum": _sum,
    "load_balance": _experts,
    "class_weights": _classes,
    "entropy_bonus": _bonus,
}
