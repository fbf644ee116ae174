"""A page of the app without a browser: opened by its address, with what it drew."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import plotly.graph_objects as go
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from sftviz.course.content import load
from sftviz.course.lesson import all_lessons
from sftviz.ui.app import LABS
from sftviz.ui.pages import glossary, interview
from sftviz.ui.pages import lesson as lesson_page
from sftviz.ui.state import Knob
from tests.sources import ROOT

PAGES = (
    "",
    "lessons",
    *(lab[0] for lab in LABS),
    *(lesson.slug for lesson in all_lessons()),
    "glossary",
    "interview",
)
# The knobs of every lab and of every lesson's lab, by page and key
KNOBS: Mapping[str, Mapping[str, Knob[Any]]] = {
    **{lab.address: import_module(f"sftviz.ui.pages.{lab.module}").KNOBS for lab in LABS},
    **{lesson.slug: load(lesson.folder / "lab.py").KNOBS | lesson_page.KNOBS for lesson in all_lessons()},
    "interview": interview.KNOBS,
    "glossary": glossary.KNOBS,
}


def opened(page: str, session: Mapping[str, Any] | None = None, /, **address: str) -> AppTest:
    """The page as it stands after its first run; address: what stands behind the question mark.

    session: what the browser or an earlier page has left there.
    """
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for key, value in address.items():
        app.query_params[key] = value
    for key, value in (session or {}).items():
        app.session_state[key] = value
    if page:
        app._page_hash = calc_hash(page)  # AppTest opens files only, and st.navigation's pages are functions
    return app.run()


def keys(app: AppTest) -> set[str]:
    """Of everything that has one: widgets, figures and our own components."""
    return {one.key for one in app.main if getattr(one, "key", None)}


def failed(app: AppTest) -> set[str]:
    """The pieces that say they failed, and what Streamlit itself would show."""
    return {key for key in keys(app) if key.startswith("failed_")} | {str(error) for error in app.exception}


def said(app: AppTest) -> Iterator[str]:
    """Every text that Streamlit's own elements show: titles, prose, labels, choices."""
    for element in app.main:
        for name in ("value", "label", "help", "placeholder", "body"):
            text = getattr(element, name, None)
            if isinstance(text, str) and element.type not in ("code", "text_area", "text_input", "latex"):
                yield text
        yield from (one for one in getattr(element, "options", ()) if isinstance(one, str))


def handed(app: AppTest) -> dict[str, Any]:
    """What our own components were given, by key; fails on a number that JSON cannot hold."""
    protos = {one.key: one.proto for one in app.main if type(getattr(one, "proto", None)).__name__ == "BidiComponent"}
    return {key: json.loads(proto.json, parse_constant=_refused) for key, proto in protos.items() if proto.json}


def drawn(app: AppTest) -> dict[str, str]:
    """Every plotly figure by its key, as JSON."""
    charts = [one for one in app.main if type(getattr(one, "proto", None)).__name__ == "PlotlyChart"]
    return {one.key: one.proto.spec for one in charts}


def unlike_plotly(app: AppTest) -> set[str]:
    """The figures that plotly's own objects read otherwise than they stand; fails on what they refuse."""
    specs = {key: json.loads(spec, parse_constant=_refused) for key, spec in drawn(app).items()}
    read = {key: json.loads(str(go.Figure(spec).to_json())) for key, spec in specs.items()}
    return {key for key, spec in specs.items() if any(read[key][part] != spec[part] for part in ("data", "layout"))}


def _refused(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON: a browser refuses all of it")


def paste(app: AppTest, text: str) -> AppTest:
    """Put a text into the Inspect page's box."""
    app.text_area(key="chat").set_value(text)
    return app.run()


def notes(app: AppTest) -> list[dict[str, str]]:
    """Every note and error on the page, wherever it stands."""
    told = handed(app).values()
    return [note for given in told for note in (*given.get("notes", ()), *given.get("findings", ()))]


def shown(app: AppTest) -> str:
    """What the strip shows of all its tokens, or the table of samples; nothing where there is neither."""
    strips = "".join(piece for given in handed(app).values() for piece in given.get("shown", ()))
    return strips or "".join(one.value.to_csv() for one in app.dataframe if one.key == "sample_table")
