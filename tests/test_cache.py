"""What is kept is made once, is made anew when it is damaged, and never more than a few."""

import os
from pathlib import Path

import pytest

from sftviz.assets import cache


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept" / "things"


def never() -> bytes:
    raise AssertionError("it is there already")


def test_a_thing_is_made_once(here: Path) -> None:
    assert cache.kept("things", "one", lambda: b"first\nsecond") == b"first\nsecond"
    assert cache.kept("things", "one", never) == b"first\nsecond"
    assert [file.name for file in here.iterdir()] == ["one"]


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:3], lambda b: b"", lambda b: b + b"x"])
def test_a_damaged_file_is_made_anew(here: Path, damage) -> None:  # pyright: ignore
    cache.kept("things", "one", lambda: b"whole")
    file = here / "one"
    file.write_bytes(damage(file.read_bytes()))
    assert cache.kept("things", "one", lambda: b"again") == b"again"
    assert cache.kept("things", "one", never) == b"again"


def test_an_interruption_leaves_no_half_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache.kept("things", "one", lambda: b"whole")
    assert list(here.iterdir()) == []


def test_where_nothing_can_be_written_it_is_said_and_the_thing_is_used_all_the_same(here: Path) -> None:
    here.parent.mkdir()
    here.write_text("a file where the folder would be")
    with pytest.warns(UserWarning, match="cannot be written"):
        assert cache.kept("things", "one", lambda: b"whole") == b"whole"


def test_the_oldest_goes_when_there_are_many(here: Path) -> None:
    for age, key in enumerate("abcdefghij"):
        cache.kept("things", key, lambda: b"x")
        os.utime(here / key, (age, age))
    assert {file.name for file in here.iterdir()} == set("cdefghij")


def test_the_variable_names_the_place_and_without_it_the_system_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, "~/elsewhere")
    assert cache.folder() == Path.home() / "elsewhere"
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache.folder() == Path("/x/sftviz")
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache.folder() == Path.home() / "Library/Caches/sftviz"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert cache.folder() == Path("/local/sftviz")
