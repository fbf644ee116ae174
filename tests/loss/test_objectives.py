"""Objectives against the papers' own examples, transformers, torch, SciPy and autograd."""

import math
from collections import Counter
from itertools import pairwise

import pytest
import scipy.stats
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import DataCollatorForLanguageModeling, PreTrainedTokenizerFast
from transformers.models.clip.modeling_clip import image_text_contrastive_loss
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

from sftviz.loss import IGNORE, logit_gradient, nll, reduce_nll, token_nll
from sftviz.loss.objectives import (
    FATES,
    OBJECTIVES,
    TERMS,
    Vocabulary,
    class_weighted_mean,
    class_weighted_nll,
    corrupt_spans,
    entropy_bonus,
    entropy_gradient,
    gradient_shares,
    info_nce,
    load_balance,
    load_balance_gradient,
    mask_tokens,
    prediction_entropy,
    prefix_labels,
    random_spans,
    weighted_sum,
)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int, scale: float = 3.0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64) * scale


# prefix LM

IDS = torch.tensor([[5, 6, 7, 8], [9, 5, 6, 7]])


def test_the_prefix_asks_nothing_and_the_rest_is_asked_for() -> None:
    assert prefix_labels(IDS, torch.tensor([2, 3])).tolist() == [[-100, -100, 7, 8], [-100, -100, -100, 7]]
    assert prefix_labels(IDS, torch.tensor([0, 4])).tolist() == [[5, 6, 7, 8], [-100] * 4]


def test_padding_is_neither_prefix_nor_target_on_either_side() -> None:
    left = torch.tensor([[True, False, False, False], [False] * 4])
    assert prefix_labels(IDS, torch.tensor([2, 1]), left).tolist() == [[-100, -100, -100, 8], [-100, 5, 6, 7]]
    right = torch.tensor([[False, False, False, True], [False] * 4])
    assert prefix_labels(IDS, torch.tensor([2, 1]), right).tolist() == [[-100, -100, 7, -100], [-100, 5, 6, 7]]


def test_its_loss_is_torchs_over_what_follows_the_prefix() -> None:
    logits = normal(2, 4, 10, seed=1)
    labels = prefix_labels(IDS, torch.tensor([2, 3]))
    theirs = F.cross_entropy(torch.cat([logits[0, 1:3], logits[1, 2:3]]), torch.tensor([7, 8, 7]))
    assert float(reduce_nll(token_nll(logits, labels), labels)) == pytest.approx(float(theirs), rel=1e-12)


# span corruption

SENTENCE = ["Thank", "you", "for", "inviting", "me", "to", "your", "party", "last", "week"]
WORDS = {word: i for i, word in enumerate([*SENTENCE, "<X>", "<Y>", "<Z>"])}


def test_t5s_own_figure_comes_out() -> None:
    """Raffel et al. 2020, figure 2."""
    text = {i: word for word, i in WORDS.items()}
    ids = torch.tensor([WORDS[word] for word in SENTENCE])
    made = corrupt_spans(ids, [(8, 9), (2, 4)], [WORDS["<X>"], WORDS["<Y>"], WORDS["<Z>"]])
    assert " ".join(text[i] for i in made.inputs.tolist()) == "Thank you <X> me to your party <Y> week"
    assert " ".join(text[i] for i in made.labels.tolist()) == "<X> for inviting <Y> last <Z>"


def test_t5s_own_lengths_come_out() -> None:
    """T5 cuts 568 tokens of text to have inputs of 512 and targets of 114, </s> included in both."""
    sentinels = list(range(1000, 1100))
    made = corrupt_spans(torch.arange(568), random_spans(568, seeded(0)), sentinels)
    assert (len(made.inputs) + 1, len(made.labels)) == (512, 114)  # our last sentinel stands where T5 has </s>


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 60), st.floats(0.01, 0.99), st.floats(1, 6), st.integers(0, 10_000))
def test_the_text_can_be_put_together_again(length: int, density: float, mean_span: float, seed: int) -> None:
    ids = torch.arange(length) + 7
    spans = random_spans(length, seeded(seed), density, mean_span)
    sentinels = list(range(1000, 1000 + length))
    made = corrupt_spans(ids, spans, sentinels)
    hidden: dict[int, list[int]] = {}
    for token in made.labels.tolist():
        if token >= 1000:
            hidden[token] = []
        else:
            hidden[max(hidden)].append(token)
    whole = [t for token in made.inputs.tolist() for t in hidden.get(token, [token])]
    assert whole == ids.tolist()
    lost = sum(end - start for start, end in spans)
    assert lost == min(max(round(length * density), 1), length - 1)
    assert spans[0][0] > 0
    assert spans[-1][1] == length
    assert all(a[1] < b[0] for a, b in pairwise(spans))


