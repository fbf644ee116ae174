"""Hostile templates end in time with a named cause, and others are served meanwhile."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from sftviz.chat.messages import ChatError
from sftviz.chat.rendering import render
from sftviz.chat.write import server
from sftviz.chat.write.helper import SECONDS, WALL_SECONDS

from .chats import SHORT

HOSTILE = {
    "T01 range": ("{% for i in range(10**9) %}{% endfor %}", "Range too big"),
    "T02 nested loops": (
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "stopped after 2 s",
    ),
    "T02 macro": (
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(40) }}",
        "stopped after 2 s",
    ),
    "T03 string": ("{{ 'x' * 800000000 }}", "256 MB"),
    "T03 ljust": ("{{ 'x'.ljust(2000000000) }}", "256 MB"),
    "T03 doubling": (
        "{% set ns = namespace(s='x') %}{% for i in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
        "256 MB|stopped",
    ),
    "T04 power": ("{{ (3**20000000) % 7 }}", "stopped after 2 s"),
    "T05 brackets": ("{{ " + "(" * 5000 + ")" * 5000 + " }}", "nested too deep"),
    "T05 macro": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nested too deep"),
    "T06 loops": ("{% for a in [1] %}" * 25 + "{% endfor %}" * 25, "nested too deep"),
    "T07 class": ("{{ ''.__class__.__mro__ }}", "not allowed"),
    "T07 globals": ("{{ cycler.__init__.__globals__.os.system('touch canary') }}", "not allowed|undefined"),
    "T08 include": ("{% include 'x' %}", "no loader"),
    "T09 generation": ("{% generation %}x", "endgeneration"),
    "T09 syntax": ("{{ messages[ }}", "line 1"),
    "T09 undefined": ("\n\n{{ nothing.at }}", "line 3.*'nothing' is undefined"),
    "T11 long": ("{# " + "x" * 70_000 + " #}{", "65,536 are allowed"),
    "T11 output": ("{% for i in range(90000) %}{{ 'x' * 50 }}{% endfor %}", "200,000 are allowed"),
    "namespace": ("{% set ns = namespace(__x=1) %}", "underscore"),
}


def seconds_of_children() -> float:
    """Processor time that the children of both helpers have taken so far."""
    times = [psutil.Process(helper.process.pid).cpu_times() for helper in server._all if helper.process]
    return sum(one.children_user + one.children_system for one in times)


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_template_ends_in_time_with_its_cause(case: str) -> None:
    template, words = HOSTILE[case]
    render(SHORT, "sftviz/tiny", "{{ messages[0].content }}")
    started, used = time.monotonic(), seconds_of_children()
    with pytest.raises(ChatError, match=f"(?s){words}"):
        render(SHORT, "sftviz/tiny", template)
    assert seconds_of_children() - used < SECONDS + 0.5
    assert time.monotonic() - started < WALL_SECONDS  # a busy machine takes longer than its processor time
    assert not Path("canary").exists()


def test_a_slow_template_does_not_make_others_wait() -> None:
    good = "{% for m in messages %}{{ m.content }}{% endfor %}"
    render(SHORT, "sftviz/tiny", good)
    caught: list[ChatError] = []

    def hostile() -> None:
        try:
            render(SHORT, "sftviz/tiny", HOSTILE["T04 power"][0])
        except ChatError as error:
            caught.append(error)

    slow = threading.Thread(target=hostile)
    slow.start()
    time.sleep(0.3)
    render(SHORT, "sftviz/tiny", good)
    served_first = not caught
    slow.join()
    assert served_first
    assert len(caught) == 1


def test_a_killed_helper_is_replaced() -> None:
    good = "{% for m in messages %}{{ m.content }}{% endfor %}"
    wanted = render(SHORT, "sftviz/tiny", good).text
    for helper in server._all:
        if helper.process:
            helper.process.kill()
    assert render(SHORT, "sftviz/tiny", good).text == wanted


def test_the_child_can_write_no_file(tmp_path: Path) -> None:
    script = (
        "import sys; from sftviz.chat.write.helper import limit_self; limit_self(); open(sys.argv[1], 'w').write('x')"
    )
    file = tmp_path / "written"
    subprocess.run([sys.executable, "-c", script, str(file)], check=True)
    assert file.read_text() == ""
