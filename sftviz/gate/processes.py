"""The lines of many samples, made by several processes in their order; a few samples need none."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import Any

from sftviz.chat.files import FileSample
from sftviz.overview import Overview, overviews

ALONE = 1000  # samples from which on starting a process pays
AT_ONCE = 100  # samples handed over together
WAITING = 3  # such hands a process that may wait: memory is bounded by it
MOST = 4


def usual_jobs() -> int:
    """As many processes as there are processors for us, MOST at most."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST, there)


def lines_of(samples: Iterator[FileSample], choices: dict[str, Any], jobs: int) -> Iterator[Overview]:
    """A line a sample, in order."""
    yield from overviews(samples if jobs < 2 else islice(samples, ALONE), **choices)
    if jobs > 1:
        yield from _in_processes(samples, choices, jobs)


def _in_processes(samples: Iterator[FileSample], choices: dict[str, Any], jobs: int) -> Iterator[Overview]:
    hand = list(islice(samples, AT_ONCE))
    if not hand:
        return
    waiting: deque[Future[list[Overview]]] = deque()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        try:
            while hand or waiting:
                if hand:
                    waiting.append(pool.submit(_lines, hand, choices))
                    hand = list(islice(samples, AT_ONCE))
                if not hand or len(waiting) > WAITING * jobs:
                    yield from waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _lines(samples: list[FileSample], choices: dict[str, Any]) -> list[Overview]:
    return list(overviews(samples, **choices))
