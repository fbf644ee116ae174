"""What is said of every prediction beside its cost alone, and the memory of one inspection: part of `make bench`.

`predictions` gives cost, entropy, rank, ten alternatives and the norm on the logits; beside it log_softmax and gather,
in the same pieces. Processor seconds of one thread, in turn, medians and the least of all rounds. Memory is what a
random model of 128k ids prices 4,000 tokens with, beyond what it held before.
"""

import os
from functools import partial

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

import torch
from torch import Tensor

from benchmarks.measure import MEMORY, in_turn, machine, peak_beyond, ratios, start_peak
from sftviz.loss.predictions import predictions
from sftviz.model import pricing, token_losses

ROUNDS, TOP_K = 7, 10
CASES = [(4096, 4000), (128 * 1024, 256)]  # V, T
BARE = "log_softmax and gather"


@torch.no_grad()
def compare(vocabulary: int, tokens: int, likely: bool) -> None:
    """likely: the targets are among the ten likeliest tokens, as most are under a model that fits."""
    logits = 3 * torch.randn(tokens, vocabulary, generator=torch.Generator().manual_seed(0))
    targets = logits.topk(TOP_K).indices[:, 4] if likely else torch.arange(tokens) % vocabulary
    space, size = torch.empty_like(logits), pricing._rows_at_once(vocabulary)
    pieces = [slice(start, start + size) for start in range(0, tokens, size)]
    copy = partial(space.copy_, logits)  # they are used up
    timed = {
        BARE: partial(bare, logits, targets, pieces),
        "copy": copy,
        "all": partial(ours, space, targets, pieces, copy),
    }
    in_turn(timed, 1)
    taken = in_turn(timed, ROUNDS)
    taken["sftviz: all numbers"] = [a - b for a, b in zip(taken.pop("all"), taken.pop("copy"), strict=True)]
    which = "among the likeliest" if likely else "anywhere"
    for name, (typical, least) in ratios(taken, to=BARE).items():
        print(f"V {vocabulary:7,}, target {which:20} {name:24} median {typical:5.2f}   least {least:5.2f}")


def bare(logits: Tensor, targets: Tensor, pieces: list[slice]) -> None:
    for rows in pieces:
        torch.log_softmax(logits[rows], dim=-1).gather(-1, targets[rows].unsqueeze(-1))


def ours(logits: Tensor, targets: Tensor, pieces: list[slice], copy: partial[Tensor]) -> None:
    copy()
    for rows in pieces:
        predictions(logits[rows], targets[rows], None, TOP_K)


def memory(dtype: torch.dtype, vocabulary: int = 128 * 1024, tokens: int = 4000) -> int:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=128, intermediate_size=256, num_hidden_layers=3, num_attention_heads=4,
        max_position_embeddings=2 * tokens,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval().requires_grad_(False).to(dtype)
    ids = torch.arange(tokens).tolist()
    token_losses(model, ids[:16])
    before = start_peak()
    token_losses(model, ids)
    return peak_beyond(before)


def main() -> None:
    torch.set_num_threads(1)
    print(machine("sftviz", "torch", "transformers"))
    for vocabulary, tokens in CASES:
        for likely in (True, False):
            compare(vocabulary, tokens, likely)
    for dtype in (torch.float32, torch.bfloat16) if MEMORY.exists() else ():
        print(f"V 131,072, 4,000 tokens, {dtype}: {memory(dtype) / 1e6:.0f} MB beside the model")


if __name__ == "__main__":
    main()
