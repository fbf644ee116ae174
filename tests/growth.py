"""Processor time that is asserted: of things run side by side, the least of several rounds, without collections.

What the machine's other work adds is never negative, and comes in bursts that a round or two may lie in.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def no_collections() -> Iterator[None]:
    """Collections of garbage walk whatever the tests before left in the process."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def at_most(times: float, small: Callable[[], object], large: Callable[[], object]) -> bool:
    """Whether large takes no more than that many times as long: the least of 3 to 12 rounds, side by side."""
    least_small = least_large = float("inf")
    for done in range(1, 13):
        least_small, least_large = min(least_small, seconds(small)), min(least_large, seconds(large))
        if done >= 3 and least_large <= times * least_small:
            return True
    return False


def within(limit: float, work: Callable[[], object]) -> bool:
    return any(seconds(work) <= limit for _ in range(3))
