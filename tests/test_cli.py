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
    assert set(document["tokens"][0]) >= {"position", "supervised", "reason", "target", "nll", "grad_norm"}


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
