"""Many people at once: what each of them does, how long it took, and whether what came back was somebody else's."""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from websockets.exceptions import WebSocketException

from benchmarks.client import Person, person
from sftviz.ui.pages.gradients import STEPS

MARK = re.compile(rb"mark(\d+)of(\d+)")


class Scenario(NamedTuple):
    """What somebody does again and again: a page, and one change there, given who it is and how often it was done."""

    name: str
    page: str
    change: Callable[[Person, int, int], Awaitable[bool]]  # whether what came back is right


@dataclass
class Tally:
    """Seconds of every run, the runs whose answer was not their own, and what failed."""

    seconds: list[float] = field(default_factory=list[float])
    wrong: int = 0
    failed: list[str] = field(default_factory=list[str])


async def _squared(one: Person, who: int, turn: int) -> bool:
    x = (7 * who + turn) % 101
    await one.set("slider", double_array_value=[float(x)])
    return f"x squared is {x * x}".encode() in one.last


async def _pasted(one: Person, who: int, turn: int) -> bool:
    """A chat of its own each time, so that no run is a kept one."""
    text = f"User: What is mark{turn}of{who}?\nAssistant: A thing that {who + turn} people know, and more besides."
    await one.set("text_area", string_value=text)
    return set(MARK.findall(one.last)) == {(str(turn).encode(), str(who).encode())}


async def _turned(one: Person, who: int, turn: int) -> bool:
    """Another number of steps; a piece of the page that failed is a note in the place of its figure."""
    await one.set("slider", string_array_value=[str(STEPS.choices[(who + turn) % len(STEPS.choices)])])
    return b"descents" in one.last and b"failed_sftviz" not in one.last


HELLO = Scenario("hello-world", "", _squared)
INSPECT = Scenario("Inspect, a new chat each run", "", _pasted)
LAB = Scenario("Gradients, a slider", "gradients", _turned)


async def once(port: int, scenario: Scenario) -> None:
    """One person's visit: what is loaded once for everybody is loaded then."""
    async with person(port, scenario.page) as one:
        for turn in range(2):
            await scenario.change(one, 0, turn)


async def crowd(port: int, scenario: Scenario, people: int, seconds: float, think: float, stay: int = 0) -> Tally:
    """That many people for so long, who wait about `think` seconds between runs; stay: runs of a visit, 0 for all."""
    tally = Tally()
    end = time.monotonic() + seconds
    await asyncio.gather(*(_visits(port, scenario, who, end, think, stay, tally) for who in range(people)))
    return tally


async def _visits(port: int, scenario: Scenario, who: int, end: float, think: float, stay: int, tally: Tally) -> None:
    turn, chance = 0, random.Random(who)
    await asyncio.sleep(think * chance.random())
    while time.monotonic() < end:
        try:
            async with person(port, scenario.page) as one:
                leaves = turn + stay
                while time.monotonic() < end and not (stay and turn >= leaves):
                    await asyncio.sleep(think * (0.5 + chance.random()))
                    turn += 1
                    start = time.perf_counter()
                    tally.wrong += not await scenario.change(one, who, turn)
                    tally.seconds.append(time.perf_counter() - start)
        except (OSError, WebSocketException, KeyError) as error:
            tally.failed.append(f"{type(error).__name__}: {error}")
            await asyncio.sleep(think)
