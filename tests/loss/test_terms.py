"""Terms against torch, transformers, SciPy, autograd and finite differences."""

import math

import pytest
import scipy.stats
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.models.clip.modeling_clip import image_text_contrastive_loss
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

from sftviz.loss import IGNORE, logit_gradient
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


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int, scale: float = 3.0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64) * scale


@pytest.mark.parametrize("row", TERMS.values(), ids=lambda row: row.name)
def test_every_row_says_what_it_is_and_where_it_is_from(row: object) -> None:
    assert all(value for value in vars(row).values())


# InfoNCE


@pytest.mark.parametrize("temperature", [0.07, 1.0, 5.0])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_info_nce_is_torchs_cross_entropy_over_all_cosines(temperature: float, n: int) -> None:
    a, b = normal(n, 5, seed=1), normal(n, 5, seed=2)
    cosine = F.cosine_similarity(a.unsqueeze(1), b.unsqueeze(0), dim=-1) / temperature
    forth = F.cross_entropy(cosine, torch.arange(n), reduction="none")
    back = F.cross_entropy(cosine.T, torch.arange(n), reduction="none")
    torch.testing.assert_close(info_nce(a, b, temperature, both_ways=False), forth, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(info_nce(a, b, temperature), (forth + back) / 2, rtol=1e-10, atol=1e-12)
    assert float(info_nce(a, b, temperature).mean()) == pytest.approx(
        float(image_text_contrastive_loss(cosine)), rel=1e-10, abs=1e-12
    )


def test_info_nce_has_the_gradient_finite_differences_find() -> None:
    a, b = normal(4, 3, seed=3).requires_grad_(True), normal(4, 3, seed=4).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x, y: info_nce(x, y, 0.5), (a, b))


def test_who_cannot_tell_them_apart_pays_log_n_and_a_batch_of_one_is_no_question() -> None:
    same = torch.ones(8, 3)
    assert info_nce(same, same).tolist() == pytest.approx([math.log(8)] * 8)
    assert info_nce(same[:1], same[:1]).tolist() == [0.0]
    assert info_nce(same[:0], same[:0]).shape == (0,)


@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_the_partners_probabilities_are_softmax_over_torchs_cosines(temperature: float) -> None:
    a, b = noisy_pairs(6, 4, 0.5, seeded(1))
    cosine = F.cosine_similarity(a.unsqueeze(1), b.unsqueeze(0), dim=-1)
    p = partner_probabilities(a, b, temperature)
    torch.testing.assert_close(p, torch.softmax(cosine / temperature, dim=1))
    torch.testing.assert_close(info_nce(a, b, temperature, both_ways=False), -p.diagonal().log())


def test_a_larger_batch_of_pairs_keeps_the_first_ones_and_noise_parts_them() -> None:
    a, b = noisy_pairs(3, 4, 0.5, seeded(1))
    more, _ = noisy_pairs(9, 4, 0.5, seeded(1))
    assert more[:3].equal(a)
    far = noisy_pairs(3, 4, 1.0, seeded(1))[1]
    torch.testing.assert_close(far - a, 2 * (b - a))


# weighted sums


def test_the_sum_is_weighted_and_so_are_the_gradients() -> None:
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    losses = {"square": x.square().sum(), "line": 3 * x[0]}
    assert float(weighted_sum(losses, {"square": 0.5, "line": -2.0}).detach()) == pytest.approx(0.5 * 5 - 2 * 3)
    shares = gradient_shares(losses, {"square": 0.5, "line": -2.0}, [x])
    pulls = math.hypot(1, 2), 6.0  # |0.5 (2, 4)| and |-2 (3, 0)|
    assert shares == pytest.approx({"square": pulls[0] / sum(pulls), "line": pulls[1] / sum(pulls)})
    weighted_sum(losses, {"square": 0.5, "line": -2.0}).backward()  # the graph is still there
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx([1 - 6, 2])


