"""One hypothesis profile for the whole suite: no deadline, because a busy machine is no fault.

A cache of its own, kept between runs: no test meets what a user has added, nor leaves anything there. And no network.
"""

import atexit
import os
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from hypothesis import settings

from sftviz.assets import cache

HERE = Path(__file__).resolve().parent
USERS_CACHE = cache.folder()
os.environ[cache.VARIABLE] = str(HERE.parent / ".pytest_cache" / "d" / "sftviz")

settings.register_profile("sftviz", deadline=None)
settings.load_profile("sftviz")


def _without_network() -> Path:
    """Refuse the network here and in every Python that a test starts; gives the file that tells who asked."""
    spec = spec_from_file_location("tests.offline.sitecustomize", HERE / "offline" / "sitecustomize.py")
    assert spec is not None
    assert spec.loader is not None
    guard = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(guard)
    asked = Path(tempfile.mkstemp(prefix="sftviz-asked-")[1])
    atexit.register(asked.unlink, missing_ok=True)
    paths = [str(HERE / "offline"), os.environ.get("PYTHONPATH", "")]
    os.environ |= {guard.VARIABLE: str(asked), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    return asked


ASKED = _without_network()


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Fails a test in whose time something asked for another computer, whatever became of the answer."""
    before = ASKED.read_text(encoding="utf-8")
    yield
    assert ASKED.read_text(encoding="utf-8")[len(before) :] == ""
