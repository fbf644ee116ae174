"""The app as a server of its own, and what a web socket is told there: 101 comes in, 403 is turned away."""

import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

ASK = (
    "GET /_stcore/stream HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Server(NamedTuple):
    port: int
    process: subprocess.Popen[str]


@contextmanager
def served(start: Sequence[str], folder: Path, within_s: float = 120) -> Iterator[int]:
    """Run a command that opens the app, from a folder, and give its port once it answers."""
    with server(start, folder, within_s) as one:
        yield one.port


@contextmanager
def server(start: Sequence[str], folder: Path, within_s: float = 120) -> Iterator[Server]:
    """The same, with its process."""
    port = free_port()
    process = started(start, folder, port, within_s)
    try:
        yield Server(port, process)
    finally:
        _stop(process)


def started(start: Sequence[str], folder: Path, port: int, within_s: float = 120) -> subprocess.Popen[str]:
    """The running command, once it answers on that port; who asks for it stops it."""
    command = [*start, "--server.headless=true", f"--server.port={port}"]
    # To a file: a pipe that nobody reads fills up, and the server waits
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, cwd=folder, stdout=told, stderr=subprocess.STDOUT, text=True)
        try:
            _wait(process, port, told, time.monotonic() + within_s)
        except BaseException:
            _stop(process)
            raise
    return process


def _stop(server: subprocess.Popen[str]) -> None:
    server.terminate()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:  # Streamlit waits for a web socket that was left without a farewell
        server.kill()


def _wait(server: subprocess.Popen[str], port: int, told: IO[str], deadline: float) -> None:
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5)
            return
        except OSError:
            assert server.poll() is None, told.seek(0) or told.read()
            assert time.monotonic() < deadline, "the app does not answer"
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answer_to(port: int, host: str) -> int:
    """The status of a web socket's handshake with that Host and Origin: what a page of another name could get."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(ASK.format(host=host, port=port).encode())
        return int(line.recv(64).split()[1])
