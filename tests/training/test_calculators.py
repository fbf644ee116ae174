"""Costs against published tables, torch's own counters and live tensors, and by hand."""

import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.functional import cross_entropy
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM

from sftviz.training.architectures import Architecture
from sftviz.training.calculators import (
    BYTES,
    PackingGain,
    attention_flops,
    attention_scores_bytes,
    attention_share,
    in_words,
    logits_memory,
    lora_parameters,
    model_states,
    packing_gain,
    tokens_a_second,
    training_days,
    training_flops,
)

MIB = 2**20
GPT3_WIDTH, GPT3_LAYERS = 12_288, 96


class Live(TorchDispatchMode):
    """The most bytes that tensors made inside hold at once, counted after every operation."""

    def __init__(self) -> None:
        super().__init__()
        self.storages: dict[int, tuple[StorageWeakRef, int]] = {}
        self.most = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                self.storages[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self.most = max(self.most, sum(size for reference, size in self.storages.values() if not reference.expired()))
        return made


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_torchs_cross_entropy_holds_what_the_logits_calculator_says(dtype: str) -> None:
    tokens, vocabulary = 64, 2000
    saved: dict[int, int] = {}
    with Live() as live:
        logits = torch.zeros(tokens, vocabulary, dtype=getattr(torch, dtype)).requires_grad_()
        with torch.autograd.graph.saved_tensors_hooks(lambda tensor: _noted(tensor, saved), lambda kept: kept):
            loss = cross_entropy(logits.float(), torch.zeros(tokens, dtype=torch.long))
        loss.backward()
    memory = logits_memory(1, tokens, vocabulary, dtype)
    small = 8 * tokens + 100  # targets, the loss
    assert memory.forward == pytest.approx(logits.nbytes + sum(saved.values()), abs=small)
    assert memory.peak == pytest.approx(live.most, abs=small)


def _noted(tensor: torch.Tensor, saved: dict[int, int]) -> torch.Tensor:
    saved[tensor.data_ptr()] = tensor.nbytes  # log-probabilities are saved twice, and held once
    return tensor


def test_gemma_2s_logits_take_the_28_gb_of_the_cut_cross_entropy_paper() -> None:
    """Wijmans et al. 2025, table 1: 8192 tokens, a vocabulary of 256,000, loss and gradient: 28,000 MB."""
    assert logits_memory(1, 8192, 256_000).peak / MIB == 28_000


ZERO_TABLE = {  # Rajbhandari et al. 2020, table 1, 7.5 B parameters: GB a device with stage 1, 2, 3
    1: (120, 120, 120),
    4: (52.5, 41.3, 30),
    16: (35.6, 21.6, 7.5),
    64: (31.4, 16.6, 1.88),
    256: (30.4, 15.4, 0.47),
    1024: (30.1, 15.1, 0.12),
}


@pytest.mark.parametrize("devices", ZERO_TABLE)
def test_model_states_are_those_of_zeros_table_1(devices: int) -> None:
    found = [model_states(7_500_000_000, devices, stage).total / 1e9 for stage in (1, 2, 3)]
    assert found == [pytest.approx(value, abs=0.06 if value > 2 else 0.005) for value in ZERO_TABLE[devices]]
    assert model_states(7_500_000_000, devices, 0).total == 120e9


def test_lora_leaves_gradients_and_optimizer_to_its_own_parameters() -> None:
    states = model_states(1_000_000, trainable=10_000)
    assert (states.parameters, states.gradients, states.optimizer) == (2_000_000, 20_000, 120_000)


LORA_PAPER = {  # Hu et al. 2022, tables 2 and 4: query and value of every layer
    "RoBERTa base, r = 8": (768, 12, 8, 0.3),
    "RoBERTa large, r = 8": (1024, 24, 8, 0.8),
    "GPT-3, r = 1": (GPT3_WIDTH, GPT3_LAYERS, 1, 4.7),
    "GPT-3, r = 8": (GPT3_WIDTH, GPT3_LAYERS, 8, 37.7),
}


@pytest.mark.parametrize("model", LORA_PAPER)
def test_lora_trains_as_many_parameters_as_its_paper_says(model: str) -> None:
    width, layers, rank, millions = LORA_PAPER[model]
    assert lora_parameters([(width, width)] * 2, rank, layers) / 1e6 == pytest.approx(millions, abs=0.06)


def test_loras_two_factors_of_a_matrix_that_is_not_square() -> None:
    a, b = torch.empty(4, 30), torch.empty(50, 4)
    assert lora_parameters([(30, 50)], rank=4, layers=3) == 3 * (a.numel() + b.numel())


@pytest.mark.parametrize(
    ("parameters", "published"), [(12.85e9, 2.31e22), (6.66e9, 1.20e22), (2.65e9, 4.77e21), (174.6e9, 3.14e23)]
)
def test_6nd_is_what_the_gpt_3_paper_reports(parameters: float, published: float) -> None:
    """Brown et al. 2020, table D.1: 300 billion tokens."""
    assert training_flops(parameters, 300e9) == pytest.approx(published, rel=0.005)


@pytest.mark.parametrize("tokens", [16, 48])
def test_torch_counts_the_same_operations_in_a_real_forward_and_backward_pass(tokens: int) -> None:
    row = Architecture("small", "small", 3, 32, 64, 4, 2, 50, False)
    config = LlamaConfig(
        vocab_size=50,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=False,
        attn_implementation="eager",
    )
    model, ids = LlamaForCausalLM(config), torch.arange(tokens).unsqueeze(0)
    with FlopCounterMode(display=False) as counter:
        logits = model(ids).logits
        logits.sum().backward()
    ours = training_flops(row.matmul_parameters, tokens) + attention_flops(tokens, row.width, row.layers)
    # rotary positions are a [d/2, 1] x [1, T] product, counted once and nobody's parameter
    assert ours == pytest.approx(counter.get_total_flops(), rel=0.001)
    share = attention_share(tokens, row.matmul_parameters, row.width, row.layers)
    assert share == pytest.approx(attention_flops(tokens, row.width, row.layers) / ours)


def test_twice_the_tokens_is_four_times_the_attention_and_twice_the_rest() -> None:
    assert attention_flops(512, 64, 2) == 4 * attention_flops(256, 64, 2)
    assert training_flops(1e6, 512) == 2 * training_flops(1e6, 256)


@pytest.mark.parametrize(
    ("parameters", "tokens", "devices", "achieved", "days"),
    [(175e9, 300e9, 1024, 140e12, 34), (1.008e12, 450e9, 3072, 163e12, 84)],
)
def test_days_are_those_of_the_megatron_paper(
    parameters: float, tokens: float, devices: int, achieved: float, days: int
) -> None:
    """Narayanan et al. 2021, 5.1: A100s (312 TFLOP/s). They recompute activations: 8 operations, of which 6 count."""
    mfu = achieved / 312e12 * 6 / 8
    assert training_days(parameters, tokens, devices, 312e12, mfu) == pytest.approx(days, rel=0.01)


def test_palms_tokens_a_second() -> None:
    """Chowdhery et al. 2022, table 3: 6144 TPU v4 (275 TFLOP/s), 45.7 % without attention: 238.3 thousand."""
    assert tokens_a_second(540e9, 6144, 275e12, 0.457) == pytest.approx(238_300, rel=0.001)


@pytest.mark.parametrize("dtype", BYTES)
def test_written_out_scores_weigh_what_the_tensor_does(dtype: str) -> None:
    scores = torch.empty(2, 3, 16, 16, dtype=getattr(torch, dtype))
    assert attention_scores_bytes(2, 3, 16, dtype) == scores.nbytes


def test_packing_by_hand() -> None:
    """Rows of 10. Padded in twos: 2 x 9 + 2 x 6 + 1 x 2 = 32; packed 9, 6 + 2 + 2, 3: three rows."""
    found = packing_gain([9, 2, 3, 6, 2], row=10, batch=2)
    assert found == PackingGain(real=22, to_longest=32, to_length=50, packed=30, rows=3)
    assert found.gain == pytest.approx(32 / 30)


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        (0, "B", "0 B"),
        (999, "B", "999 B"),
        (999_999, "B", "1 MB"),
        (3.14e23, "FLOP", "314 ZFLOP"),
        (2e28, "B", "2e+04 YB"),
    ],
)
def test_amounts_in_words(amount: float, unit: str, words: str) -> None:
    assert in_words(amount, unit) == words


