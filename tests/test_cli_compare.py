"""`sftviz compare`: the matrix, what differs, what follows; JSON; and what a mistake is told."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sftviz.cli import app
from sftviz.supervision.frameworks import FRAMEWORKS

run = CliRunner().invoke
CHAT = json.dumps(
    {"messages": [{"role": "user", "content": "What is owl?"}, {"role": "assistant", "content": "A bird."}]}
)
TWICE = json.dumps({"messages": [*json.loads(CHAT)["messages"], {"role": "assistant", "content": "It flies."}]})


def told(*words: str, chat: str = CHAT) -> list[str]:
    answer = run(app, ["compare", "-", *words], input=chat)
    assert answer.exit_code == 0, answer.output
    return answer.stdout.splitlines()


def test_a_line_a_preset_says_which_parts_it_trains() -> None:
    lines = told("--with", "trl/assistant_only,llamafactory,torchtune")
    assert lines[0].split() == [
        "preset",
        "user",
        "header",
        "reply",
        "end",
        "newline",
        "others'",
        "header",
        "others'",
        "end",
    ]
    assert lines[1].split() == ["trl/assistant_only", "no", "no", "yes", "yes", "no", "no", "no"]
    assert lines[2].split() == ["llamafactory/default", "no", "no", "yes", "yes", "yes", "no", "no"]
    assert lines[3].split()[:3] == ["torchtune/default", "no", "yes"]
    assert lines[4].startswith("torchtune/default writes or cuts another text")


def test_what_differs_stands_below_with_who_trains_it_and_then_what_follows() -> None:
    lines = told("--with", "trl/assistant_only,llamafactory")
    at = lines.index("assistant text after the end-of-turn: trained by 1 of 2 (tokens: 1)  ⏎")
    assert lines[at + 1].strip() == "llamafactory/default"
    assert lines[-1] == (
        "Trained so, a model would write what follows its end-of-turn too (harmless where generation stops there): "
        "llamafactory/default"
    )


def test_who_drops_or_refuses_the_sample_is_named() -> None:
    lines = told("--with", "trl/plain,llamafactory,torchtune", chat=TWICE)
    assert "llamafactory/default drops the sample: the messages are not strict pairs of a request and a reply" in lines
    assert "torchtune/default raises: message 3 is from assistant, which may not stand there" in lines


def test_all_frameworks_are_compared_where_none_is_named() -> None:
    named = " ".join(told())
    assert all(f"{name}/" in named for name in FRAMEWORKS)


def test_json_has_ids_labels_reasons_and_the_rest() -> None:
    made = json.loads("\n".join(told("--with", "trl/assistant_only,axolotl", "--format", "json")))
    assert set(made) == {"tokens", "columns", "differences", "alike", "without"}
    assert made["alike"] == [["trl/assistant_only", "axolotl/default"]]
    [first, _] = made["columns"]
    assert len(first["ids"]) == len(first["labels"]) == len(first["reasons"]) == len(made["tokens"])


def test_a_length_cuts_as_each_framework_cuts() -> None:
    cut = json.loads("\n".join(told("--with", "trl/plain", "--max-length", "5", "--format", "json")))
    assert len(cut["columns"][0]["ids"]) == 5


def test_it_speaks_chinese(tmp_path: Path) -> None:
    lines = told("--with", "trl/plain,axolotl", "--lang", "zh")
    assert lines[0].split()[:4] == ["预设", "用户", "头部", "回复"]
    assert lines[-1].startswith("这样训练的模型会")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--with", "trll"], "framework or preset 'trll' is unknown"),
        (["--sample", "2"], "sample"),
        (["--with", "trl", "--template", "no-such"], "no-such"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(words: list[str], said: str) -> None:
    answer = run(app, ["compare", "-", *words], input=CHAT)
    assert answer.exit_code == 2
    assert said in answer.stderr.replace("\n", " ")
