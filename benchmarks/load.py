"""Many sessions of the running app, beside a hello-world's in the same run, and memory over a long time.

`python -m benchmarks.load` (make load): 50 people who think for 2 s. `python -m benchmarks.load --soak 30` (make soak):
20 people for 30 minutes who come and go; fails where memory keeps growing. The embedded model prices, also where
SmolLM2 is added.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from benchmarks.crowd import HELLO, INSPECT, LAB, Scenario, Tally, crowd, once
from benchmarks.measure import load, machine, resident
from benchmarks.paint import HELLO as HELLO_WORLD
from sftviz.assets import cache
from sftviz.ui import launch
from tests.ui.served import Server, server

FLAT = 0.05  # growth of the last third over the middle one that is still called flat
VISIT = 15  # runs before somebody leaves, in a soak


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _asked(arguments)
    print(f"{machine('streamlit', 'websockets', 'plotly', 'torch')}; load average {load()} before", flush=True)
    try:
        return soak(asked.people or 20, asked.soak, asked.think) if asked.soak else _load(asked)
    finally:
        print(f"load average {load()} after")


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, help="sessions at once: 50, in a soak 20")
    parser.add_argument("--seconds", type=float, default=60, help="of each scenario")
    parser.add_argument("--think", type=float, default=2, help="seconds between two runs of one person")
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES")
    return parser.parse_args(arguments)


def _load(asked: argparse.Namespace) -> int:
    wrong, people = 0, asked.people or 50
    with _hello() as hello:
        usual, _ = _measured(hello, HELLO, people, asked)
        _tell(HELLO, usual, people, None)
    with _app() as app:
        for scenario in (INSPECT, LAB):
            tally, grown = _measured(app, scenario, people, asked)
            wrong += tally.wrong + len(tally.failed)
            _tell(scenario, tally, people, grown, usual)
    return int(wrong > 0)


def _measured(app: Server, scenario: Scenario, people: int, asked: argparse.Namespace) -> tuple[Tally, int]:
    """After one person's visit, who waits for what is loaded once: what many are told, and the bytes they take."""
    asyncio.run(once(app.port, scenario))
    before = resident(app.process.pid)
    tally = asyncio.run(crowd(app.port, scenario, people, asked.seconds, asked.think))
    return tally, resident(app.process.pid) - before


def _tell(scenario: Scenario, tally: Tally, people: int, grown: int | None, usual: Tally | None = None) -> None:
    if len(tally.seconds) < 2:
        print(f"{scenario.name}: {len(tally.seconds)} runs, {tally.failed[:1]}")
        return
    p50, p95 = median(tally.seconds), quantiles(tally.seconds, n=20)[-1]
    beside = f", {p95 / quantiles(usual.seconds, n=20)[-1]:.1f} x hello-world's p95" if usual else ""
    memory = "" if grown is None else f", {grown / 2**20:+.0f} MB"
    print(
        f"{scenario.name}: {people} people, {len(tally.seconds)} runs, p50 {1e3 * p50:.0f} ms, p95 {1e3 * p95:.0f} ms"
        f"{beside}{memory}, {tally.wrong} answers of somebody else's, {len(tally.failed)} failed {tally.failed[:1]}",
        flush=True,
    )


def soak(people: int, minutes: float, think: float) -> int:
    """Memory minute by minute while people come and go. 1 where the last third is above the middle one."""
    taken: list[int] = []
    with _app() as app:
        for scenario in (INSPECT, LAB):
            asyncio.run(once(app.port, scenario))
        for minute in range(max(3, round(minutes))):
            for scenario, share in ((INSPECT, people - people // 3), (LAB, people // 3)):
                tally = asyncio.run(crowd(app.port, scenario, share, 30, think, VISIT))
                if tally.wrong or tally.failed:
                    print(f"{scenario.name}: {tally.wrong} answers of somebody else's, failed {tally.failed[:3]}")
            taken.append(resident(app.process.pid))
            print(f"minute {minute + 1}: {taken[-1] / 2**20:.0f} MB", flush=True)
    third = len(taken) // 3
    growth = median(taken[-third:]) / median(taken[third : 2 * third]) - 1
    print(f"the last third of the time: {growth:+.1%} over the middle one")
    return int(growth > FLAT)


@contextmanager
def _app() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ[cache.VARIABLE] = folder
        with server(launch.command([]), Path(folder)) as app:
            yield app


@contextmanager
def _hello() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "hello.py").write_text(HELLO_WORLD)
        with server([sys.executable, "-m", "streamlit", "run", "hello.py"], Path(folder)) as hello:
            yield hello


if __name__ == "__main__":
    sys.exit(main())
