"""The wheel, built and unpacked: one package, its lessons with their outputs, its settings and licences inside.

`make wheel-check` installs it into empty environments; here it is only looked into.
"""

import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.sources import ROOT

LESSONS_OF_THE_WHEEL = """
import sys
sys.path = [p for p in sys.path if p not in ("", {root!r})]
sys.path.insert(0, {wheel!r})
from sftviz.course import content, katas, outputs
from sftviz.course.__main__ import stale
from sftviz.course.lesson import all_lessons
from sftviz.ui import launch
assert content.LESSONS.is_relative_to({wheel!r}), content.LESSONS
assert launch.SETTINGS.is_relative_to({wheel!r}), launch.SETTINGS
print(len(all_lessons()), len(katas.all_katas()), stale(), all(outputs.outputs_of(one) for one in all_lessons()))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("dist"))))
    folder = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(made).extractall(folder)
    return folder


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    return Parser().parsestr(next(wheel.glob("*.dist-info/METADATA")).read_text(encoding="utf-8"))


def test_one_package_is_installed_and_nothing_beside_it(wheel: Path) -> None:
    assert sorted(path.name.partition("-")[0] for path in wheel.iterdir()) == ["sftviz", "sftviz"]
    assert [path for path in wheel.rglob("*") if path.name in ("__pycache__", "tests", ".ipynb_checkpoints")] == []


def test_everything_of_the_package_and_every_lesson_is_in_it(wheel: Path) -> None:
    def files(folder: Path) -> set[str]:
        kept = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {str(path.relative_to(folder)) for path in kept}

    content = wheel / "sftviz" / "course" / "content"
    assert files(content / "lessons") == files(ROOT / "lessons")
    assert files(content / "notebooks") == {f for f in files(ROOT / "notebooks") if f.endswith(".ipynb")}
    own = {name for name in files(wheel / "sftviz") if not name.startswith("course/content/")}
    assert own == files(ROOT / "sftviz") | {"ui/config.toml"}
    assert (wheel / "sftviz/ui/config.toml").read_bytes() == (ROOT / ".streamlit/config.toml").read_bytes()


def test_lessons_katas_outputs_and_settings_are_those_of_the_wheel(wheel: Path, tmp_path: Path) -> None:
    script = LESSONS_OF_THE_WHEEL.format(root=str(ROOT), wheel=str(wheel))
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    count = len(list((ROOT / "lessons").glob("*/lesson.md")))
    assert done.stdout.split("\n")[0] == f"{count} {count} [] True", done.stderr


def test_it_enters_a_trainers_environment(metadata: Message) -> None:
    base = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert len(base) == 7
    assert not any("==" in line for line in base)
    assert set(metadata.get_all("Provides-Extra", [])) == {
        "all", "app", "data", "lessons", "loss", "mistral", "scores", "smollm2", "tokenizers",
    }  # fmt: skip


def test_it_says_what_it_is_and_under_which_licences(metadata: Message, wheel: Path) -> None:
    assert metadata["License-Expression"] == "MIT AND Apache-2.0"
    licences = {Path(name).name for name in metadata.get_all("License-File", [])}
    assert licences == {"LICENSE", "NOTICE", "WORDNET_LICENSE"}
    assert (wheel / "sftviz" / "py.typed").is_file()
    assert metadata.get_all("Classifier")
