"""A loss curve, step by step -> which losses are spikes, and why. A spike must not teach the monitor what is usual."""

import math
import statistics
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

TO_SIGMA = 1.4826  # MAD of a normal distribution times this is its standard deviation: 1 / Phi^-1(3/4)
LEAST_SPREAD = 0.01  # share of the centre: a history without any spread would make a spike of every wobble


def median_distance(values: Sequence[float]) -> float:
    """MAD as a standard deviation: 1.4826 times the median distance from the median. Hampel 1974.

    >>> median_distance([1.0, 2.0, 3.0, 4.0, 1000.0])  # distances 2, 1, 0, 1, 997: the outlier does not count
    1.4826
    """
    middle = statistics.median(values)
    return TO_SIGMA * statistics.median(abs(value - middle) for value in values)


@dataclass(frozen=True)
class Monitor:
    """A row of MONITORS: what it takes for usual, and whether spikes become part of that."""

    name: str
    title: str
    formula: str  # KaTeX: a loss above it is a spike; k: threshold
    meaning: str
    source: str
    centre: Callable[[Sequence[float]], float]
    spread: Callable[[Sequence[float]], float]
    keeps_spikes: bool


MONITORS = {
    row.name: row
    for row in (
        Monitor(
            "robust",
            "median and MAD, spikes left out",
            r"\operatorname{median} + k \cdot 1.4826 \cdot \operatorname{MAD}",
            "half of the window could be wrong before the limit moves far, and spikes never enter it",
            "Hampel 1974; Leys et al. 2013",
            statistics.median,
            median_distance,
            keeps_spikes=False,
        ),
        Monitor(
            "naive",
            "mean and standard deviation, spikes kept (the bug)",
            r"\operatorname{mean} + k \cdot \operatorname{std}",
            "a spike lifts mean and deviation, and so hides the next one for a whole window",
            "the first thing one writes",
            statistics.fmean,
            statistics.pstdev,
            keeps_spikes=True,
        ),
    )
}


@dataclass(frozen=True)
class Seen:
    """One loss as the monitor saw it. limit: NaN while too little is known to judge."""

    step: int
    loss: float  # nats
    limit: float  # nats: a loss above it is a spike
    reason: str  # empty for a usual loss

    @property
    def is_spike(self) -> bool:
        return bool(self.reason)


class SpikeMonitor:
    """Tell of each loss as it comes whether it is a spike: above the usual by `threshold` deviations, or not finite.

    window: how many usual losses are remembered. least: how many must be known before anything is judged.
    patience: after so many spikes in a row the loss has a new level (other data, another learning rate), and they
    become the history; otherwise everything would be a spike for ever. Falling losses are never spikes.

    >>> monitor = SpikeMonitor(least=3)
    >>> [monitor.see(loss).is_spike for loss in (2.0, 2.1, 1.9, 2.0, 9.0, 2.0, 5.0)]
    [False, False, False, False, True, False, True]
    """

    def __init__(
        self, monitor: str = "robust", *, window: int = 50, threshold: float = 5.0, least: int = 10, patience: int = 10
    ) -> None:
        if monitor not in MONITORS:
            raise ValueError(f"monitor {monitor!r} is unknown; use one of {', '.join(MONITORS)}")
        if not 2 <= least <= window:
            raise ValueError(f"least = {least} and window = {window} never judge: give 2 <= least <= window")
        if not 0 < threshold < math.inf:
            raise ValueError(f"threshold {threshold} is not a positive number of deviations; 5 is usual")
        if patience < 1:
            raise ValueError(f"patience {patience} would take every spike for a new level; give at least 1")
        self.row = MONITORS[monitor]
        self.threshold, self.least, self.patience = threshold, least, patience
        self.history: deque[float] = deque(maxlen=window)
        self.in_a_row: list[float] = []
        self.step = 0

    def see(self, loss: float) -> Seen:
        """The verdict on the next loss, in nats."""
        limit = self._limit()
        seen = Seen(self.step, loss, limit, self._reason(loss, limit))
        self.step += 1
        if math.isfinite(loss):
            self._remember(loss, seen.is_spike)
        return seen

    def _limit(self) -> float:
        if len(self.history) < self.least:
            return math.nan
        usual = list(self.history)
        centre = self.row.centre(usual)
        return centre + self.threshold * max(self.row.spread(usual), LEAST_SPREAD * abs(centre))

    def _reason(self, loss: float, limit: float) -> str:
        if not math.isfinite(loss):
            return f"the loss is {loss}: the weights may be broken after this step; go back to a checkpoint"
        if loss > limit:
            return f"{loss:.4g} nats is above the limit of {limit:.4g}: look at this batch before it is learned from"
        return ""

    def _remember(self, loss: float, is_spike: bool) -> None:
        if not is_spike or self.row.keeps_spikes:
            self.history.append(loss)
        self.in_a_row = [*self.in_a_row, loss] if is_spike else []
        if len(self.in_a_row) >= self.patience and not self.row.keeps_spikes:
            self.history.clear()
            self.history.extend(self.in_a_row)
            self.in_a_row = []


def find_spikes(
    losses: Iterable[float],
    monitor: str = "robust",
    *,
    window: int = 50,
    threshold: float = 5.0,
    least: int = 10,
    patience: int = 10,
) -> list[Seen]:
    """The verdict on every loss of a curve, in order; see `SpikeMonitor`.

    >>> [seen.step for seen in find_spikes([2.0, 2.1] * 10 + [8.0, 2.0, float("nan")]) if seen.is_spike]
    [20, 22]
    """
    watching = SpikeMonitor(monitor, window=window, threshold=threshold, least=least, patience=patience)
    return [watching.see(loss) for loss in losses]
