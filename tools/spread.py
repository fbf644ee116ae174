"""What of the tuned pair's difference is chance: the part of MODEL_CARD.md that `build_tiny.py spread` makes possible.

spread.json holds, for both checkpoints of the pair, the held-out costs of one run a seed, the kept run first:
{"tiny-sft": [{"plain": …, "user": …, "assistant": …}, …], "tiny-unmasked": […]}. It is written anew after every seed.
"""

import json
from pathlib import Path
from statistics import mean, stdev

Costs = dict[str, float]  # kind of token -> nats per token

KINDS = {"plain": "plain text", "user": "user tokens", "assistant": "assistant tokens"}
MASKED, UNMASKED = "tiny-sft", "tiny-unmasked"

SECTION = """
## How much of the pair's difference is chance

Both were tuned {count} times from the same base, each time on other chats made from the same synsets (seeds {first} to
{last}; the first pair is the one kept). Held-out nats per token over these {count} runs: mean ± standard deviation
(least to most). What the base owes to its own seed is not in it.

| | {kinds} |
|---|---|---|---|
{rows}

{verdict} `python tools/build_tiny.py spread` measures it again, without touching the checkpoints.
"""


def section(path: Path, kept: dict[str, Costs], seed: int) -> str:
    """The card's part on chance; "" where no file is. Raises ValueError where the file is of other checkpoints."""
    if not path.exists():
        return ""
    runs = read(path, {name: kept[f"sftviz/{name}"] for name in (MASKED, UNMASKED)})
    between = differences(runs)
    rows = {f"`sftviz/{name}`": runs[name] for name in (MASKED, UNMASKED)} | {"without a mask − with it": between}
    return SECTION.format(
        count=len(between),
        first=seed,
        last=seed + len(between) - 1,
        kinds=" | ".join(KINDS.values()),
        rows="\n".join(f"| {title} | {' | '.join(told(one, kind) for kind in KINDS)} |" for title, one in rows.items()),
        verdict=verdict([one["assistant"] for one in between]),
    )


def read(path: Path, kept: dict[str, Costs]) -> dict[str, list[Costs]]:
    """The runs of a file, of no file the kept ones. Raises ValueError where the file is of other checkpoints."""
    if not path.exists():
        return {name: [costs] for name, costs in kept.items()}
    runs = json.loads(path.read_text(encoding="utf-8"))
    for name, costs in kept.items():
        check_kept(path, name, runs[name][0], costs)
    return runs


def check_kept(path: Path, name: str, first: Costs, kept: Costs) -> None:
    """The first run of a checkpoint is the kept one; costs that differ come from weights that are no longer here."""
    if any(abs(first[kind] - kept[kind]) > 0.001 for kind in KINDS):
        raise ValueError(
            f"{path}: the first run of {name} cost {first}, the checkpoint costs {kept}: it is of other weights; "
            "run `build_tiny.py spread` again, or delete the file"
        )


def differences(runs: dict[str, list[Costs]]) -> list[Costs]:
    """Of each seed: what the checkpoint tuned without a mask costs more than the one tuned with it."""
    pairs = zip(runs[MASKED], runs[UNMASKED], strict=True)
    return [{kind: unmasked[kind] - masked[kind] for kind in KINDS} for masked, unmasked in pairs]


def told(runs: list[Costs], kind: str) -> str:
    """Mean ± standard deviation (n − 1), and the range."""
    values = [run[kind] for run in runs]
    return f"{mean(values):.3f} ± {stdev(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def verdict(between: list[float]) -> str:
    """Whether answers cost more without a mask in every run, in none, or in some."""
    dearer = sum(one > 0 for one in between)
    said = {0: "in none of the runs", len(between): "in every run"}.get(dearer, f"in {dearer} of {len(between)} runs")
    return f"Without a mask answers cost more {said}."
