"""As many runs at once as there are processors: the others wait for their turn, in the order in which they came.

Fifty threads that take the interpreter's lock from one another need twice the processor time of fifty in a row, and
with people who click on while they wait nobody is served any more. Nobody waits longer than PATIENCE for a turn.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PATIENCE = 5.0  # seconds: somebody else's run may take long
_turns = threading.Semaphore(os.cpu_count() or 1)


@contextmanager
def turn() -> Iterator[None]:
    """Around a run, or a part of a page that runs alone; within another turn nothing is waited for."""
    if _held.get() is not None:
        yield
        return
    mine = _Turn()
    entered = _held.set(mine)
    mine.take()
    try:
        yield
    finally:
        mine.give()
        _held.reset(entered)


@contextmanager
def out_of_turn() -> Iterator[None]:
    """Around what takes long: others have the turn meanwhile."""
    mine = _held.get() or _Turn()
    had = mine.is_taken
    mine.give()
    try:
        yield
    finally:
        if had:
            mine.take()


class _Turn:
    is_taken = False

    def take(self) -> None:
        self.is_taken = _turns.acquire(timeout=PATIENCE)

    def give(self) -> None:
        if self.is_taken:
            self.is_taken = False
            _turns.release()


_held: ContextVar[_Turn | None] = ContextVar("held", default=None)
