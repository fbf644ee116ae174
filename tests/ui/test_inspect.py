"""The Inspect page without a browser: whose chat is shown, a second setting, what leaves the page, what goes wrong."""

import json
import subprocess
import sys
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import sftviz
from sftviz.chat.samples import SAMPLES
from sftviz.ui.components.pickers import Choices
from sftviz.ui.pages.inspect.share import command, notebook, program
from tests.ui.opened import failed, handed, opened

MINE = "User: What is an owl?\nAssistant: A bird."
SECOND = list(SAMPLES)[1]


def strip(app: AppTest) -> dict[str, Any]:
    return handed(app)["strip"]


def text_of(app: AppTest) -> str:
    return "".join(strip(app)["shown"])


def typed(app: AppTest, text: str) -> AppTest:
    return app.text_area(key="chat").set_value(text).run()


def test_a_typed_chat_is_mine_and_a_sample_never_destroys_it() -> None:
    app = typed(opened(""), MINE)
    assert app.selectbox(key="sample").value == "mine"
    app.selectbox(key="sample").select(SECOND).run()
    assert "owl" not in text_of(app)
    app.selectbox(key="sample").select("mine").run()
    assert app.text_area(key="chat").value == MINE
    assert "owl" in text_of(app)


def test_a_change_of_my_chat_can_be_undone_through_a_sample_too() -> None:
    app = typed(opened(""), MINE)
    app.selectbox(key="sample").select(SECOND).run()
    typed(app, MINE.replace("owl", "cat"))
    assert "cat" in text_of(app)
    app.button(key="undo").click().run()
    assert app.text_area(key="chat").value == MINE
    assert "owl" in text_of(app)


def test_an_address_opens_a_sample_a_token_and_a_colouring() -> None:
    app = opened("", sample=SECOND, token="7", color_by="nll", policy="pretrain")
    assert failed(app) == set()
    assert app.text_area(key="chat").value == SAMPLES[SECOND].text
    told = strip(app)
    assert (told["selected"], told["coloring"]) == (7, "nll")
    assert all(told["columns"]["supervised"])


def test_an_empty_box_is_no_mistake() -> None:
    app = typed(opened(""), "  ")
    assert failed(app) == set()
    assert "error" not in handed(app)
    assert app.info


@pytest.mark.parametrize("picker", ["tokenizer", "model"])
def test_a_folder_that_is_still_to_be_typed_is_no_mistake_and_the_strip_stays(picker: str) -> None:
    app = opened("")
    app.selectbox(key=picker).select("own").run()
    assert "error" not in handed(app)
    assert app.info
    assert strip(app)["shown"]


def test_a_mistake_keeps_the_last_strip_and_says_that_it_is_old() -> None:
    app = typed(opened(""), MINE)
    typed(app, '[{"role": "user", "content": "hi')
    assert handed(app)["error"]["notes"][0]["message"]
    assert "owl" in text_of(app)
    assert any("unchanged" in caption.value for caption in app.caption)


def test_a_second_setting_stands_beside_the_first() -> None:
    app = opened("", compare="true", other_policy="pretrain", model="none", other_model="none")
    assert failed(app) == set()
    beside = strip(app)["compare"]
    assert beside["title"] == "Every token"
    assert beside["differs"].count("+") == strip(app)["columns"]["supervised"].count(False)


def test_a_mistake_in_the_second_setting_leaves_the_first_alone() -> None:
    app = opened("", compare="true", other_template="own")
    app.text_area(key="other_typed_template").set_value("{% for %}").run()
    assert "error_beside" in handed(app)
    assert strip(app)["compare"] is None
    assert strip(app)["shown"]


@pytest.mark.parametrize("view", ["shift", "who", "all", "losses"])
def test_every_view_below_is_drawn(view: str) -> None:
    app = opened("", view=view)
    assert failed(app) == set()


CHOICES = [
    Choices("sftviz/tiny", None, "assistant_only", "sftviz/tiny-sft", False, {}),
    Choices("sftviz/tiny", "llama3", "last_assistant", None, False, {"end": "none"}),
    Choices("mistral:v3", None, "assistant_only", None, False, {"roles": frozenset({"user", "assistant"})}),
    Choices("sftviz/tiny", '{{ messages[0].content }} it\'s "quoted"', "pretrain", None, False, {"marks": False}),
]


@pytest.mark.parametrize("choices", CHOICES)
def test_the_command_and_the_program_make_what_the_page_shows(
    choices: Choices, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = sftviz.inspect(MINE, **choices.arguments()).supervision.labels
    (tmp_path / "chat.txt").write_text(MINE, encoding="utf-8")
    words = command(choices, "chat.txt").removeprefix("sftviz ")
    shell = f"{sys.executable} -c 'from sftviz.cli import app; app()' {words} --format json"
    run = subprocess.run(shell, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert tuple(token["label"] for token in json.loads(run.stdout)["tokens"]) == expected
    monkeypatch.chdir(tmp_path)
    for text in (None, MINE):
        made: dict[str, Any] = {}
        exec(program(choices, "chat.txt", text), made)
        assert made["seen"].supervision.labels == expected


def test_the_notebook_holds_the_chat_and_is_one() -> None:
    import nbformat

    made = nbformat.reads(notebook(CHOICES[0], "chat.txt", MINE), as_version=4)
    nbformat.validate(made)
    seen: dict[str, Any] = {}
    exec(made.cells[0].source, seen)
    assert seen["seen"].rendering.chat.messages[0].content == "What is an owl?"
