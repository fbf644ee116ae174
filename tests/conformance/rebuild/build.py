"""Golden files anew: `python tests/conformance/rebuild/build.py [framework …]`, all of them if none is named.

Each framework has an environment of its own, for their pins exclude each other: pins/NAME.txt, installed without
dependencies over the packages of the environment that runs this (torch, NumPy, pandas …), which are found by a .pth
file. SFTVIZ_VENVS names the folder that holds them, .venvs if left out. TRL and transformers are this environment's.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENVS = Path(os.environ.get("SFTVIZ_VENVS", HERE.parents[2] / ".venvs"))
HERE_ALREADY = ("trl", "transformers")
NAMES = (*HERE_ALREADY, *sorted(path.stem for path in (HERE / "pins").glob("*.txt")))


def python_of(name: str) -> Path:
    """The interpreter of a framework's environment, which is made where it is missing."""
    if name in HERE_ALREADY:
        return Path(sys.executable)
    folder = VENVS / name
    python = folder / "bin" / "python"
    done = folder / "ready"
    pins = HERE / "pins" / f"{name}.txt"
    if done.exists() and done.read_text(encoding="utf-8") == pins.read_text(encoding="utf-8"):
        return python
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "base.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "-r", str(pins)]
    subprocess.run(pip, check=True)
    done.write_text(pins.read_text(encoding="utf-8"), encoding="utf-8")
    return python


def main(names: list[str]) -> None:
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise SystemExit(f"{unknown[0]} is none of {', '.join(NAMES)}")
    trl = subprocess.run(
        [sys.executable, "-c", "import trl, pathlib; print(pathlib.Path(trl.__file__).parent / 'chat_templates')"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    # TRL takes the first key of a set for the one that tells a chat: with another seed an empty completion raises
    told = {**os.environ, "TRL_TEMPLATES": trl.stdout.strip().splitlines()[-1], "PYTHONHASHSEED": "0"}
    for name in names or NAMES:
        print(f"{name} …", flush=True)
        subprocess.run([str(python_of(name)), f"run_{name}.py"], cwd=HERE, check=True, env=told)


if __name__ == "__main__":
    main(sys.argv[1:])