def test_every_way_to_cut_is_equally_likely() -> None:
    """Six tokens, three lost in two spans: 2 ways to cut the lost, 2 to cut the kept."""
    generator = seeded(0)
    found = Counter(tuple(random_spans(6, generator, density=0.5, mean_span=1.5)) for _ in range(2000))
    assert set(found) == {((1, 2), (4, 6)), ((2, 3), (4, 6)), ((1, 3), (5, 6)), ((2, 4), (5, 6))}
    assert scipy.stats.chisquare(list(found.values())).pvalue > 0.001


# masked LM


def bert_like() -> PreTrainedTokenizerFast:
    words = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[MASK]": 3, "[UNK]": 4} | {f"w{i}": i for i in range(5, 40)}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel(words, unk_token="[UNK]")))
    tokenizer.add_special_tokens(
        {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]", "unk_token": "[UNK]"}
    )
    return tokenizer


BERT = Vocabulary(size=40, mask_id=3, sentinels=tuple(range(40, 80)), special_ids=frozenset(range(5)))


@pytest.mark.parametrize(("rate", "hidden", "replaced"), [(0.15, 0.8, 0.1), (0.5, 0.5, 0.5), (0.3, 0.9, 0.1)])
@pytest.mark.parametrize("seed", range(5))
def test_a_seed_gives_what_transformers_collator_gives(rate: float, hidden: float, replaced: float, seed: int) -> None:
    ids = torch.randint(0, 40, (8, 50), generator=seeded(100 + seed))
    collator = DataCollatorForLanguageModeling(
        bert_like(), mlm_probability=rate, mask_replace_prob=hidden, random_replace_prob=replaced
    )
    collator.generator = seeded(seed)
    inputs, labels = collator.torch_mask_tokens(ids.clone(), special_tokens_mask=ids < 5)
    ours = mask_tokens(ids, BERT, seeded(seed), rate, hidden, replaced)
    assert ours.inputs.equal(inputs)
    assert ours.labels.equal(labels)


def test_15_percent_are_chosen_and_80_10_10_happen_to_them() -> None:
    ids = torch.randint(5, 40, (100_000,), generator=seeded(1))
    fates = torch.bincount(mask_tokens(ids, BERT, seeded(2)).fates, minlength=4).double()
    assert float(fates[1:].sum() / 100_000) == pytest.approx(0.15, abs=0.004)
    assert (fates[1:] / fates[1:].sum()).tolist() == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


def test_the_fate_says_what_happened() -> None:
    ids = torch.randint(0, 40, (20, 100), generator=seeded(3))
    made = mask_tokens(ids, BERT, seeded(4), rate=0.6, hidden=0.4, replaced=0.3)
    fate = {name: made.fates == i for i, name in enumerate(FATES)}
    assert all(rows.any() for rows in fate.values())
    assert (made.inputs[fate["mask token"]] == 3).all()
    assert made.inputs[fate["not chosen"]].equal(ids[fate["not chosen"]])
    assert made.inputs[fate["left as it is"]].equal(ids[fate["left as it is"]])
    assert len(made.inputs[fate["random token"]].unique()) > 30
    assert made.labels.equal(ids.masked_fill(fate["not chosen"], IGNORE))


def test_a_special_token_is_never_chosen() -> None:
    ids = torch.randint(0, 40, (20, 100), generator=seeded(5))
    made = mask_tokens(ids, BERT, seeded(6), rate=1.0)
    assert (made.fates[ids < 5] == 0).all()
    assert (made.fates[ids >= 5] > 0).all()
    assert made.inputs[ids < 5].equal(ids[ids < 5])


def test_a_masked_token_is_asked_for_at_its_own_place() -> None:
    ids = torch.randint(5, 40, (1, 30), generator=seeded(7))
    labels = mask_tokens(ids, BERT, seeded(8)).labels
    logits = normal(1, 30, 40, seed=9)
    theirs = F.cross_entropy(logits[0], labels[0], reduction="sum")
    assert float(nll(logits, labels).sum()) == pytest.approx(float(theirs), rel=1e-12)


# the table