def test_where_nothing_pulls_the_shares_are_zero() -> None:
    x, y = torch.tensor(1.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    assert gradient_shares({"a": 2 * y, "b": torch.tensor(3.0)}, {"a": 1.0, "b": 1.0}, [x]) == {"a": 0.0, "b": 0.0}


def test_the_shares_of_the_losses_are_of_their_sizes() -> None:
    """2 * 3, -1 * 4 and 5 * 0, of 10: what is taken off the sum has a negative share."""
    losses = {"a": torch.tensor(3.0), "b": torch.tensor(4.0), "c": torch.tensor(0.0)}
    assert loss_shares(losses, {"a": 2.0, "b": -1.0, "c": 5.0}) == pytest.approx({"a": 0.6, "b": -0.4, "c": 0.0})
    assert loss_shares(losses, dict.fromkeys(losses, 0.0)) == dict.fromkeys(losses, 0.0)


# experts


@pytest.mark.parametrize("top_k", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_load_balance_is_transformers(top_k: int, seed: int) -> None:
    logits = normal(50, 4, seed=seed).float()
    theirs = load_balancing_loss_func((logits,), num_experts=4, top_k=top_k)
    assert float(load_balance(logits, top_k)) == pytest.approx(float(theirs), rel=1e-5)


def test_an_even_router_has_1_and_one_expert_for_all_has_e() -> None:
    assert float(load_balance(50 * torch.eye(4).double())) == pytest.approx(1)  # each token surely to its own
    assert float(load_balance(torch.zeros(6, 4))) == pytest.approx(1)  # f is (1, 0, 0, 0), P is even
    assert float(load_balance(torch.tensor([[99.0, 0, 0, 0]]).expand(5, 4))) == pytest.approx(4)
    assert float(load_balance(torch.zeros(6, 1))) == pytest.approx(1)


def test_1_is_not_its_minimum() -> None:
    """2 (3/4 * 0.3825 + 1/4 * 0.6175), by hand."""
    p = torch.tensor([[0.51, 0.49]] * 3 + [[0.0, 1.0]], dtype=torch.float64)
    assert float(load_balance(p.log())) == pytest.approx(0.8825)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 20), st.integers(1, 6), st.integers(0, 10_000))
def test_it_is_1_or_more_where_busier_experts_have_more_probability(n: int, experts: int, seed: int) -> None:
    """Chebyshev's sum inequality, and the cases it does not cover are left out."""
    logits = normal(n, experts, seed=seed)
    p = logits.softmax(-1)
    f, mean = torch.bincount(p.argmax(-1), minlength=experts).double(), p.mean(0)
    ordered = ((f.unsqueeze(0) - f.unsqueeze(1)) * (mean.unsqueeze(0) - mean.unsqueeze(1)) >= 0).all()
    assert not ordered or float(load_balance(logits)) >= 1 - 1e-12


@pytest.mark.parametrize("top_k", [1, 2])
def test_its_hand_gradient_is_autograds(top_k: int) -> None:
    logits = normal(9, 4, seed=5).requires_grad_(True)
    load_balance(logits, top_k).backward()
    assert logits.grad is not None
    torch.testing.assert_close(load_balance_gradient(logits.detach(), top_k), logits.grad, rtol=0, atol=1e-14)
    assert logits.grad.abs().max() > 0.01


def test_routing_counts_the_winners_and_keeps_the_probabilities() -> None:
    f, p = routing(torch.tensor([[3.0, 1.0, 0.0], [0.0, 1.0, 2.0], [0.0, 5.0, 1.0], [4.0, 0.0, 0.0]]))
    assert f.tolist() == [0.5, 0.25, 0.25]
    torch.testing.assert_close(p.sum(-1), torch.ones(4))


def test_skew_is_added_to_the_first_expert_alone() -> None:
    even, skewed = skewed_router(50, 4, 0.0, seeded(1)), skewed_router(50, 4, 3.0, seeded(1))
    torch.testing.assert_close(skewed - even, torch.tensor([3.0, 0, 0, 0]).double().expand(50, 4))
    assert float(load_balance(skewed_router(50, 4, 50.0, seeded(1)))) == pytest.approx(4)


