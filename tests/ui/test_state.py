"""What a page can be turned to stands in its table of knobs, and so does what an address may say."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from sftviz.course.lesson import all_lessons
from sftviz.course.questions import Question
from sftviz.supervision.policies import POLICIES
from sftviz.ui.app import LABS
from sftviz.ui.components.drag_bars import Shares
from sftviz.ui.state import Choice, Knob, Number, Several, Switch, Text, table
from tests.ui.opened import KNOBS, handed, keys, opened

SHOWN = {f"{one.slug}/{card.id}": card for one in all_lessons() for card in one.questions if card.show}
LINK = re.compile(r"\]\(/?([a-z_]+)\?([^)\s]*)\)")  # [words](page?key=value&key=value)


def refused(page: str, state: dict[str, list[str]]) -> str:
    """Why a page cannot have what an address asks for; "" where it can."""
    for key, asked in state.items():
        if key in ("lang", "only"):
            continue
        if key not in KNOBS[page]:
            return f"{page} has no knob {key}"
        knob = KNOBS[page][key]
        if isinstance(knob, Choice) and not knob.choices:
            continue  # what it can have is known only where it is drawn: a browser test opens the card
        try:
            knob.read(asked)
        except ValueError:
            return f"{key} of {page} cannot be {asked}"
    return ""


@pytest.mark.parametrize("question", SHOWN.values(), ids=SHOWN)
def test_what_a_card_shows_is_a_state_its_page_can_have(question: Question) -> None:
    assert question.show
    state = {key: [str(value)] for key, value in question.show.state.items()}
    assert refused(question.show.page, state) == ""


def links(text: str) -> list[tuple[str, dict[str, list[str]]]]:
    return [(page, parse_qs(state, keep_blank_values=True)) for page, state in LINK.findall(text)]


@pytest.mark.parametrize("path", [p for lesson in all_lessons() for p in sorted(lesson.folder.glob("*.md"))], ids=str)
def test_every_link_of_a_lesson_opens_a_state_that_its_page_can_have(path: Path) -> None:
    assert [why for page, state in links(path.read_text(encoding="utf-8")) if (why := refused(page, state))] == []


def test_a_link_that_has_rotted_is_found() -> None:
    text = (
        "[a](/gradients?gradients_target=-9&lang=zh) [b](gradients?gradients_target=-15) [c](/gradients?target=1)"
        " [d](next_token?only=lab&shift_by=3) [e](/attention?attention_kind=causal)"
    )
    assert [refused(page, state) for page, state in links(text)] == [
        "",
        "gradients_target of gradients cannot be ['-15']",
        "gradients has no knob target",
        "shift_by of next_token cannot be ['3']",
        "",
    ]


@pytest.mark.parametrize("page", KNOBS)
def test_what_a_knob_writes_it_reads_again(page: str) -> None:
    for knob in KNOBS[page].values():
        tried = {knob.default}
        if isinstance(knob, Number):
            tried |= {knob.low, knob.high, round(knob.low + knob.step, 6)}
        if isinstance(knob, Choice):
            tried = set(knob.choices)
        if isinstance(knob, Several):
            tried |= {(), tuple(reversed(knob.choices)), knob.choices[:1]}
        for value in tried:
            assert knob.read(knob.written(value)) == value, knob.key


# knob, what is asked, what it is; None where it cannot be had
ASKED = [
    (Number("n", 1.0, -2, 2, 0.5), ["-1.5"], -1.5),
    (Number("n", 1.0, -2, 2, 0.5), ["2.1"], None),
    (Number("n", 1.0, -2, 2, 0.5), ["nan"], None),
    (Number("n", 1, 0, 9, 1), ["3"], 3),
    (Number("n", 1, 0, 9, 1), ["2.5"], None),
    (Choice("c", 8, (2, 8)), ["2"], 2),
    (Choice("c", 8, (2, 8)), ["3"], None),
    (Several("s", ("a",), ("a", "b")), ["b", "a"], ("b", "a")),
    (Several("s", ("a",), ("a", "b")), [""], ()),
    (Several("s", ("a",), ("a", "b")), ["a", "c"], None),
    (Switch("s", False), ["true"], True),
    (Switch("s", False), ["1"], True),
    (Switch("s", False), ["yes"], None),
    (Text("t", "x", longest=3), [""], ""),
    (Text("t", "x", longest=3), ["abcd"], None),
    (Shares("p", (0.5, 0.5)), ["0.25,0.75"], (0.25, 0.75)),
    (Shares("p", (0.5, 0.5)), ["0.25,0.5"], None),
    (Shares("p", (0.5, 0.5)), ["1"], None),
]


@pytest.mark.parametrize(("knob", "asked", "value"), ASKED)
def test_an_address_is_read_by_the_row(knob: Knob[Any], asked: list[str], value: Any) -> None:
    if value is None:
        with pytest.raises(ValueError):  # noqa: PT011 - its words are the asked text
            knob.read(asked)
    else:
        assert knob.read(asked) == value


def test_a_name_stands_for_one_knob_only() -> None:
    with pytest.raises(ValueError, match="one knob only"):
        table(Switch("s", False), Text("s", ""))


def test_what_is_turned_stands_in_the_address_and_a_default_does_not() -> None:
    app = opened("gradients", lang="zh")
    app.select_slider(key="gradients_vocabulary").set_value(32).run()
    app.toggle(key="gradients_log").set_value(True).run()
    assert app.query_params == {"lang": "zh", "gradients_vocabulary": "32", "gradients_log": "true"}
    app.select_slider(key="gradients_vocabulary").set_value(8).run()
    assert app.query_params == {"lang": "zh", "gradients_log": "true"}


def test_an_address_is_the_same_in_every_language() -> None:
    shown = {}
    for language in ("en", "zh"):
        app = opened("gradient_flow", lang=language, flow_policy="pretrain")
        assert app.query_params["flow_policy"] == "pretrain"
        shown[language] = app.selectbox(key="flow_policy").options[list(POLICIES).index("pretrain")]
        assert app.selectbox(key="flow_policy").value == "pretrain"
    assert shown["en"] != shown["zh"]


def test_an_address_that_names_some_knobs_leaves_the_others_at_their_default() -> None:
    app = opened("gradients")
    app.select_slider(key="gradients_vocabulary").set_value(32).run()
    app.query_params.clear()
    app.query_params["gradients_target"] = "-9"
    app.run()
    assert handed(app)["gradients_target_slider"]["value"] == -9
    assert app.select_slider(key="gradients_vocabulary").value == 8


def test_a_link_to_the_page_that_is_open_is_followed() -> None:
    app = opened("gradients", gradients_target="-9")
    app.query_params["gradients_target"] = "3"
    app.run()
    assert handed(app)["gradients_target_slider"]["value"] == 3
    assert not [key for key in keys(app) if key.startswith("ignored_")]


WIDGETS = (
    "selectbox", "select_slider", "slider", "multiselect", "radio", "checkbox", "toggle", "text_input", "text_area",
    "button_group",
)  # fmt: skip


@pytest.mark.parametrize("page", [lab.address for lab in LABS])
def test_every_widget_of_a_lab_is_a_row_of_its_table(page: str) -> None:
    drawn = {one.key for one in opened(page).main if one.type in WIDGETS}
    assert drawn - KNOBS[page].keys() == set()
    assert drawn or page == "information"
