"""What a person has written outlives a server that is killed, a refresh, the browser's back, and belongs to one tab."""

import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from tests.browser.conftest import address, box, drawn, eventually, paste, settled
from tests.sources import ROOT
from tests.ui.served import free_port, started

OpenPage = Callable[..., Page]
APP = [sys.executable, "-m", "streamlit", "run", "app.py"]
ASKED = "User: what is a quokka?\nAssistant: "


def shows(page: Page, word: str) -> None:
    eventually(lambda: drawn(page), lambda tokens: word in tokens, within_s=60)


def written(page: Page, text: str) -> None:
    """Sent, shown, and then a little more that is not sent."""
    paste(page, text)
    shows(page, text[-5:])
    eventually(lambda: address(page), lambda url: "sample=mine" in url)  # the run has ended
    box(page).press("End")
    box(page).press("Control+End")
    page.keyboard.insert_text(" and more")


@pytest.fixture
def restarted(browser: Browser) -> Iterator[tuple[Page, Callable[[], None]]]:
    """A page of a server of its own, and what kills that with SIGKILL and starts it anew on the same port."""
    port = free_port()
    servers = [started(APP, ROOT, port)]
    context = browser.new_context()
    page = context.new_page()

    def restart() -> None:
        servers[-1].kill()
        servers[-1].wait(30)
        servers.append(started(APP, ROOT, port))

    try:
        page.goto(f"http://127.0.0.1:{port}")
        page.wait_for_selector(".sftviz-strip .tok", timeout=90_000)
        yield page, restart
    finally:
        context.close()
        servers[-1].kill()
        servers[-1].wait(30)


def test_a_server_that_is_killed_and_started_again_loses_nothing(
    restarted: tuple[Page, Callable[[], None]],
) -> None:
    page, restart = restarted
    written(page, ASKED + "a wallaby")
    restart()
    shows(page, "wallaby and more")
    settled(page)
    expect(box(page)).to_have_value(ASKED + "a wallaby and more")
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_refresh_and_back_lose_nothing(open_page: OpenPage, app_url: str) -> None:
    page = open_page()
    written(page, ASKED + "a possum")
    page.reload()
    shows(page, "possum and more")
    expect(box(page)).to_have_value(ASKED + "a possum and more")
    settled(page)
    page.goto(f"{app_url}/gradients")
    page.wait_for_selector(".js-plotly-plot .main-svg")
    page.go_back()
    shows(page, "possum and more")
    expect(box(page)).to_have_value(ASKED + "a possum and more")


def test_two_tabs_know_nothing_of_each_other(open_page: OpenPage) -> None:
    first = open_page()
    second = first.context.new_page()
    heard: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: heard.append(frame if isinstance(frame, bytes) else frame.encode()))

    second.on("websocket", listen)
    second.goto(first.url)
    second.wait_for_selector(".sftviz-strip .tok", timeout=90_000)
    written(first, ASKED + "a numbat")
    written(second, ASKED + "a bilby")
    for page in (first, second):
        page.reload()
    shows(second, "bilby and more")
    shows(first, "numbat and more")
    assert heard
    assert not any(b"numbat" in frame for frame in heard)
    assert any(b"bilby" in frame for frame in heard)
