"""Output layer and cross-entropy, forward and backward, beside their three bare products: part of `make bench`.

Half of 2,048 rows are masked. The bare products are those over the supervised rows, into memory that stands ready: less
nobody can pay. Processor seconds of two threads, all ways in turn; medians, and the least of all rounds. Memory is what
a fresh process holds at most in two calls, beyond inputs, gradients and what a bare product leaves behind.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # a thread that waits for the other one does not count as busy

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.measure import MEMORY, Ways, in_turn, machine, peak_beyond, ratios, start_peak
from sftviz.loss.linear_cross_entropy import linear_cross_entropy

N, D, THREADS = 2048, 512, 2
CASES = [(32 * 1024, "float32"), (128 * 1024, "float32"), (32 * 1024, "bfloat16"), (128 * 1024, "bfloat16")]
BARE, OURS, NAIVE = "three bare products", "sftviz", "naive: all logits"
Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


def naive(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy((hidden @ weight.T).float(), targets)


def kept_only(loss: Loss, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """The loss of the supervised rows alone: what every way but the naive one is given."""
    rows = (targets != -100).nonzero().squeeze(-1)
    return loss(hidden[rows], weight, targets[rows])


def torchs(rows: int | None, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    options = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=rows)
    return F.linear_cross_entropy(hidden, weight, targets, options=options)


def trls(function: Any, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    return -function.apply(hidden, weight, None, targets, 1.0, 32768, None, 1.0, ())[0].mean()


def torchtunes(loss: Any, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    chunks = [part @ weight.T for part in hidden.unsqueeze(0).chunk(loss.num_output_chunks, dim=1)]
    return loss(chunks, targets.unsqueeze(0))


def torch_rows(rows: int | None) -> Loss:
    if not hasattr(torch.nn, "LinearCrossEntropyOptions"):
        raise ImportError("torch before 2.13 has none")
    return partial(kept_only, partial(torchs, rows))


def trl_kernel() -> Loss:
    from trl.kernels import ChunkedLogProbFunction

    return partial(kept_only, partial(trls, ChunkedLogProbFunction))


def cut_compiled() -> Loss:
    from cut_cross_entropy import linear_cross_entropy as cut

    return partial(kept_only, partial(cut, impl="torch_compile"))


def torchtune_chunks() -> Loss:
    from torchtune.modules.loss import CEWithChunkedOutputLoss

    return partial(torchtunes, CEWithChunkedOutputLoss(8))


MADE: dict[str, Callable[[], Loss]] = {
    OURS: lambda: linear_cross_entropy,
    NAIVE: lambda: naive,
    "naive, masked rows dropped": lambda: partial(kept_only, naive),
    "torch, automatic": lambda: torch_rows(None),
    "torch, chunks of 512 rows": lambda: torch_rows(512),
    "TRL's ChunkedLogProbFunction": trl_kernel,
    "Cut Cross-Entropy, compiled": cut_compiled,
    "torchtune, 8 chunks": torchtune_chunks,
}


def ways(names: Iterable[str]) -> dict[str, Loss]:
    """Those that can be imported here; the others are named with what they lack."""
    found: dict[str, Loss] = {}
    for name in names:
        try:
            found[name] = MADE[name]()
        except (ImportError, AssertionError) as error:  # torchtune asserts what it needs
            print(f"left out: {name} ({' '.join(str(error).split())[:60]})")
    return found


def inputs(vocabulary: int, dtype: str) -> tuple[Tensor, Tensor, Tensor]:
    kind, generator = getattr(torch, dtype), torch.Generator().manual_seed(0)
    hidden = torch.randn(N, D, generator=generator).to(kind).requires_grad_()
    weight = (torch.randn(vocabulary, D, generator=generator) / D**0.5).to(kind).requires_grad_()
    targets = torch.randint(vocabulary, (N,), generator=generator)
    return hidden, weight, targets.masked_fill(torch.rand(N, generator=generator) < 0.5, -100)


def step(loss: Loss, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    hidden.grad = weight.grad = None
    made = loss(hidden, weight, targets)
    made.backward()
    return made.detach()


def bare(hidden: Tensor, weight: Tensor, targets: Tensor) -> Callable[[], None]:
    rows, weight = hidden.detach()[targets != -100], weight.detach()
    logits = torch.zeros(len(rows), len(weight), dtype=weight.dtype)
    on_hidden, on_weight = torch.zeros_like(rows), torch.zeros_like(weight)

    def products() -> None:
        torch.mm(rows, weight.T, out=logits)
        torch.mm(logits, weight, out=on_hidden)
        torch.mm(logits.T, rows, out=on_weight)

    return products


def compare(losses: dict[str, Loss], vocabulary: int, dtype: str, rounds: int) -> None:
    hidden, weight, targets = inputs(vocabulary, dtype)
    exact = float(naive(hidden.detach(), weight.detach(), targets))
    for name, loss in losses.items():  # and whatever is made at the first call is made now
        assert abs(float(step(loss, hidden, weight, targets)) - exact) < 1e-2 * exact, f"{name}: another loss"
    timed: Ways = {
        BARE: bare(hidden, weight, targets),
        **{name: partial(step, loss, hidden, weight, targets) for name, loss in losses.items()},
    }
    taken = in_turn(timed, rounds)
    print(f"\nN {N}, {int((targets != -100).sum())} supervised, D {D}, V {vocabulary:,}, {dtype}, {rounds} rounds")
    memory = {name: measured_apart(name, vocabulary, dtype) for name in losses if MEMORY.exists()}
    for name, (typical, least) in ratios(taken, to=BARE).items():
        beyond = f"{memory[name] / 1e6:6.0f} MB" if name in memory else ""
        share = f"1/{memory[NAIVE] / memory[name]:.1f} of naive" if NAIVE in memory and name in memory else ""
        print(f"{name:30} {min(taken[name]):7.3f} s   median {typical:5.2f}   least {least:5.2f}   {beyond}   {share}")


def measured_apart(name: str, vocabulary: int, dtype: str) -> int:
    command = [sys.executable, "-m", "benchmarks.linear_cross_entropy", "--memory", name, str(vocabulary), dtype]
    return int(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]))


def memory_of(name: str, vocabulary: int, dtype: str) -> int:
    """Bytes at most in two calls, beyond inputs and gradients; libraries are warm."""
    hidden, weight, targets = inputs(vocabulary, dtype)
    loss = MADE[name]()
    step(loss, hidden[:64].detach().requires_grad_(), weight[:4096].detach().requires_grad_(), targets[:64] % 4096)
    bare(hidden, weight, targets)()  # the product's own buffers stay with the process, whoever asks for it
    before = start_peak()
    for _ in range(2):
        step(loss, hidden, weight, targets)
    return peak_beyond(before) - sum(each.numel() * each.element_size() for each in (hidden, weight))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", type=int, action="append", choices=range(len(CASES)), help="of the four, from 0")
    parser.add_argument("--ways", nargs="*", choices=MADE, default=list(MADE), help="all if left out")
    parser.add_argument("--memory", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    torch.set_num_threads(THREADS)
    if asked.memory:
        print(memory_of(asked.memory[0], int(asked.memory[1]), asked.memory[2]))
        return
    print(machine("sftviz", "torch", "trl", "cut-cross-entropy", "torchtune"))
    losses = ways(asked.ways)
    for case in asked.case or range(len(CASES)):
        compare(losses, *CASES[case], asked.rounds)


if __name__ == "__main__":
    main()
