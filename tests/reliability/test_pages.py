"""Rows of the page without a browser: the box holds its text, the error is named, the last good strip stays."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from sftviz.strip.static import SHEET
from tests.reliability.pages import ADDRESSES, FILES, GOOD, READ, REFUSED
from tests.reliability.sinks import BOXES, EVERYTHING, MARK, PASTES, PAYLOADS
from tests.sources import ROOT
from tests.ui.opened import failed, notes, opened, paste, shown

PLAIN = (
    "text",
    "code",
    "json",
    "text_area",
    "text_input",
    "arrow_data_frame",
    "dataframe",
    "file_uploader",
)  # take a text as text


@pytest.fixture(scope="module")
def app() -> AppTest:
    """One session for all pastes, without a model: the strip is what is looked at."""
    app = opened("")
    app.selectbox(key="model").select("none").run()
    return app


@pytest.mark.parametrize("case", REFUSED)
def test_a_paste_that_is_refused_is_named_and_nothing_is_lost(case: str, app: AppTest) -> None:
    text, words = REFUSED[case]
    before = shown(paste(app, GOOD))
    assert "owl" in before
    paste(app, text)
    assert failed(app) == set()
    assert app.text_area(key="chat").value == text
    errors = [note for note in notes(app) if note["severity"] == "error"]
    assert len(errors) == 1
    assert words in errors[0]["message"]
    assert errors[0]["remedy"]
    assert errors[0]["code"]
    assert shown(app) == before


@pytest.mark.parametrize("text", ["", " \n"], ids=["J01", "J01 white space"])
def test_nothing_is_no_mistake_and_the_last_strip_stays(text: str, app: AppTest) -> None:
    before = shown(paste(app, GOOD))
    paste(app, text)
    assert failed(app) == set()
    assert [note for note in notes(app) if note["severity"] == "error"] == []
    assert len(app.info) == 1
    assert app.text_area(key="chat").value == text
    assert shown(app) == before


def test_every_broken_line_is_named_in_the_table_and_in_its_place(app: AppTest) -> None:
    """J08: a table of as many samples as lines; a line that is opened says what is wrong with it."""
    text = '{"a":1}\n{"b":2}'
    paste(app, text)
    assert failed(app) == set()
    assert app.text_area(key="chat").value == text
    assert shown(app).count("✗ not_a_chat_object") == 2
    app.session_state["sample_number"] = 2
    app.run()
    [error] = [note for note in notes(app) if note["severity"] == "error"]
    assert "an object with the keys 'b'" in error["message"]
    assert error["where"] == "line 2"
    app.session_state["sample_number"] = 0
    app.run()


@pytest.mark.parametrize("case", READ)
def test_a_paste_that_is_read_is_shown_and_its_doubts_are_told(case: str, app: AppTest) -> None:
    text, strip, words = READ[case]
    paste(app, text)
    assert failed(app) == set()
    assert app.text_area(key="chat").value == text
    assert strip in shown(app)
    assert not words or any(words in note["message"] for note in notes(app))


@pytest.mark.parametrize("case", FILES)
def test_a_file_is_read_or_refused_by_what_it_holds(case: str, app: AppTest) -> None:
    name, data, words = FILES[case]
    before = sorted(path.name for path in ROOT.iterdir())
    app.file_uploader(key="file").set_value((name, data(), "application/json")).run()
    errors = [note["message"] for note in notes(app) if note["severity"] == "error"]
    assert failed(app) == set()
    assert [words in error for error in errors] == ([] if words is None else [True])
    assert words or "owl" in shown(app)
    assert got_through(app) == []
    assert sorted(path.name for path in ROOT.iterdir()) == before
    app.file_uploader(key="file").clear().run()


def test_one_file_is_taken_at_a_time() -> None:
    """F01: a hundred files at once are not."""
    assert not opened("").file_uploader(key="file").proto.multiple_files


@pytest.mark.parametrize("case", ADDRESSES)
def test_an_odd_address_opens_the_page_all_the_same(case: str) -> None:
    app = opened("gradients", **ADDRESSES[case])
    assert failed(app) == set()
    told = " ".join(note["message"] for note in notes(app))
    assert all(key in told for key in ADDRESSES[case] if key.startswith(("gradients_", "descent_")))
    assert all(len(note["message"]) < 500 for note in notes(app))


def test_a_chat_never_comes_from_the_address() -> None:
    """U01: what stands there is in logs and in the history."""
    assert "from the address" not in opened("", chat="User: from the address").text_area(key="chat").value


def got_through(app: AppTest) -> list[Any]:
    """Elements that read Markdown or HTML and hold a payload."""
    fields = ("value", "label", "help", "placeholder", "body", "options", "format", "delta")
    held = [(one, str(getattr(one, name, ""))) for one in app.main if one.type not in PLAIN for name in fields]
    return [(one.type, text[:200]) for one, text in held if MARK in text]


@pytest.mark.parametrize("sink", PASTES)
def test_what_is_pasted_reaches_no_element_that_reads_markdown(sink: str, app: AppTest) -> None:
    paste(app, PASTES[sink])
    assert failed(app) == set()
    assert got_through(app) == []
    assert MARK in shown(app) + str(notes(app))


@pytest.mark.parametrize("sink", BOXES)
def test_what_is_typed_elsewhere_does_not_either(sink: str) -> None:
    app = opened("")
    BOXES[sink](app)
    app.run()
    assert failed(app) == set()
    assert got_through(app) == []
    assert MARK in shown(app) + str(notes(app))


@pytest.mark.parametrize("case", PAYLOADS)
def test_a_payload_is_shown_as_it_was_written(case: str, app: AppTest) -> None:
    from tests.reliability.pages import said

    paste(app, said(PAYLOADS[case]))
    assert PAYLOADS[case].replace("\n", "⏎") in shown(app)


def test_a_notebook_escapes_every_payload() -> None:
    import sftviz

    html = sftviz.inspect([{"role": "user", "content": EVERYTHING}, {"role": "assistant", "content": "yo"}], model=None)
    written = html._repr_html_().removeprefix(f"<style>{SHEET}</style>")  # our own
    assert not any(
        tag in written for tag in ("<script", "<img", "<svg", "<iframe", "<style", "<form", "<object", "<b ")
    )
    assert not Path("canary").exists()
