"""Which data a step sees: sources mixed by size and temperature, and a curriculum from easy to hard."""

import math
import random
from collections.abc import Mapping, Sequence


def mixing_weights(sizes: Mapping[str, int], temperature: float = 1.0, cap: int | None = None) -> dict[str, float]:
    """The probability of drawing from each source: proportional to size^(1/temperature), adding up to 1.

    sizes: samples (or tokens) in each source. temperature 1 draws every sample equally often; the higher, the more
    equal the sources, and the more often a small one is repeated; inf draws every source equally often. cap: a larger
    source counts as this many (Raffel et al. 2020, whose T5 also tried temperature 2; Conneau et al. 2020 write
    1/temperature = 0.3). An empty source is never drawn.

    >>> mixing_weights({"web": 900, "code": 100}, temperature=2)  # 30 to 10
    {'web': 0.75, 'code': 0.25}
    """
    _check_mix(sizes, temperature, cap)
    counted = {name: size if cap is None else min(size, cap) for name, size in sizes.items()}
    largest = max(counted.values())
    # as shares of the largest: size^(1/temperature) overflows for a cold mix of large sources
    raised = {name: (n / largest) ** (1 / temperature) if n else 0.0 for name, n in counted.items()}
    total = math.fsum(raised.values())
    return {name: value / total for name, value in raised.items()}


def repetitions(weights: Mapping[str, float], sizes: Mapping[str, int], draws: int) -> dict[str, float]:
    """How often each sample of a source is seen on average in so many draws; 0 for a source that is never drawn.

    Four times is about as good as new data, and more gives less and less (Muennighoff et al. 2023).

    >>> repetitions({"web": 0.75, "code": 0.25}, {"web": 900, "code": 100}, draws=1200)
    {'web': 1.0, 'code': 3.0}
    """
    return {name: draws * weight / sizes[name] if weight else 0.0 for name, weight in weights.items()}


def draw(weights: Mapping[str, float], count: int, seed: int = 0) -> list[str]:
    """The source of each of `count` draws, with replacement, the same for the same seed.

    >>> draw({"web": 1.0, "code": 0.0}, 3)
    ['web', 'web', 'web']
    """
    return random.Random(seed).choices(list(weights), weights=list(weights.values()), k=count)


def curriculum(difficulties: Sequence[float], stages: int) -> list[list[int]]:
    """What each stage trains on: the easiest share first, then more, and everything in the last one.

    difficulties: one a sample, low is easy (its length, or its loss under a small model). Stage k of K holds the
    easiest k/K of the samples: old ones stay, so that nothing is forgotten. Indices, easiest first.
    Bengio et al. 2009; "baby steps" in Spitkovsky et al. 2010.

    >>> curriculum([5.0, 1.0, 3.0, 9.0], stages=2)
    [[1, 2], [1, 2, 0, 3]]
    """
    if not 1 <= stages <= len(difficulties):
        raise ValueError(
            f"{stages} stages for {len(difficulties)} samples: every stage must add one; give 1 to {len(difficulties)}"
        )
    for i, difficulty in enumerate(difficulties):
        if math.isnan(difficulty):
            raise ValueError(f"difficulty {i} is NaN, so it is neither easy nor hard; leave the sample out")
    order = sorted(range(len(difficulties)), key=lambda i: difficulties[i])
    return [order[: math.ceil(len(order) * stage / stages)] for stage in range(1, stages + 1)]


def stage_at(step: int, total_steps: int, stages: int) -> int:
    """Which stage a step belongs to, counted from 0: stages of equal length, and the last one for all that follows.

    >>> [stage_at(step, total_steps=6, stages=3) for step in range(7)]
    [0, 0, 1, 1, 2, 2, 2]
    """
    if stages < 1 or total_steps < stages:
        raise ValueError(f"{total_steps} steps cannot hold {stages} stages; every stage needs at least one step")
    if step < 0:
        raise ValueError(f"step {step} is before the run; steps count from 0")
    return min(stages - 1, step * stages // total_steps)


def _check_mix(sizes: Mapping[str, int], temperature: float, cap: int | None) -> None:
    if not temperature > 0:
        raise ValueError(f"temperature {temperature} is not positive; 1 mixes by size, inf mixes evenly")
    if cap is not None and cap < 1:
        raise ValueError(f"a cap of {cap} leaves every source empty; give at least 1, or None")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"source {name!r} has {size} samples; a size cannot be negative")
    if not any(sizes.values()):
        raise ValueError(f"none of {len(sizes)} sources holds a sample, so there is nothing to draw")
