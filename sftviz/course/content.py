"""Where lessons and their notebooks lie: beside the package in the repository, inside it once installed.

They are content, not a package: found by path, and their Python is loaded by path.
"""

import sys
from functools import cache
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from sftviz.words import SaidError

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = PACKAGE / "course" / "content"  # pyproject.toml puts both folders here in a wheel
ROOT = INSTALLED if INSTALLED.is_dir() else PACKAGE.parent
LESSONS = ROOT / "lessons"
NOTEBOOKS = ROOT / "notebooks"


class CourseError(SaidError):
    """A lesson, or a piece of one, is not where it should be."""


def load(path: Path) -> ModuleType:
    """The module that a lesson's file makes, once a process. Raises CourseError where there is no such file."""
    if not path.is_file():
        raise CourseError("lesson_file_missing", path=str(path))
    return _loaded(path)


@cache
def _loaded(path: Path) -> ModuleType:
    name = f"sftviz_{path.parent.name}_{path.stem}_{sha256(bytes(path)).hexdigest()[:8]}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CourseError("lesson_file_missing", path=str(path))
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and Streamlit's caches look their module up by its name
    spec.loader.exec_module(module)
    return module
