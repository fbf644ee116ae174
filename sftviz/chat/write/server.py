"""Untrusted templates: a helper process that is bounded in time, memory and what it may touch.

Jinja's own sandbox bounds access, not work: `{{ 3**20000000 % 7 }}` holds the interpreter for seconds and a string
multiplication takes gigabytes. So a template that a person typed, or that came with somebody's tokenizer, is rendered
in a child process with 2 s of processor time and 256 MB. `multiprocessing` would re-run the Streamlit script, so it is
a plain subprocess; two of them, so that one slow template does not make everybody wait.
"""

import atexit
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path

from sftviz.chat.write import helper
from sftviz.chat.write.engine import Job, Result

HELPERS = 2
PATIENCE = helper.WALL_SECONDS + 10  # seconds until a helper that does not answer is replaced
ROOT = Path(__file__).resolve().parents[3]
# Isolated (-I), and the package's folder last, so that nothing in it can stand in for the standard library
PROGRAM = "import sys; sys.path.append(sys.argv[1]); from sftviz.chat.write.helper import serve; serve()"


class Helper:
    """One process running `helper`; started at its first job, replaced when it dies."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def render(self, job: Job) -> Result:
        line = json.dumps(job) + "\n"
        for _ in range(2):  # a helper that was killed is restarted once
            answer = self._ask(line)
            if answer:
                return json.loads(answer)
            self.stop()
        return {"error": {"code": "template_no_answer", "values": {}, "line": None}}

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


def render_bounded(job: Job) -> Result:
    """`engine.render` of an untrusted template, in at most 2 s of processor time and 256 MB."""
    helper = _idle.get()
    try:
        return helper.render(job)
    finally:
        _idle.put(helper)


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", "-c", PROGRAM, str(ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )


@atexit.register
def _stop_helpers() -> None:
    for one in _all:
        one.stop()
