"""What is heavy is imported once, by one thread, while the others wait; and not at all where there is no server."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sftviz.ui import warm
from tests.ui.opened import keys, opened


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """As in a process that has imported nothing; gives what is imported, in order."""
    asked: list[str] = []
    monkeypatch.setattr(warm, "_done", threading.Event())
    monkeypatch.setattr(warm, "_started", threading.Event())
    monkeypatch.setattr(warm, "import_module", asked.append)
    return asked


def test_many_pages_at_once_import_everything_once_and_all_of_them_wait_for_it(cold: list[str]) -> None:
    together = threading.Barrier(8)

    def page(_: int) -> bool:
        together.wait(10)
        warm.ready()
        return warm.is_ready()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(page, range(8)))
    assert cold == list(warm.HEAVY)


def test_what_is_not_installed_is_left_to_who_needs_it(cold: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "has", lambda module: module != "torch")
    warm.ready()
    assert cold == [module for module in warm.HEAVY if not module.startswith("torch")]


def test_an_import_that_fails_is_tried_again(cold: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise ImportError("a library of the system is missing")

    monkeypatch.setattr(warm, "import_module", broken)
    with pytest.raises(ImportError):
        warm.ready()
    assert not warm.is_ready()
    monkeypatch.setattr(warm, "import_module", cold.append)
    warm.ready()
    assert warm.is_ready()


def test_a_lab_waits_and_the_first_page_does_not(cold: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "strip" in keys(opened(""))
    warm._done.clear()
    waited: list[str] = []
    monkeypatch.setattr(warm, "ready", lambda: waited.append("lab"))
    opened("information")
    assert waited == ["lab"]
    assert not warm._started.is_set()  # no server: no thread