# class weights


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 9), st.integers(2, 7), st.integers(0, 10_000))
def test_class_weights_are_torchs(v: int, n: int, seed: int) -> None:
    logits = normal(n, v, seed=seed)
    targets = torch.randint(0, v, (n,), generator=seeded(seed))
    targets[0] = IGNORE
    weights = torch.rand(v, generator=seeded(seed + 1), dtype=torch.float64) + 0.1
    rows = F.cross_entropy(logits, targets, weight=weights, reduction="none")
    mean = F.cross_entropy(logits, targets, weight=weights)
    torch.testing.assert_close(class_weighted_nll(logits, targets, weights), rows, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(class_weighted_mean(logits, targets, weights), mean, rtol=1e-12, atol=1e-12)


def test_their_gradient_is_w_y_times_p_minus_y() -> None:
    logits = normal(4, 5, seed=1).requires_grad_(True)
    targets, weights = torch.tensor([0, 3, 3, IGNORE]), torch.tensor([2.0, 1.0, 1.0, 0.5, 1.0], dtype=torch.float64)
    F.cross_entropy(logits, targets, weight=weights).backward()
    assert logits.grad is not None
    of_rows = torch.tensor([[2.0], [0.5], [0.5], [0.0]], dtype=torch.float64)
    by_hand = of_rows * logit_gradient(logits.detach(), targets) / 3
    torch.testing.assert_close(by_hand, logits.grad, rtol=0, atol=1e-14)
    ours = torch.autograd.grad(class_weighted_mean(logits, targets, weights), logits)[0]
    torch.testing.assert_close(ours, logits.grad, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("target", "weight"), [(IGNORE, 1.0), (0, 0.0)])
def test_where_nothing_weighs_it_is_zero_with_zero_gradient_and_torch_has_nan(target: int, weight: float) -> None:
    logits = torch.zeros(2, 3, requires_grad=True)
    targets, weights = torch.full((2,), target), torch.tensor([weight, 1.0, 1.0])
    assert math.isnan(float(F.cross_entropy(logits, targets, weight=weights).detach()))
    loss = class_weighted_mean(logits, targets, weights)
    loss.backward()
    assert float(loss.detach()) == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_a_ruled_out_target_that_weighs_nothing_costs_nothing() -> None:
    logits = torch.tensor([[-math.inf, 0.0]])
    assert class_weighted_nll(logits, torch.tensor([0]), torch.tensor([0.0, 1.0])).tolist() == [0.0]


def test_the_cheapest_constant_prediction_says_the_weights_shares() -> None:
    targets, weights = torch.tensor([0, 0, 0, 2, 2, 1, IGNORE]), torch.tensor([1.0, 4.0, 0.5], dtype=torch.float64)
    bias = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([bias], max_iter=200, tolerance_grad=1e-12)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(bias.expand(7, 3), targets, weight=weights)
        loss.backward()
        return loss

    optimizer.step(closure)
    torch.testing.assert_close(weighted_shares(targets, weights), bias.detach().softmax(-1), atol=1e-5, rtol=0)
    assert weighted_shares(targets, torch.zeros(3)).tolist() == [0, 0, 0]


# entropy


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 9), st.integers(0, 10_000))
def test_the_entropy_is_scipys_and_its_gradient_autograds(v: int, seed: int) -> None:
    logits = normal(3, v, seed=seed).requires_grad_(True)
    expected = scipy.stats.entropy(logits.detach().softmax(-1).numpy(), axis=-1)
    assert prediction_entropy(logits).detach().tolist() == pytest.approx(expected.tolist(), abs=1e-12)
    torch.distributions.Categorical(logits=logits).entropy().sum().backward()
    assert logits.grad is not None
    torch.testing.assert_close(entropy_gradient(logits.detach()), logits.grad, rtol=0, atol=1e-12)


def test_a_ruled_out_token_leaves_entropy_and_gradient_as_without_it() -> None:
    logits = torch.tensor([[1.0, 2.0, -math.inf]], dtype=torch.float64, requires_grad=True)
    without = torch.distributions.Categorical(logits=torch.tensor([1.0, 2.0], dtype=torch.float64)).entropy()
    entropy = prediction_entropy(logits)
    entropy.sum().backward()
    assert float(entropy.detach()) == pytest.approx(float(without))
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    torch.testing.assert_close(entropy_gradient(logits.detach()), logits.grad, rtol=0, atol=1e-14)


def test_the_bonus_is_taken_off_the_cost_and_its_gradient_is_the_two_by_hand() -> None:
    logits, targets = normal(4, 6, seed=3).requires_grad_(True), torch.tensor([0, 5, 2, IGNORE])
    entropy = torch.distributions.Categorical(logits=logits).entropy()
    expected = (F.cross_entropy(logits, targets, reduction="none") - 0.3 * entropy)[:3]
    expected.sum().backward()
    assert logits.grad is not None
    value = entropy_bonus(logits.detach(), targets, 0.3)
    torch.testing.assert_close(value[:3], expected.detach(), rtol=1e-12, atol=1e-12)
    assert value[3] == 0
    by_hand = logit_gradient(logits.detach(), targets) - 0.3 * entropy_gradient(logits.detach())
    torch.testing.assert_close(by_hand[:3], logits.grad[:3], rtol=0, atol=1e-12)


# refused
Z = torch.zeros(1, 3)
Y = torch.tensor([0])
ONES = torch.ones(3)
BIG = torch.tensor([[0.0, math.inf, 0.0]])

