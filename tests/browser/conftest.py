"""The app as a person meets it: a real server, headless Chromium, and no request to anywhere else."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

PLOT = ".js-plotly-plot .main-svg"
Value = TypeVar("Value")

expect.set_options(timeout=30_000)  # what a page shows is asserted, not how fast a busy machine shows it


def eventually(read: Callable[[], Value | None], holds: Callable[[Value], bool], within_s: float = 30.0) -> Value:
    """What `read` gives as soon as `holds` is true of it; asked again and again, fails with what it gave last.

    The page redraws while a test looks at it, so nothing that is asserted is read once: `read` asks the page anew each
    time, in one step, and gives None where there is nothing yet.
    """
    deadline = time.monotonic() + within_s
    while True:
        value = read()
        if value is not None and holds(value):
            return value
        assert time.monotonic() < deadline, f"not within {within_s:g} s; last seen: {value!r}"
        time.sleep(0.05)


def plotted(page: Page, key: str, holds: Callable[[list[dict[str, Any]]], bool] = bool) -> list[dict[str, Any]]:
    """The traces of a figure once `holds` is true of them: name, x, y, text, and told, what hovering is given."""
    return eventually(lambda: page.evaluate(TRACES, key), holds)


TRACES = """(key) => [...document.querySelectorAll(`.st-key-${key} .js-plotly-plot`)].at(-1)?.data?.map(
  (t) => ({name: t.name, x: t.x && [...t.x], y: t.y && [...t.y], text: t.text, told: t.customdata})) ?? null"""


def crowding(spin_s: float = 0.05) -> float:
    """How many times longer a computation takes here than its own processor time, 1 on a quiet machine.

    A limit in milliseconds is meant for a processor of one's own: it is multiplied by this.
    """
    started, used = time.perf_counter(), time.process_time()
    while time.process_time() - used < spin_s:
        pass
    return max(1.0, (time.perf_counter() - started) / spin_s)


def settled(page: Page) -> None:
    """Wait until no script runs and nothing on the page is left over from an earlier run."""
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-stale=true]')",
        timeout=60_000,
    )


def box(page: Page) -> Locator:
    """The text box of the chat; where it stands in a closed drawer, that is opened."""
    area = page.get_by_test_id("stTextArea").locator("textarea").first
    if not area.is_visible():
        page.locator(DRAWER).click()
        expect(area).to_be_visible()
    return area


DRAWER = ".st-key-drawer summary"


def paste(page: Page, text: str) -> None:
    area = box(page)
    area.fill(text)
    area.press("Control+Enter")


def address(page: Page) -> str:
    """What the browser's address line says now: `page.url` is what was last heard, and a wait does not listen."""
    return page.evaluate("location.href")


def drawn(page: Page) -> str:
    """Everything that the strip shows, token by token, as far as it is in the page."""
    return "".join(page.locator(".sftviz-strip .tokens .tok").all_text_contents())


FAULTS = """() => ({
  exceptions: document.querySelectorAll("[data-testid=stException]").length,
  formulas: document.querySelectorAll(".katex-error").length,
  sideways: Math.max(0, document.documentElement.scrollWidth - innerWidth),
})"""


def sound(page: Page) -> None:
    """No exception, no formula that KaTeX refuses, nothing wider than the page."""
    settled(page)
    eventually(lambda: page.evaluate(FAULTS), lambda faults: not any(faults.values()))


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.headless",
        "true",
        "--server.port",
        str(port),
    ]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/_stcore/health")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"{url} did not answer within a minute")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), f"there is no Chromium at {CHROMIUM}: `make browser` installs it"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser, app_url: str) -> Iterator[Callable[..., Page]]:
    """Open the app with a width and a colour scheme; fails at the end where a page asked a foreign host."""
    contexts = []
    foreign: list[str] = []

    def opened(
        width: int = 1280, height: int = 900, scheme: str = "light", path: str = "", ready: str = ".sftviz-strip .tok"
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: _note_foreign(request.url, app_url, foreign))
        page.goto(app_url + path)
        page.wait_for_selector(ready, timeout=90_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert foreign == []


def _note_foreign(url: str, app_url: str, foreign: list[str]) -> None:
    if not url.startswith((app_url, app_url.replace("http", "ws"), "data:", "blob:")):
        foreign.append(url)
