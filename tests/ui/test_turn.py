"""Runs take turns: as many at once as there are processors, nobody for ever."""

import threading
import time

import pytest

from sftviz.ui import turn as turns
from sftviz.ui.turn import out_of_turn, turn

PEOPLE = 12


@pytest.fixture(autouse=True)
def two_processors(monkeypatch):
    monkeypatch.setattr(turns, "_turns", threading.Semaphore(2))


class Room:
    """How many are in at once, and the most that were."""

    def __init__(self):
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def __enter__(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self.lock:
            self.now -= 1


def in_threads(work):
    threads = [threading.Thread(target=work) for _ in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_two_run_at_once():
    room = Room()

    def work():
        with turn(), turn(), room:  # a part of a page within a page's run
            time.sleep(0.02)

    in_threads(work)
    assert room.most == 2


def test_what_takes_long_lets_others_by():
    room, all_in = Room(), threading.Barrier(PEOPLE)

    def work():
        with turn(), out_of_turn(), room:
            all_in.wait(10)

    in_threads(work)
    assert room.most == PEOPLE


def fails_late(room):
    with turn():
        with out_of_turn():
            time.sleep(0.01)
        with room:
            time.sleep(0.01)
        raise KeyError


def test_a_turn_comes_back_after_what_took_long_and_after_a_mistake():
    room = Room()

    def work():
        with pytest.raises(KeyError):
            fails_late(room)

    in_threads(work)
    assert room.most == 2
    assert turns._turns._value == 2


def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    held = [turns._turns.acquire() for _ in range(2)]
    with turn():
        assert all(held)
    assert not turns._turns.acquire(blocking=False)
