"""Seconds until a page stands in Chromium, beside a hello-world (title, slider, line) that the same run opens.

`python -m benchmarks.paint`: a fresh server each round (first paint, first strip), then every page of a warm one.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import load, machine
from sftviz.ui import launch
from tests.ui.opened import PAGES
from tests.ui.served import served

ROUNDS = 3
CHROMIUM = "/usr/bin/chromium"
STRIP = "[class*=st-key-strip]"
HELLO = 'import streamlit as st\nst.title("Hello")\nx = st.slider("x", 0, 100, 25)\nst.write(f"x squared is {x * x}")\n'
SETTLED = """() => document.querySelector('[data-test-script-state="notRunning"]') && document.querySelector("h1")"""


@contextmanager
def servers() -> Iterator[tuple[int, int]]:
    """Fresh ones: the port of the app, and of the hello-world."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "hello.py").write_text(HELLO)
        start = [sys.executable, "-m", "streamlit", "run", "hello.py"]
        with served(launch.command([]), Path(folder)) as app, served(start, Path(folder)) as hello:
            yield app, hello


def until(browser: Browser, address: str, *seen: str) -> list[float]:
    """Seconds from the address to each thing that is to be seen, in a browser that has nothing of it yet."""
    page = browser.new_page()
    start = time.perf_counter()
    page.goto(address)
    taken = []
    for one in seen:
        page.wait_for_selector(one, timeout=120_000)
        taken.append(time.perf_counter() - start)
    page.wait_for_function(SETTLED, timeout=120_000)
    page.close()
    return [*taken, time.perf_counter() - start]


def fresh(browser: Browser) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {"hello": [], "first paint": [], "first strip": []}
    for _ in range(ROUNDS):
        with servers() as (app, hello):
            taken["hello"].append(until(browser, f"http://localhost:{hello}", "h1")[0])
            paint, strip, _ = until(browser, f"http://localhost:{app}", "h1", STRIP)
        taken["first paint"].append(paint)
        taken["first strip"].append(strip)
    return taken


def warm(browser: Browser, pages: list[str]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {}
    with servers() as (app, hello):
        for page in pages:
            until(browser, f"http://localhost:{app}/{page}", "h1")
        for _ in range(ROUNDS):
            for name, address in {
                "hello": f"{hello}",
                **{page or "inspect": f"{app}/{page}" for page in pages},
            }.items():
                taken.setdefault(name, []).append(until(browser, f"http://localhost:{address}")[-1])
    return taken


def report(title: str, measure: Callable[[], dict[str, list[float]]]) -> None:
    before, taken = load(), measure()
    print(f"{title} (load average {before} before, {load()} after)")
    for name, seconds in taken.items():
        print(f"  {name:22} {median(seconds):6.2f} s, {median(seconds) / median(taken['hello']):5.2f} x hello")


def main() -> None:
    print(machine("streamlit", "plotly", "torch", "playwright"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        report("a fresh server", lambda: fresh(browser))
        report("a warm one, whole pages", lambda: warm(browser, sys.argv[1:] or list(PAGES)))
        browser.close()


if __name__ == "__main__":
    main()
