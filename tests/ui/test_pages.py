"""Every page without a browser: it opens in both languages, survives what breaks, and takes any address."""

import re
import shutil
from pathlib import Path

import pytest
import streamlit as st

from sftviz import assets
from sftviz.model import load
from tests.ui.opened import PAGES, drawn, failed, handed, keys, opened, said

SENTENCE = re.compile(r"(?:[A-Za-z][A-Za-z'’,;:.()-]*\s+){4,}[A-Za-z]+")
# What a page shows besides its first state: by the address
STATES: dict[str, dict[str, str]] = {
    **{page: {} for page in PAGES},
    "attention prefix": {"attention_kind": "prefix"},
    "attention window": {"attention_kind": "packed_sliding_window"},
    "attention padded": {"attention_kind": "padded"},
    "scores made": {"lengths_source": "made"},
    "calculators time": {"calculators_question": "time"},
    "calculators step": {"calculators_question": "step"},
    "calculators data": {"calculators_question": "data"},
    "next_token lab": {"only": "lab"},
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
def test_a_page_opens_whole_in_both_languages(state: str, language: str) -> None:
    app = opened(state.partition(" ")[0], lang=language, **STATES[state])
    assert failed(app) == set()
    assert app.title
    handed(app)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_in_chinese_says_no_english_sentence(page: str) -> None:
    app = opened(page, lang="zh")
    assert {text for text in said(app) if SENTENCE.search(text) and not is_quoted(text)} == set()
    words = {key: re.findall(r"%\{[^}]*\}|[^\"]+", spec) for key, spec in drawn(app).items()}
    assert {key: found for key, all_words in words.items() if (found := prose(all_words))} == {}


def prose(words: list[str]) -> list[str]:
    return [one for one in words if SENTENCE.search(one)]


def is_quoted(text: str) -> bool:
    """A source stays in its own language; so do the samples and examples themselves."""
    return not text


# nan, not a number, too large for a float, out of every range, empty, very long
BAD = ("nan", "inf", "-inf", "-1e308", "1e400", "", "x" * 8000)


@pytest.mark.parametrize("turn", range(len(BAD)))
@pytest.mark.parametrize("page", SLIDERS)
def test_an_impossible_address_is_ignored_and_said(page: str, turn: int) -> None:
    """Every slider of a page gets every bad value in its turn, another one than its neighbours."""
    keys_of_page = SLIDERS[page]
    asked = {key: BAD[(at + turn) % len(BAD)] for at, key in enumerate(keys_of_page)}
    app = opened(page.partition(" ")[0], **STATES[page], **asked)
    assert failed(app) == set()
    assert {f"ignored_{key}" for key in asked} <= keys(app)
    assert {f"{key}_slider" for key in asked} <= handed(app).keys()


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad[:8] or "empty")
@pytest.mark.parametrize(
    ("page", "key"),
    [
        ("gradients", "gradients_vocabulary"), ("attention", "attention_kind"), ("gradient_flow", "flow_policy"),
        ("gradient_flow", "flow_cut"), ("objectives", "objectives_text"), ("scores", "lengths_source"),
        ("scores", "lengths_question"), ("scores", "text_reference"), ("calculators", "calculators_model"),
        ("calculators", "calculators_question"), ("next_token", "shift_by"), ("next_token", "shift_text"),
        ("prompt_masking", "masking_chat"), ("prompt_masking", "masking_policy"), ("prompt_masking", "masking_end"),
        ("prompt_masking", "masking_header"),
    ],
)  # fmt: skip
def test_an_impossible_choice_in_the_address_is_ignored_and_said(page: str, key: str, bad: str) -> None:
    app = opened(page, **{key: bad})
    assert failed(app) == set()
    may_be_said = key.endswith(("_text", "_question", "_reference")) and key != "calculators_question"
    assert f"ignored_{key}" in keys(app) or (may_be_said and len(bad) < 2000)


def test_a_possible_address_is_taken() -> None:
    app = opened("gradients", gradients_target="-9.5", gradients_vocabulary="32")
    assert handed(app)["gradients_target_slider"]["value"] == -9.5
    assert app.select_slider(key="gradients_vocabulary").value == 32
    assert not [key for key in keys(app) if key.startswith("ignored_")]


RUN_A_MODEL = ("normalization", "gradient_flow", "attention", "label_smoothing", "scores", "objectives", "next_token")


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The package's assets with every model's weights cut short."""
    copy = tmp_path / "assets"
    shutil.copytree(assets.HERE, copy)
    for weights in copy.glob("*/*.safetensors"):
        weights.write_bytes(weights.read_bytes()[:5000])
    monkeypatch.setattr(assets, "HERE", copy)
    monkeypatch.setattr(load, "_embedded", {})
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.mark.usefixtures("damaged")
@pytest.mark.parametrize("page", ["", *RUN_A_MODEL])
def test_damaged_weights_are_named_where_they_are_needed(page: str) -> None:
    app = opened(page)
    notes = [
        note for key, given in handed(app).items() if key.startswith(("failed_", "error")) for note in given["notes"]
    ]
    assert notes
    assert all("sftviz/tiny" in note["message"] and "safetensors" in note["message"] for note in notes)
    assert not app.exception
    assert app.title


def test_a_fault_of_ours_is_named_in_the_sessions_language_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a quotient")

    monkeypatch.setattr("sftviz.ui.pages.gradients.descend", broken)
    note = handed(opened("gradients", lang="zh"))["failed_sftviz.ui.pages.gradients.descent"]["notes"][0]
    assert note["message"] == "页面的这一部分出错了：ZeroDivisionError：a quotient"
    assert "我们的错" in note["remedy"]
    assert "pull_curves" in drawn(opened("gradients"))


def test_a_text_too_long_for_a_page_stays_in_its_box_and_is_said() -> None:
    app = opened("objectives")
    app.text_input(key="objectives_text").set_value("x" * 30_000).run()
    assert failed(app) == set()
    assert app.text_input(key="objectives_text").value == "x" * 30_000
    assert any("30,000 characters" in info.value for info in app.info)
