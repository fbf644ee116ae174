"""The command line: a good file, standard input, and what a bad one is told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sftviz.cli import app

CHAT = "User: What does owl mean?\nAssistant: A bird 👍."
run = CliRunner().invoke


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "chat.txt"
    path.write_text(CHAT, encoding="utf-8")
    return str(path)


def test_a_table_has_every_token_and_the_totals(file: str) -> None:
    result = run(app, ["inspect", file])
    assert result.exit_code == 0
    assert "owl" in result.stdout
    assert "nats per supervised token" in result.stdout


def test_json_is_json_with_the_houses_columns(file: str) -> None:
    document = json.loads(run(app, ["inspect", file, "--format", "json"]).stdout)
    assert document["policy"] == "assistant_only"
    assert document["tokens"][0]["text"] == "<|im_start|>"
    assert document["loss"]["token"] > 0
    assert set(document["tokens"][0]) >= {"position", "supervised", "reason", "target", "nll", "cost"}


def test_html_escapes_what_was_pasted() -> None:
    result = run(
        app, ["inspect", "-", "--format", "html", "--model", "none"], input="User: <script>x</script>\nAssistant: y"
    )
    assert result.stdout.startswith("<!doctype html>")
    assert "<script>" not in result.stdout


def test_standard_input_policy_template_and_model_are_taken() -> None:
    arguments = ["inspect", "-", "--policy", "pretrain", "--template", "llama3", "--model", "none", "--format", "json"]
    document = json.loads(run(app, arguments, input=CHAT).stdout)
    assert document["template"] == "llama3"
    assert all(token["supervised"] for token in document["tokens"])
    assert document["loss"] is None


def test_a_template_file_is_read(file: str, tmp_path: Path) -> None:
    template = tmp_path / "mine.jinja"
    template.write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}")
    document = json.loads(
        run(app, ["inspect", file, "--template", str(template), "--model", "none", "--format", "json"]).stdout
    )
    assert document["template"] == "typed"


MANY = "\n".join(
    json.dumps({"messages": [{"role": "user", "content": ask}, {"role": "assistant", "content": said}]})
    for ask, said in (("one", "uno"), ("two", "due"), ("three", "tre"))
)


def test_any_sample_of_a_file_can_be_opened() -> None:
    document = json.loads(
        run(app, ["inspect", "-", "--sample", "2", "--model", "none", "--format", "json"], input=MANY).stdout
    )
    assert "due" in "".join(token["text"] for token in document["tokens"])
    beyond = run(app, ["inspect", "-", "--sample", "4"], input=MANY)
    assert beyond.exit_code == 2
    assert "the file holds 3" in beyond.stderr


def test_all_samples_have_a_line_and_a_bad_one_hides_none() -> None:
    lines = run(app, ["inspect", "-", "--all", "--format", "json"], input=MANY + "\n{").stdout.splitlines()
    told = [json.loads(line) for line in lines]
    assert [one["sample"] for one in told] == [1, 2, 3, 4]
    assert [one["begins"] for one in told[:3]] == ["one", "two", "three"]
    assert told[3]["error"].startswith("line 4")
    assert "two" in run(app, ["inspect", "-", "--all"], input=MANY).stdout


def test_every_knob_of_a_policy_is_an_option() -> None:
    options = ["--role", "user", "--turns", "last_message", "--end", "none", "--after-end", "each", "--no-reasoning"]
    document = json.loads(
        run(app, ["inspect", "-", *options, "--model", "none", "--format", "json"], input=CHAT).stdout
    )
    trained = "".join(token["text"] for token in document["tokens"] if token["supervised"])
    assert trained == "What does owl mean?\n"


def test_findings_and_reasons_speak_chinese() -> None:
    shown = run(app, ["inspect", "-", "--model", "none", "--lang", "zh", "--format", "text"], input="User: hi").stdout
    assert "没有人回答它" in shown


def test_what_a_terminal_would_obey_is_shown_as_a_mark() -> None:
    chat = json.dumps([{"role": "\x1b[31mx", "content": "hi"}])
    assert "\x1b[31m" not in run(app, ["inspect", "-", "--model", "none", "--format", "text"], input=chat).stdout


BAD = {
    "broken JSON": ("[{", [], "line 1, column 3"),
    "policy": (CHAT, ["--policy", "all"], "policy 'all' is unknown"),
    "template": (CHAT, ["--template", "nope"], "template 'nope' is unknown"),
    "model": (CHAT, ["--model", "nobody/nothing"], "not on this computer"),
    "end": (CHAT, ["--end", "first"], "end='first' is unknown"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_mistake_is_one_message_and_exit_status_2(case: str) -> None:
    pasted, options, words = BAD[case]
    result = run(app, ["inspect", "-", *options], input=pasted)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_a_missing_file_is_named() -> None:
    result = run(app, ["inspect", "no-such-file.json"])
    assert result.exit_code == 2
    assert "no-such-file.json" in result.stderr


def test_nothing_but_the_answer_is_printed(tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text("User: hi\nAssistant: Hello there.")
    command = [sys.executable, "-c", "from sftviz.cli import app; app()", "inspect", str(chat), "--format", "text"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "6 of 20 tokens supervised" in done.stdout
    assert done.stderr == ""
