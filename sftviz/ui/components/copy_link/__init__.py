"""A button that copies the page's address: whoever opens it sees the page as it stands."""

from pathlib import Path

from streamlit.components.v2 import component

from sftviz.ui.language import t

HERE = Path(__file__).parent
WORDS = ("copy", "copied", "by_hand")

_link = component(
    "sftviz_copy_link",
    html='<button type="button"></button><input readonly hidden>',
    css=(HERE / "copy_link.css").read_text(),
    js=(HERE / "copy_link.js").read_text(),
)


def copy_link() -> None:
    """Once a page. Where the browser forbids copying, the address is shown to be copied by hand."""
    _link(key="copy_link", data={name: t(f"ui.link.{name}") for name in WORDS}, width="content")
