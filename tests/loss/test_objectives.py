"""Objectives against the papers' own examples and transformers."""

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
from transformers import DataCollatorForLanguageModeling, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from sftviz.loss import IGNORE, nll, reduce_nll, token_nll
from sftviz.loss.objectives import (
    FATES,
    OBJECTIVES,
    Example,
    Vocabulary,
    asked_count,
    corrupt_spans,
    lanes,
    mask_tokens,
    prefix_labels,
    random_spans,
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


@pytest.mark.parametrize("row", OBJECTIVES.values(), ids=lambda row: row.name)
def test_every_row_says_what_it_is_and_where_it_is_from(row: object) -> None:
    assert all(value for value in vars(row).values())


# lanes


@pytest.mark.parametrize("name", ["causal_lm", "prefix_lm", "masked_lm"])
def test_the_mean_over_a_lane_is_the_loss_of_the_objective(name: str) -> None:
    ids = torch.randint(5, 40, (30,), generator=seeded(1))
    made = OBJECTIVES[name].make(ids, BERT, seeded(2))
    (lane,) = lanes(OBJECTIVES[name].asks, made, start_id=0)
    logits = normal(1, 30, 40, seed=3)
    per_token = nll(logits, made.labels[None]) if name == "masked_lm" else token_nll(logits, made.labels[None])
    theirs = F.cross_entropy(logits[0], lane.asked, reduction="sum")
    assert float(per_token.sum()) == pytest.approx(float(theirs), rel=1e-12)
    assert lane.read.equal(made.inputs)


def test_t5s_decoder_reads_what_transformers_gives_it() -> None:
    labels = torch.tensor([40, 7, 8, 41, 9, 42])
    config = T5Config(vocab_size=80, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, decoder_start_token_id=0)
    theirs = T5ForConditionalGeneration(config)._shift_right(labels[None])[0]
    encoder, decoder = lanes("decoder", Example(torch.tensor([5, 40, 6, 41]), labels), start_id=0)
    assert decoder.read.equal(theirs)
    assert decoder.asked.equal(labels)
    assert (encoder.asked == IGNORE).all()


def test_what_is_asked_for_is_counted_in_tokens_of_the_text() -> None:
    """20 tokens: all but the first; all after a prefix, its last one asks; three in one span; chosen ones by hand."""
    ids = torch.arange(5, 25)

    def asked(name: str) -> int:
        row = OBJECTIVES[name]
        return asked_count(lanes(row.asks, row.make(ids, BERT, seeded(4)), 0), BERT)

    assert asked("causal_lm") == 19
    assert asked("prefix_lm") == int((OBJECTIVES["prefix_lm"].make(ids, BERT, seeded(4)).labels != IGNORE).sum())
    assert asked("span_corruption") == 3
    assert asked("masked_lm") == int((mask_tokens(ids, BERT, seeded(4)).fates > 0).sum())


# refused

REFUSED = {
    "prefix longer than the row": (lambda: prefix_labels(IDS, torch.tensor([2, 5])), "prefix length 5 of row 1.*4"),
    "prefix below 0": (lambda: prefix_labels(IDS, torch.tensor([-1, 2])), "prefix length -1 of row 0"),
    "prefix in halves": (lambda: prefix_labels(IDS, torch.tensor([0.5, 2])), "float32"),
    "one length for two rows": (lambda: prefix_labels(IDS, torch.tensor([1])), r"prefix_lengths torch.int64 \[1\]"),
    "padding as 0 and 1": (lambda: prefix_labels(IDS, torch.tensor([1, 1]), IDS * 0), "is_padding torch.int64"),
    "labels for ids": (lambda: prefix_labels(IDS - 106, torch.tensor([1, 1])), r"id -101 at \[0, 0\]"),
    "an unknown way to ask": (lambda: lanes("before", Example(IDS[0], IDS[0]), 0), "asks 'before' is unknown"),
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
    "a row of one token has no prefix": (
        lambda: OBJECTIVES["prefix_lm"].make(torch.tensor([0]), BERT, seeded(0)),
        "at least 2",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_number_is_refused(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()
