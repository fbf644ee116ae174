"""Every page under axe-core, in both themes: nothing of ours is out of order. Streamlit's own is named, not excused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import eventually, settled
from tests.ui.opened import PAGES

OpenPage = Callable[..., Page]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
# rule -> pieces of what it finds that Streamlit draws: a navigation whose list holds its items a level deeper, formulas
# and code that scroll and take no focus, the colours of code
STREAMLITS = {
    "list": ("stSidebarNavItems",), "listitem": ("<li class=",), "color-contrast": ('<span class="token',),
    "scrollable-region-focusable": ("katex-display", '<pre class="st-emotion'),
}  # fmt: skip
RUN = "() => axe.run(document).then((told) => told.violations)"


def ours(violations: list[dict[str, Any]]) -> list[str]:
    found = [(one["id"], node["html"][:200]) for one in violations for node in one["nodes"]]
    return [f"{rule}: {html}" for rule, html in found if not any(piece in html for piece in STREAMLITS.get(rule, ()))]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_of_ours(open_page: OpenPage, path: str, scheme: str) -> None:
    page = open_page(path=f"/{path}", scheme=scheme, ready="h1")
    settled(page)
    page.evaluate(AXE)
    eventually(lambda: ours(page.evaluate(RUN)), lambda found: not found)