REFUSED = {
    "an unknown dtype": (lambda: logits_memory(1, 1, 1, "int8"), "dtype 'int8' is unknown; use one of float32"),
    "no tokens": (lambda: logits_memory(1, 0, 5), "tokens = 0 is no number of things"),
    "a stage of its own": (lambda: model_states(5, 1, 4), "ZeRO stage 4 is unknown; use one of 0, 1, 2, 3"),
    "more trained than there is": (lambda: model_states(5, trainable=6), "6 trainable of 5 parameters"),
    "rank 0": (lambda: lora_parameters([(2, 2)], 0), "rank = 0"),
    "a negative amount": (lambda: training_flops(-1, 5), "parameters = -1 is not a positive number"),
    "infinitely many tokens": (lambda: training_flops(5, float("inf")), "tokens = inf is not a positive number"),
    "more than the peak": (lambda: tokens_a_second(5, 1, 1e12, 1.2), "MFU 1.2 is no share of the peak"),
    "scores of nothing": (lambda: attention_scores_bytes(1, 0, 5), "heads = 0"),
    "no chat": (lambda: packing_gain([], 5), "there is no chat to pack"),
    "a chat longer than a row": (lambda: packing_gain([3, 7], 5), "chat 1 has 7 tokens and a row holds 5"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_words(case: str) -> None:
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()
