"""The house's rules: imports point down only, Streamlit stays upstairs, and some words never appear."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "sftviz"
FLOORS = {
    "assets": 0, "attention": 0, "extras": 0, "loss": 0, "words": 0,
    "chat": 1, "supervision": 1,
    "model": 2, "training": 2,
    "columns": 3, "comparison": 3, "course": 3, "strip": 3,
    "figures": 3, "inspection": 3, "overview": 3, "gate": 3, "bugs": 3, "audit": 3, "stored": 3,
    "ui": 4, "cli": 4,
}  # fmt: skip
SAME_FLOOR = {
    ("supervision", "chat"), ("inspection", "strip"), ("inspection", "columns"), ("comparison", "inspection"),
    ("comparison", "columns"), ("strip", "columns"), ("strip", "figures"), ("strip", "inspection"),
    ("strip", "comparison"), ("figures", "columns"),
    ("overview", "inspection"), ("gate", "overview"), ("assets", "words"), ("assets", "extras"), ("extras", "words"),
    ("cli", "ui"), ("bugs", "inspection"), ("audit", "inspection"), ("stored", "inspection"),
}  # fmt: skip


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def constants(path: Path) -> set[str]:
    return {str(n.value) for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Constant)}


def upward_imports(package: Path) -> list[str]:
    wrong = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        room = parts[0]
        if room == "__init__":
            continue
        for module in imports(path):
            other = room_of(module) if module.startswith("sftviz.") else ""
            if other in FLOORS and other != room and not allowed(room, other):
                wrong.append(f"{path.relative_to(package)} imports {module}")
    return wrong


def allowed(room: str, other: str) -> bool:
    return FLOORS[other] < FLOORS[room] or (room, other) in SAME_FLOOR


def streamlit_below(package: Path) -> list[str]:
    files = (path for path in package.rglob("*.py") if "ui" not in path.relative_to(package).parts)
    return [str(path) for path in files if any(m.split(".")[0] == "streamlit" for m in imports(path))]


def test_every_room_has_a_floor() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert rooms - {"__init__"} <= set(FLOORS)


def test_imports_point_down_only() -> None:
    assert upward_imports(PACKAGE) == []


def test_streamlit_is_known_upstairs_only() -> None:
    assert streamlit_below(PACKAGE) == []


def test_the_loss_room_imports_torch_and_nothing_of_ours_but_itself() -> None:
    for path in (PACKAGE / "loss").glob("*.py"):
        assert all(m.startswith("sftviz.loss") for m in imports(path) if m.startswith("sftviz"))


def importers_by_name(folder: Path, package: str) -> list[str]:
    return [str(p) for p in folder.rglob("*.py") if any(m.split(".")[0] == package for m in imports(p))]


def upstairs(path: Path) -> set[str]:
    return {m for m in imports(path) if m.startswith(("streamlit", "sftviz.ui", "sftviz.cli"))}


def test_lessons_are_content_found_by_path_and_no_package() -> None:
    assert importers_by_name(PACKAGE, "lessons") == importers_by_name(ROOT / "lessons", "lessons") == []
    assert list((ROOT / "lessons").rglob("__init__.py")) == []
    assert {path.parent.parent for path in (ROOT / "lessons").rglob("*.py")} == {ROOT / "lessons"}


def test_lessons_know_streamlit_in_their_labs_only_and_labs_are_opened_by_the_app_only() -> None:
    assert [p for p in (ROOT / "lessons").rglob("*.py") if p.name != "lab.py" and upstairs(p)] == []
    openers = [p for p in PACKAGE.rglob("*.py") if "lab.py" in constants(p)]
    assert {path.relative_to(PACKAGE).parts[0] for path in openers} == {"ui"}


def test_a_wrong_arrow_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "loss").mkdir()
    (tmp_path / "loss" / "bad.py").write_text("import streamlit\nfrom sftviz.chat import formats\n")
    assert upward_imports(tmp_path) != []
    assert streamlit_below(tmp_path) != []
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "circle.py").write_text("from lessons.next_token import lab\nfrom sftviz.ui import app\n")
    assert importers_by_name(tmp_path, "lessons") != []
    assert any("circle" in wrong for wrong in upward_imports(tmp_path))


SOURCES = [p for p in PACKAGE.rglob("*") if p.suffix in (".py", ".js")] + [ROOT / "app.py"]


@pytest.mark.parametrize(
    "word",
    ["unsafe_allow_html", "unsafe_allow_javascript", "innerHTML", "insertAdjacentHTML", "st.table(", "import pickle"],
)
def test_no_source_holds(word: str) -> None:
    assert [str(path) for path in SOURCES if word in path.read_text(encoding="utf-8")] == []


def test_nobodys_code_is_trusted() -> None:
    pattern = re.compile(r"trust_remote_code\W+True")
    assert [str(path) for path in SOURCES if pattern.search(path.read_text(encoding="utf-8"))] == []


def test_mask_alone_names_nothing() -> None:
    """It does not say what True means: `supervised`, `may_attend`, `is_padding` do."""
    named = {
        f"{path.name}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Name) and node.id == "mask") or (isinstance(node, ast.arg) and node.arg == "mask")
    }
    assert named == set()
