"""A ring that empties while one speaks. It counts in the browser, ends nothing, and goes on below zero."""

from pathlib import Path

from streamlit.components.v2 import component

from sftviz.ui.language import pattern

HERE = Path(__file__).parent
_clock = component(
    "sftviz_clock",
    html='<div class="sftviz-clock" role="timer"></div>',
    css=(HERE / "clock.css").read_text(encoding="utf-8"),
    js=(HERE / "clock.js").read_text(encoding="utf-8"),
)


def clock(seconds: int, of: str) -> None:
    """of: what the time is for; another one begins anew."""
    _clock(key="clock", data={"seconds": seconds, "of": of, "label": pattern("ui.mock.clock")})
