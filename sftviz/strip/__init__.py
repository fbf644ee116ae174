"""The token strip, one component: a script for the app and for notebooks, HTML without script, a terminal."""

from pathlib import Path

HERE = Path(__file__).parent
PARTS = ("basics", "tokens", "detail", "tools", "picture", "bench", "host")  # of the one script, in this order


def script() -> str:
    """The strip's JavaScript, a module: its default export serves Streamlit and anywidget."""
    return "\n".join((HERE / "js" / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)


def style() -> str:
    return (HERE / "strip.css").read_text(encoding="utf-8")
