"""The learning rate along a run: up from nothing, then down to a floor, or not at all."""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """A row of SCHEDULES: what is left of the peak after warm-up. left(progress), progress and result in [0, 1]."""

    name: str
    title: str
    formula: str  # KaTeX; s: step, w: warm-up steps, n: all steps, f: floor, u: progress after warm-up
    meaning: str
    source: str
    left: Callable[[float], float]


SCHEDULES = {
    row.name: row
    for row in (
        Schedule(
            "constant",
            "constant",
            r"1",
            "the last steps are as long as the first: the loss keeps rattling",
            "transformers: get_constant_schedule_with_warmup",
            lambda progress: 1.0,
        ),
        Schedule(
            "linear",
            "linear",
            r"f + (1-f)(1-u)",
            "every step is a little shorter than the one before",
            "Devlin et al. 2019; transformers: get_linear_schedule_with_warmup",
            lambda progress: 1.0 - progress,
        ),
        Schedule(
            "cosine",
            "cosine",
            r"f + (1-f)\,\tfrac{1}{2}\left(1 + \cos \pi u\right)",
            "long steps for longer, then a soft landing",
            "Loshchilov and Hutter 2017; transformers: get_cosine_schedule_with_warmup",
            lambda progress: 0.5 * (1.0 + math.cos(math.pi * progress)),
        ),
    )
}


@dataclass(frozen=True)
class LearningRate:
    """A learning rate for every step of a run of `total_steps`, counted from 0.

    peak: the highest learning rate. warmup_steps: step s of them takes s/warmup_steps of the peak, so step 0 takes
    nothing and is wasted, as in transformers. floor: the share of the peak that is kept to the end.
    After the last step it stays where it ended (transformers' cosine climbs again there).

    >>> plan = LearningRate("cosine", peak=1e-3, warmup_steps=2, total_steps=6, floor=0.1)
    >>> [round(plan.at(step) * 1000, 3) for step in range(8)]
    [0.0, 0.5, 1.0, 0.868, 0.55, 0.232, 0.1, 0.1]
    """

    schedule: str
    peak: float
    warmup_steps: int
    total_steps: int
    floor: float = 0.0

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule {self.schedule!r} is unknown; use one of {', '.join(SCHEDULES)}")
        if not 0 < self.peak < math.inf:
            raise ValueError(f"peak learning rate {self.peak} is not a positive number: nothing would be learned")
        if self.total_steps < 1:
            raise ValueError(f"a run of {self.total_steps} steps has no learning rate; give at least 1")
        if not 0 <= self.warmup_steps <= self.total_steps:
            raise ValueError(
                f"warm-up of {self.warmup_steps} steps does not fit a run of {self.total_steps}: the peak would never "
                f"be reached; give 0 to {self.total_steps}"
            )
        if not 0 <= self.floor <= 1:
            raise ValueError(f"floor {self.floor} is no share of the peak; it must be in [0, 1]")

    def at(self, step: int) -> float:
        """The learning rate that this step is taken with."""
        return self.peak * self.share(step)

    def share(self, step: int) -> float:
        """The same as a share of the peak: what `torch.optim.lr_scheduler.LambdaLR` takes."""
        if step < 0:
            raise ValueError(f"step {step} is before the run; steps count from 0")
        if step < self.warmup_steps:
            return step / self.warmup_steps
        progress = (step - self.warmup_steps) / max(1, self.total_steps - self.warmup_steps)
        return self.floor + (1 - self.floor) * SCHEDULES[self.schedule].left(min(1.0, progress))

    def curve(self) -> list[float]:
        """The learning rate of every step of the run: total_steps numbers."""
        return [self.at(step) for step in range(self.total_steps)]
