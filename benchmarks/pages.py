"""Processor time of a page's rerun, beside a hello-world's, and of every figure: without a browser, in one process.

`python -m benchmarks.pages [PAGE ...]`; without a page every page, and every figure that they draw.
"""

import gc
import inspect
import logging
import pkgutil
import sys
from collections.abc import Callable
from functools import partial, wraps
from importlib import import_module
from typing import Any

from streamlit.testing.v1 import AppTest

from benchmarks.measure import in_turn, machine
from sftviz import figures

ROUNDS = 15
calls: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {}  # the last of every figure


def hello() -> None:
    import streamlit as st

    st.title("Hello")
    x = st.slider("x", 0, 100, 25)
    st.write(f"x squared is {x * x}")


def record() -> None:
    """Note with what every figure is made; before a page is imported, since pages import figures by name."""
    for found in pkgutil.iter_modules(figures.__path__):
        module = import_module(f"sftviz.figures.{found.name}")
        for name, made in vars(module).copy().items():
            mine = inspect.isfunction(made) and made.__module__ == module.__name__ and not name.startswith("_")
            if mine and "theme" in inspect.signature(made).parameters and name != "dressed":
                setattr(module, name, _noted(name, made))


def _noted(name: str, made: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(made)
    def noted(*args: Any, **kwargs: Any) -> Any:
        calls[name] = (made, args, kwargs)
        return made(*args, **kwargs)

    return noted


def main(asked: list[str]) -> None:
    record()
    from sftviz.ui.theme import show
    from tests.ui.opened import PAGES, opened

    print(machine("streamlit", "plotly", "torch"))
    pages = {page or "inspect": opened(page) for page in PAGES if not asked or (page or "inspect") in asked}
    ways = {"hello": AppTest.from_function(hello).run().run, **{name: app.run for name, app in pages.items()}}
    gc.collect()
    gc.freeze()
    for name, taken in in_turn(ways, ROUNDS).items():
        print(f"{name:20} {1e3 * min(taken):7.1f} ms least, {1e3 * sorted(taken)[len(taken) // 2]:7.1f} median")

    logging.disable(logging.WARNING)  # Streamlit misses its own server
    drawn = {
        name: partial(lambda name, make, a, k: show(make(*a, **k), name), name, *call) for name, call in calls.items()
    }
    for name, taken in sorted(in_turn(drawn, ROUNDS).items(), key=lambda each: -min(each[1])):
        print(f"figure {name:20} {1e3 * min(taken):6.2f} ms least, {1e3 * sorted(taken)[len(taken) // 2]:6.2f} median")


if __name__ == "__main__":
    main(sys.argv[1:])