@pytest.mark.parametrize("name", OBJECTIVES)
@settings(max_examples=50, deadline=None)
@given(length=st.integers(2, 30), seed=st.integers(0, 10_000))
def test_every_objective_asks_only_for_tokens_of_the_text(name: str, length: int, seed: int) -> None:
    ids = torch.randint(5, 40, (length,), generator=seeded(seed))
    made = OBJECTIVES[name].make(ids, BERT, seeded(seed))
    again = OBJECTIVES[name].make(ids, BERT, seeded(seed))
    assert made.inputs.equal(again.inputs)
    assert made.labels.equal(again.labels)
    text = set(ids.tolist())
    assert set(made.labels.tolist()) <= text | {IGNORE} | set(BERT.sentinels)
    if name in ("causal_lm", "prefix_lm"):
        assert made.inputs.equal(ids)
    if name == "prefix_lm":
        prefix = int((made.labels == IGNORE).sum())
        assert 1 <= prefix < length
        assert made.labels[prefix:].equal(ids[prefix:])


@pytest.mark.parametrize("row", [*OBJECTIVES.values(), *TERMS.values()], ids=lambda row: row.name)
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
    "prefix longer than the row": (lambda: prefix_labels(IDS, torch.tensor([2, 5])), "prefix length 5 of row 1.*4"),
    "prefix below 0": (lambda: prefix_labels(IDS, torch.tensor([-1, 2])), "prefix length -1 of row 0"),
    "prefix in halves": (lambda: prefix_labels(IDS, torch.tensor([0.5, 2])), "float32"),
    "one length for two rows": (lambda: prefix_labels(IDS, torch.tensor([1])), r"prefix_lengths torch.int64 \[1\]"),
    "padding as 0 and 1": (lambda: prefix_labels(IDS, torch.tensor([1, 1]), IDS * 0), "is_padding torch.int64"),
    "labels for ids": (lambda: prefix_labels(IDS - 106, torch.tensor([1, 1])), r"id -101 at \[0, 0\]"),
    "one token": (lambda: random_spans(1, seeded(0)), "1 tokens"),
    "density 0": (lambda: random_spans(9, seeded(0), 0.0), "density 0.0"),
    "density NaN": (lambda: random_spans(9, seeded(0), math.nan), "density nan"),
    "spans below 1": (lambda: random_spans(9, seeded(0), 0.1, 0.5), "mean_span 0.5"),
    "overlap": (lambda: corrupt_spans(IDS[0], [(0, 2), (1, 3)], [90, 91, 92]), r"\(1, 3\).*overlaps"),
    "empty span": (lambda: corrupt_spans(IDS[0], [(2, 2)], [90, 91]), r"\(2, 2\) is empty"),
    "span outside": (lambda: corrupt_spans(IDS[0], [(3, 5)], [90, 91]), r"\(3, 5\).*4 tokens"),
    "two rows": (lambda: corrupt_spans(IDS, [(0, 1)], [90, 91]), r"ids \[2, 4\]"),
    "no last sentinel": (lambda: corrupt_spans(IDS[0], [(0, 1)], [90]), "1 sentinels.*give 2"),
    "equal sentinels": (lambda: corrupt_spans(IDS[0], [(0, 1)], [90, 90]), "1 of them different"),
    "IGNORE as a sentinel": (lambda: corrupt_spans(IDS[0], [(0, 1)], [90, IGNORE]), "1 of them different ids"),
    "sentinel in the text": (lambda: corrupt_spans(IDS[0], [(0, 1)], [90, 7]), "sentinel 7 is in the text at 2"),
    "rate": (lambda: mask_tokens(IDS, BERT, seeded(0), rate=1.5), r"rate 1.5.*\[0, 1\]"),
    "NaN rate": (lambda: mask_tokens(IDS, BERT, seeded(0), rate=math.nan), "rate nan"),
    "shares above 1": (lambda: mask_tokens(IDS, BERT, seeded(0), hidden=0.8, replaced=0.3), r"hidden \+ replaced 1.1"),
    "negative share": (lambda: mask_tokens(IDS, BERT, seeded(0), replaced=-0.1), "replaced -0.1"),
    "id above V": (lambda: mask_tokens(IDS + 35, BERT, seeded(0)), r"id 40 at \[0, 0\].*V = 40"),
    "float ids": (lambda: mask_tokens(IDS.float(), BERT, seeded(0)), "ids are torch.float32"),
    "mask id": (lambda: mask_tokens(IDS, Vocabulary(40, 40, ()), seeded(0)), "mask_id 40.*V = 40"),
    "temperature 0": (lambda: info_nce(torch.eye(2), torch.eye(2), 0.0), "temperature 0.0"),
    "temperature NaN": (lambda: info_nce(torch.eye(2), torch.eye(2), math.nan), "temperature nan"),
    "temperature so small": (lambda: info_nce(torch.eye(2), torch.eye(2), 1e-45), "inf at"),
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
    "a row of one token has no prefix": (lambda: OBJECTIVES["prefix_lm"].make(Y, BERT, seeded(0)), "at least 2"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_number_is_refused(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()
