"""What the benchmarks share: the machine in a line, ways of doing one thing in turn, and the memory of a process."""

import os
import platform
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

Ways = Mapping[str, Callable[[], Any]]
MEMORY = Path("/proc/self/clear_refs")  # Linux; elsewhere memory is left out


def machine(*libraries: str) -> str:
    """Processor, Python and the versions of what is compared."""
    return f"{_processor()}, Python {platform.python_version()}, {', '.join(map(_named, libraries))}"


def load() -> str:
    """What the machine does besides, by its own count; a figure of a busy machine is none of a quiet one."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def in_turn(ways: Ways, rounds: int, clock: Callable[[], float] = time.process_time) -> dict[str, list[float]]:
    """Seconds of each way in every round, the ways in turn: a neighbour's load falls on all of them."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = clock()
            way()
            taken[name].append(clock() - start)
    return taken


def ratios(taken: Mapping[str, list[float]], to: str) -> dict[str, tuple[float, float]]:
    """Of each way to one of them: median to median, and least to least."""
    return {name: (median(each) / median(taken[to]), min(each) / min(taken[to])) for name, each in taken.items()}


def peak_beyond(before: int) -> int:
    """Bytes that were resident at most since `start_peak`, beyond those before."""
    return _status("VmHWM") - before


def start_peak() -> int:
    """Forget the peak so far; bytes resident now."""
    MEMORY.write_text("5")
    return _status("VmRSS")


def resident(process: int) -> int:
    """Bytes of a process that are in memory now. Linux."""
    return _status("VmRSS", process)


def _status(key: str, process: int | str = "self") -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in _lines(info) if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor() or platform.machine()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _named(library: str) -> str:
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return f"{library} not installed"
