"""Rows T: hostile templates end in time with a named cause, and others are served meanwhile."""

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
from tests.chat.chats import SHORT
from tests.reliability.templates import HOSTILE


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


def test_forty_large_templates_leave_the_server_small() -> None:
    """T11: transformers' cache keeps 128 of them."""
    render(SHORT, "sftviz/tiny", "{{ messages[0].content }}")
    before = psutil.Process().memory_info().rss
    for i in range(40):
        render(SHORT, "sftviz/tiny", "{# " + "x" * 60_000 + " #}{{ messages[" + str(i % 2) + "].content }}")
    assert psutil.Process().memory_info().rss - before < 30 * 2**20


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
