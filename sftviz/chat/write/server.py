"""Untrusted templates: a helper process that is bounded in time, memory and what it may touch.

Jinja's own sandbox bounds access, not work: `{{ 3**20000000 % 7 }}` holds the interpreter for seconds and a string
multiplication takes gigabytes. So a template that a person typed, or that came with somebody's tokenizer, is rendered
by `engine` in a child process with 2 s and 256 MB. `multiprocessing` would re-run the Streamlit script, so it is
a plain subprocess; two of them, so that one slow template does not make everybody wait.
"""

import atexit
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path

from sftviz.chat.write import engine

HELPERS = 2
PATIENCE = engine.SECONDS + 3  # seconds until a helper that does not answer is replaced


class Helper:
    """One process running `engine`; started at its first job, replaced when it dies."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def render(self, job: engine.Job) -> engine.Result:
        line = json.dumps(job) + "\n"
        for _ in range(2):  # a helper that was killed is restarted once
            answer = self._ask(line)
            if answer:
                return json.loads(answer)
            self.stop()
        return {"error": {"code": "template_time", "message": "the template did not finish in time", "line": None}}

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def _ask(self, line: str) -> str:
        if self.process is None or self.process.poll() is not None:
            self.process = _start()
        process = self.process
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            return ""
        timer = threading.Timer(PATIENCE, process.kill)
        timer.start()
        try:
            stdin.write(line)
            stdin.flush()
            return stdout.readline()
        except BrokenPipeError:
            return ""
        finally:
            timer.cancel()


_idle: queue.Queue[Helper] = queue.Queue()
_all = [Helper() for _ in range(HELPERS)]
for _helper in _all:
    _idle.put(_helper)


def render_bounded(job: engine.Job) -> engine.Result:
    """`engine.render` of an untrusted template, in at most 2 s and 256 MB."""
    helper = _idle.get()
    try:
        return helper.render(job)
    finally:
        _idle.put(helper)


def _start() -> subprocess.Popen[str]:
    program = str(Path(engine.__file__))
    return subprocess.Popen(
        [sys.executable, "-I", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@atexit.register
def _stop_helpers() -> None:
    for helper in _all:
        helper.stop()
