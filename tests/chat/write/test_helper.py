"""The bounded process: what a template could do with files, and what is said where limits cannot be had."""

from pathlib import Path
from typing import Any

from sftviz.chat.write import helper
from sftviz.chat.write.helper import in_child


def test_nothing_in_the_child_can_write_a_file(tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    def writes(job: Any) -> dict[str, str]:
        canary.write_text("x")
        return {"text": "written"}

    told = in_child({}, writes)
    assert told.get("text") != "written"
    assert not canary.exists() or canary.read_text() == ""


def test_a_system_without_proc_still_renders(monkeypatch: Any) -> None:
    assert helper._size(4096, Path("/nowhere")) is None
    monkeypatch.setattr(helper, "_size", lambda page: None)
    assert in_child({}, lambda job: {"text": "hi"}) == {"text": "hi"}


def test_a_child_that_is_killed_is_no_matter_of_memory() -> None:
    def crashes(job: Any) -> dict[str, str]:
        import os
        import signal

        os.kill(os.getpid(), signal.SIGSEGV)
        return {}

    assert in_child({}, crashes)["error"]["code"] == "template_crashed"