REFUSED = {
    "temperature 0": (lambda: info_nce(torch.eye(2), torch.eye(2), 0.0), "temperature 0.0"),
    "temperature NaN": (lambda: info_nce(torch.eye(2), torch.eye(2), math.nan), "temperature nan"),
    "temperature so small": (lambda: info_nce(torch.eye(2), torch.eye(2), 1e-45), "inf at"),
    "temperature 0, probabilities": (
        lambda: partner_probabilities(torch.eye(2), torch.eye(2), 0.0),
        "temperature 0.0",
    ),
    "not pairs": (lambda: info_nce(torch.eye(2), torch.eye(3)), r"a \[2, 2\] and b \[3, 3\]"),
    "zero vector": (lambda: info_nce(torch.eye(2), torch.tensor([[1.0, 0], [0, 0]])), "row 1 of b has length 0"),
    "NaN vector": (lambda: info_nce(torch.full((2, 2), math.nan), torch.eye(2)), "row 0 of a has length nan"),
    "a loss without weight": (lambda: weighted_sum({"a": Z.sum()}, {}), "losses a and weights none"),
    "a weight without loss": (lambda: weighted_sum({"a": Z.sum()}, {"a": 1, "b": 1}), "weights a, b"),
    "no losses": (lambda: weighted_sum({}, {}), "losses none"),
    "NaN loss": (lambda: weighted_sum({"a": torch.tensor(math.nan)}, {"a": 0.0}), "loss 'a' is nan"),
    "unreduced loss": (lambda: weighted_sum({"a": ONES}, {"a": 1.0}), r"loss 'a' is of shape \[3\]"),
    "infinite weight": (lambda: weighted_sum({"a": Z.sum()}, {"a": math.inf}), "weight inf of loss 'a'"),
    "no tokens": (lambda: load_balance(torch.zeros(0, 4)), r"\[0, 4\].*at least one token"),
    "top_k 0": (lambda: load_balance(Z, 0), "top_k 0 of 3"),
    "top_k above E": (lambda: load_balance(Z, 4), "top_k 4 of 3"),
    "NaN router": (lambda: load_balance(Z * math.nan), r"nan at \[0, 0\]"),
    "no experts": (lambda: load_balance(torch.zeros(2, 0)), "V = 0"),
    "weights of another V": (lambda: class_weighted_nll(Z, Y, torch.ones(4)), r"\[4\].*V = 3"),
    "negative weight": (lambda: class_weighted_nll(Z, Y, ONES - 2), "class weight -1.0 of token 0"),
    "NaN weight": (lambda: class_weighted_mean(Z, Y, ONES * math.nan), "class weight nan"),
    "label = V": (lambda: class_weighted_mean(Z, torch.tensor([3]), ONES), r"label 3 at \[0\].*V = 3"),
    "infinite logit": (lambda: prediction_entropy(BIG), r"inf at \[0, 1\]"),
    "infinite logit, gradient": (lambda: entropy_gradient(BIG), r"inf at \[0, 1\]"),
    "beta": (lambda: entropy_bonus(Z, Y, math.nan), "beta nan"),
    "label = V, bonus": (lambda: entropy_bonus(Z, torch.tensor([3]), 0.1), r"label 3 at \[0\]"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_number_is_refused(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()


def test_asked_one_way_info_nce_pulls_as_its_formula_says() -> None:
    temperature, n = 0.3, 5
    s = (torch.rand(n, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1).requires_grad_(True)
    (slope,) = torch.autograd.grad(F.cross_entropy(s / temperature, torch.arange(n), reduction="sum"), s)
    by_formula = ((s / temperature).softmax(-1) - torch.eye(n)) / temperature
    torch.testing.assert_close(slope, by_formula, rtol=0, atol=1e-12)
    a, b = torch.eye(n, dtype=torch.float64), torch.nn.functional.normalize(s.detach(), dim=-1)
    one_way = info_nce(a, b, temperature, both_ways=False)
    torch.testing.assert_close(one_way, F.cross_entropy(b.T / temperature, torch.arange(n), reduction="none"))


@pytest.mark.parametrize("targets", [torch.tensor([0.0, 1.7]), torch.tensor([0, 2]), torch.tensor([0, -1])])
def test_shares_of_targets_that_are_no_classes_are_refused(targets: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="label"):
        weighted_shares(targets, torch.ones(2))


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_class_weights_together_with_smoothing_are_torchs(epsilon: float, seed: int) -> None:
    """pytorch issues 69339, 73205, 91383: each token that smoothing asks for brings its own weight."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(9, 6, generator=generator, dtype=torch.float64) * 4
    targets = torch.randint(0, 6, (9,), generator=generator)
    targets[torch.rand(9, generator=generator) < 0.3] = -100
    targets[0] = 2
    weights = torch.rand(6, generator=generator, dtype=torch.float64) * 3
    theirs = {
        reduction: F.cross_entropy(logits, targets, weight=weights, label_smoothing=epsilon, reduction=reduction)
        for reduction in ("none", "mean")
    }
    torch.testing.assert_close(class_weighted_nll(logits, targets, weights, epsilon), theirs["none"])
    torch.testing.assert_close(class_weighted_mean(logits, targets, weights, epsilon), theirs["mean"])


def test_smoothing_that_asks_for_a_ruled_out_token_is_refused_with_class_weights_too() -> None:
    logits = torch.tensor([[0.0, -torch.inf]])
    with pytest.raises(ValueError, match=r"a logit is -inf and label smoothing 0.1 asks for its token"):
        class_weighted_nll(logits, torch.tensor([0]), torch.ones(2), 0.1)
