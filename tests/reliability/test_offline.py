"""The guard that keeps every test from the network, tried: here, and in a Python that a test starts."""

import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from tests import conftest

ASKS: dict[str, Callable[[], object]] = {
    "an address": lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
    "an address of IPv6": lambda: socket.create_connection(("2001:db8::1", 80), timeout=1),
    "a datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("8.8.8.8", 1)),
    "a name": lambda: urllib.request.urlopen("http://example.org", timeout=1),
}


@pytest.fixture
def asked() -> Iterator[Callable[[], str]]:
    """What was asked for in this test; it is forgotten at the end, so that the test does not fail of it."""
    before = conftest.ASKED.read_text(encoding="utf-8")
    yield lambda: conftest.ASKED.read_text(encoding="utf-8")[len(before) :]
    conftest.ASKED.write_text(before, encoding="utf-8")


@pytest.mark.parametrize("ask", ASKS)
def test_another_computer_is_out_of_reach_and_the_attempt_is_written_down(ask: str, asked: Callable[[], str]) -> None:
    with pytest.raises(OSError, match="the tests have no network"):
        ASKS[ask]()
    assert asked()


def test_so_it_is_in_every_python_that_a_test_starts(asked: Callable[[], str]) -> None:
    code = "import urllib.request as u; u.urlopen('http://example.org')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "the tests have no network" in done.stderr
    assert asked() == "look up example.org\n"


def test_this_computer_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()
