"""What takes seconds to make and is made but once: kept in the user's cache folder, and looked at before it is used."""

import hashlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

from sftviz.words import tell

VARIABLE = "SFTVIZ_CACHE"
MOST_KEPT = 8  # files of one kind: what is oldest goes


def folder() -> Path:
    """Where things are kept: what SFTVIZ_CACHE names, else the system's place for a user's cache."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "sftviz"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "sftviz"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sftviz"


def kept(kind: str, key: str, make: Callable[[], bytes]) -> bytes:
    """The bytes that were kept under the key, else what `make` gives, which is kept from then on.

    A file that is not what was written (cut short, changed) is made anew. Where nothing can be written, a warning says
    so once and what was made is used all the same.
    """
    file = folder() / kind / key
    found = _read(file)
    if found is None:
        found = make()
        _keep(file, found)
    return found


def _read(file: Path) -> bytes | None:
    """Without its first line, which is the sha256 of the rest; None where there is no such file, or it is damaged."""
    try:
        digest, _, content = file.read_bytes().partition(b"\n")
    except OSError:
        return None
    return content if digest == _digest(content) else None


def _keep(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, _digest(content) + b"\n" + content)
        _forget_the_oldest(file.parent)
    except OSError as error:
        warnings.warn(tell("cache.not_written", folder=str(file.parent), reason=str(error)), stacklevel=2)


def write_whole(file: Path, content: bytes) -> None:
    """Under another name first: nobody ever reads half a file, and an interruption leaves none under this name."""
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _forget_the_oldest(kept_in: Path) -> None:
    files = sorted(kept_in.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[MOST_KEPT:]:
        file.unlink(missing_ok=True)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
