"""What a run costs before it is started: bytes, floating-point operations, days. 1 GB is 10^9 bytes."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sftviz.supervision.packing import bins

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "float64": 8}  # of one number
SECONDS_A_DAY = 86_400


# --- logits


@dataclass(frozen=True)
class LogitsMemory:
    """Bytes that the logits and their cross-entropy hold when the backward pass is at its fullest."""

    logits: int  # as the model gives them
    log_probabilities: int  # float32, kept from the forward pass for the backward one
    log_probability_gradient: int  # float32, almost all zeros
    logit_gradient: int  # float32, p - y

    @property
    def forward(self) -> int:
        """Kept once the loss is known."""
        return self.logits + self.log_probabilities

    @property
    def peak(self) -> int:
        return self.forward + self.log_probability_gradient + self.logit_gradient


def logits_memory(batch: int, tokens: int, vocabulary: int, dtype: str = "bfloat16") -> LogitsMemory:
    """B T V numbers, four times: what torch's own cross_entropy holds for logits [B, T, V].

    It computes in float32 whatever the model gives, and so do training frameworks: of a bfloat16 model the logits
    themselves are the small part. Chunked or fused losses (Liger, Cut Cross-Entropy, torch's linear_cross_entropy)
    hold one chunk of rows at a time: ask with fewer tokens.

    >>> logits_memory(8, 2048, 128_256).logits, logits_memory(8, 2048, 128_256).peak
    (4202692608, 29418848256)
    """
    _check_dtype(dtype)
    _check_counts(batch=batch, tokens=tokens, vocabulary=vocabulary)
    numbers = batch * tokens * vocabulary
    return LogitsMemory(numbers * BYTES[dtype], numbers * 4, numbers * 4, numbers * 4)


# --- parameters, gradients, optimizer


@dataclass(frozen=True)
class Zero:
    """A row of ZERO: what each device holds a share of only, and what that costs in communication."""

    stage: int
    title: str
    formula: str  # KaTeX, bytes a device; P: parameters, N: devices
    meaning: str
    shards_optimizer: bool
    shards_gradients: bool
    shards_parameters: bool
    traffic: float  # numbers a device sends in a step, beside plain data parallelism
    source: str = "Rajbhandari et al. 2020"

    @property
    def name(self) -> str:
        return str(self.stage)


ZERO = {
    row.stage: row
    for row in (
        Zero(0, "no sharing", r"(2+2+12)\,P", "every device holds everything", False, False, False, 1.0),
        Zero(1, "ZeRO-1", r"(2+2)\,P + \frac{12P}{N}", "each holds its share of Adam's state", True, False, False, 1.0),
        Zero(2, "ZeRO-2", r"2P + \frac{(2+12)P}{N}", "and of the gradients", True, True, False, 1.0),
        Zero(
            3,
            "ZeRO-3, FSDP",
            r"\frac{(2+2+12)\,P}{N}",
            "and of the parameters, which are fetched layer by layer",
            True,
            True,
            True,
            1.5,
        ),
    )
}

MIXED = {"parameters": 2, "gradients": 2, "optimizer": 12}  # bytes a parameter: Rajbhandari et al. 2020


@dataclass(frozen=True)
class ModelStates:
    """Bytes on one device. optimizer: Adam's two moments and the master copy of the parameters, float32 each."""

    parameters: float
    gradients: float
    optimizer: float

    @property
    def total(self) -> float:
        return self.parameters + self.gradients + self.optimizer


def model_states(parameters: int, devices: int = 1, stage: int = 0, trainable: int | None = None) -> ModelStates:
    """What mixed-precision training with Adam keeps on each device, activations and logits aside: 2 + 2 + 12 bytes.

    trainable: where only some parameters are trained (LoRA), gradients and optimizer are theirs alone.
    Rajbhandari et al. 2020, ZeRO, figure 1.

    >>> [round(model_states(7_500_000_000, 64, stage).total / 1e9, 1) for stage in ZERO]
    [120.0, 31.4, 16.6, 1.9]
    """
    if stage not in ZERO:
        raise ValueError(f"ZeRO stage {stage!r} is unknown; use one of {', '.join(map(str, ZERO))}")
    _check_counts(parameters=parameters, devices=devices)
    trained = parameters if trainable is None else trainable
    if not 0 <= trained <= parameters:
        raise ValueError(f"{trained:,} trainable of {parameters:,} parameters: give 0 to all of them")
    row = ZERO[stage]
    return ModelStates(
        MIXED["parameters"] * parameters / (devices if row.shards_parameters else 1),
        MIXED["gradients"] * trained / (devices if row.shards_gradients else 1),
        MIXED["optimizer"] * trained / (devices if row.shards_optimizer else 1),
    )


def lora_parameters(matrices: Iterable[tuple[int, int]], rank: int, layers: int = 1) -> int:
    """Trainable parameters of LoRA: r (d_in + d_out) for every target matrix (d_in, d_out) of every layer.

    W stays as it is, and B A with A [r, d_in] and B [d_out, r] is added to it. Hu et al. 2022.

    >>> lora_parameters([(12_288, 12_288)] * 2, rank=4, layers=96)  # GPT-3, query and value
    18874368
    """
    _check_counts(rank=rank, layers=layers)
    return layers * sum(rank * (d_in + d_out) for d_in, d_out in matrices)


# --- compute


def training_flops(parameters: float, tokens: float) -> float:
    """C = 6 N D: 2 for the forward pass and 4 for the backward one, for every parameter and token.

    A multiplication and an addition are two operations; the backward pass multiplies twice, for the gradient on the
    input and on the weight. Attention's own T^2 comes on top (`attention_flops`). Kaplan et al. 2020.

    >>> f"{training_flops(174.6e9, 300e9):.3g}"  # GPT-3: Brown et al. 2020, table D.1
    '3.14e+23'
    """
    _check_amounts(parameters=parameters, tokens=tokens)
    return 6.0 * parameters * tokens


def tokens_a_second(parameters: float, devices: int, peak_flops: float, mfu: float) -> float:
    """How fast a run goes: devices x peak x MFU / 6N. Model FLOPs utilisation is the share of the peak that is used.

    peak_flops: of one device, operations a second, dense, in the precision that is trained in.

    >>> round(tokens_a_second(540e9, 6144, 275e12, 0.457))  # PaLM: Chowdhery et al. 2022 report 238.3 thousand
    238317
    """
    _check_counts(devices=devices)
    _check_amounts(parameters=parameters, peak_flops=peak_flops)
    if not 0 < mfu <= 1:
        raise ValueError(f"MFU {mfu} is no share of the peak; it must be above 0 and at most 1 (0.3 to 0.5 is usual)")
    return devices * peak_flops * mfu / (6.0 * parameters)


def training_days(parameters: float, tokens: float, devices: int, peak_flops: float, mfu: float) -> float:
    """How long a run over so many tokens takes, in days.

    >>> round(training_days(8.03e9, 86_400 * 1e6, 1, 6 * 8.03e15, 1.0), 6)  # a million tokens a second, for a day
    1.0
    """
    _check_amounts(tokens=tokens)
    return tokens / tokens_a_second(parameters, devices, peak_flops, mfu) / SECONDS_A_DAY


def attention_flops(tokens: int, width: int, layers: int) -> int:
    """What scores and mixing cost one sequence in training: 12 T^2 d for every layer, causal or not.

    Forward 2 T^2 d for Q K^T and as much for the product with V; backward twice that. A kernel that skips the masked
    half does half of it. Doubling T makes it four times as much, where 6 N D only doubles.

    >>> attention_flops(2, width=3, layers=1)
    144
    """
    _check_counts(tokens=tokens, width=width, layers=layers)
    return 12 * tokens**2 * width * layers


def attention_share(tokens: int, parameters: float, width: int, layers: int) -> float:
    """Attention's T^2 part of all operations on a sequence of T tokens: 12 T^2 d L / (6 N T + 12 T^2 d L).

    >>> attention_share(1000, parameters=2_000_000, width=100, layers=10)  # 1.2e10 of each kind
    0.5
    """
    quadratic = attention_flops(tokens, width, layers)
    return quadratic / (training_flops(parameters, tokens) + quadratic)


def attention_scores_bytes(batch: int, heads: int, tokens: int, dtype: str = "bfloat16") -> int:
    """One layer's scores [B, H, T, T], where they are written out; FlashAttention never holds them. Dao et al. 2022.

    >>> attention_scores_bytes(1, 32, 8192) / 1e9
    4.294967296
    """
    _check_dtype(dtype)
    _check_counts(batch=batch, heads=heads, tokens=tokens)
    return batch * heads * tokens**2 * BYTES[dtype]


# --- packing


@dataclass(frozen=True)
class PackingGain:
    """Tokens that are computed for the same chats. real: what they hold; the rest of each number is padding."""

    real: int
    to_longest: int  # batches padded to their own longest chat
    to_length: int  # every row padded to the full length
    packed: int
    rows: int  # of the packed form

    @property
    def gain(self) -> float:
        """How many times less is computed than with batches padded to their longest."""
        return self.to_longest / self.packed


def packing_gain(lengths: Sequence[int], row: int, batch: int = 8) -> PackingGain:
    """What packing chats of these lengths into rows of `row` tokens saves, against padding them batch by batch.

    Chats are batched in the order given; packing is best-fit decreasing (`supervision.packing.bins`). The rows
    themselves are counted in full: a half-filled last one is padding too.

    >>> packing_gain([4, 1, 1, 2], row=4, batch=2)
    PackingGain(real=8, to_longest=12, to_length=16, packed=8, rows=2)
    """
    _check_counts(row=row, batch=batch)
    if not lengths:
        raise ValueError("there is no chat to pack; give at least one length")
    for i, length in enumerate(lengths):
        if not 1 <= length <= row:
            raise ValueError(f"chat {i} has {length} tokens and a row holds {row}: truncate it first, or leave it out")
    rows = len(bins(lengths, row))
    batches = [lengths[i : i + batch] for i in range(0, len(lengths), batch)]
    longest = sum(max(part) * len(part) for part in batches)
    return PackingGain(sum(lengths), longest, len(lengths) * row, rows * row, rows)


def in_words(amount: float, unit: str) -> str:
    """A large amount with its prefix of 1000: three digits and the unit.

    >>> in_words(120e9, "B"), in_words(3.14e23, "FLOP"), in_words(12, "B")
    ('120 GB', '314 ZFLOP', '12 B')
    """
    prefixes = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
    scaled, power = float(f"{amount:.3g}"), 0  # rounded first: 999,999 is 1 M, not 1e+03 k
    while scaled >= 1000 and power + 1 < len(prefixes):
        scaled, power = scaled / 1000, power + 1
    return f"{scaled:.3g} {prefixes[power]}{unit}"


def _check_dtype(dtype: str) -> None:
    if dtype not in BYTES:
        raise ValueError(f"dtype {dtype!r} is unknown; use one of {', '.join(BYTES)}")


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} = {count} is no number of things; give at least 1")


def _check_amounts(**amounts: float) -> None:
    for name, amount in amounts.items():
        if not 0 < amount < math.inf:
            raise ValueError(f"{name} = {amount} is not a positive number")
