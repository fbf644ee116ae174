"""What the README says is there is there, and its commands exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def tree() -> list[Path]:
    """The paths of the README's file tree, from its indentation."""
    block = re.search(r"```\n(app\.py.*?)```", README, re.DOTALL)
    assert block
    paths: list[Path] = []
    parents: list[Path] = [Path()]
    for line in block.group(1).splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        parents = parents[: depth + 1]
        paths.append(parents[-1] / name)
        if name.endswith("/"):
            parents.append(paths[-1])
    return paths


def test_every_path_of_the_tree_exists() -> None:
    assert [str(path) for path in tree() if not (ROOT / path).exists()] == []


def test_every_room_is_in_the_tree() -> None:
    rooms = {p.name for p in (ROOT / "sftviz").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert rooms - {"__init__.py"} <= {path.name for path in tree()}


def test_its_pictures_exist() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    assert [picture for picture in pictures if not (ROOT / picture).exists()] == []


def test_its_make_commands_exist() -> None:
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target


def test_ci_calls_the_readmes_test_command() -> None:
    assert "make test" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
