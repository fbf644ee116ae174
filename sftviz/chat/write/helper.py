"""The program of the bounded helper process: one JSON job a line, one JSON answer a line (see `server`)."""

import contextlib
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

from sftviz.chat.write.engine import EXTRA_MEMORY, Job, Result, error_of, render

SECONDS = 2  # of processor time
WALL_SECONDS = 20  # a busy machine may take ten times as long as the work


def serve() -> None:
    """Answer jobs until standard input closes; each in a child of its own where the OS can fork."""
    answer = in_child if hasattr(os, "fork") else render
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


def in_child(job: Job, work: Any = render) -> Result:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            limit_self()
            with os.fdopen(writer, "w") as pipe:
                pipe.write(json.dumps(work(job)))
        finally:
            os._exit(0)  # whatever happened, never go on as a second server
    os.close(writer)
    answer = _read_until(reader, time.monotonic() + WALL_SECONDS)
    os.close(reader)
    if answer is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return json.loads(answer) if answer else _ended(answer, status)


def limit_self() -> None:
    """Processor time, memory and written files, as far as this system can limit them."""
    try:
        import resource
    except ImportError:  # Windows: the wall deadline alone
        return
    limits = [(resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, 0)]
    if size := _size(resource.getpagesize()):
        limits.append((resource.RLIMIT_AS, size + EXTRA_MEMORY))
    for kind, limit in limits:
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some: go on with the others
            resource.setrlimit(kind, (limit, limit))


def _size(page: int, statm: Path = Path("/proc/self/statm")) -> int | None:
    """Bytes this process has mapped; None where the system does not say."""
    try:
        return int(statm.read_text().split()[0]) * page
    except (OSError, ValueError, IndexError):
        return None


def _ended(answer: bytes | None, status: int) -> Result:
    by_time = (signal.SIGXCPU, signal.SIGKILL)
    if answer is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in by_time):
        return error_of("template_time", seconds=SECONDS)
    if os.WIFSIGNALED(status):
        return error_of("template_crashed", signal=signal.Signals(os.WTERMSIG(status)).name)
    return error_of("template_memory", megabytes=EXTRA_MEMORY // 2**20)


def _read_until(reader: int, deadline: float) -> bytes | None:
    chunks: list[bytes] = []
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            return None
        chunk = os.read(reader, 1 << 16)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
    return None
