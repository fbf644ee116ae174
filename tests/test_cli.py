"""The command line: a good file, standard input, and what a bad one is told."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from rich.cells import cell_len
from typer.testing import CliRunner

import sftviz
from sftviz.chat.tokenizers import TOKENIZERS
from sftviz.chat.write.templates import TEMPLATES
from sftviz.cli import app
from sftviz.figures.strip import visible
from sftviz.figures.terminal import Strip, to_terminal
from sftviz.model import load_model
from sftviz.supervision.policies import CHOICES, KNOBS, POLICIES

CHAT = "User: What does owl mean?\nAssistant: A bird 👍."
MESSAGES = [{"role": "user", "content": "What does owl mean?"}, {"role": "assistant", "content": "A bird 👍."}]
ASKED = {"role": "user", "content": "And eel?"}
run = CliRunner().invoke


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "chat.txt"
    path.write_text(CHAT, encoding="utf-8")
    return str(path)


def test_the_verdict_comes_first_then_the_strip_then_what_was_found() -> None:
    """The loss is what transformers' own model says of these labels; the rest is counted by hand."""
    seen = sftviz.inspect(CHAT)
    ids, labels = (torch.tensor([list(row)]) for row in (seen.rendering.ids, seen.supervision.labels))
    loss = load_model("sftviz/tiny-sft")(input_ids=ids, labels=labels).loss.item()
    first, *strip, last = run(app, ["inspect", "-"], input=json.dumps([*MESSAGES, ASKED])).stdout.splitlines()
    trained, total = sum(seen.supervision.supervised), len(ids[0]) + len(added(ASKED))
    share = round(100 * trained / total)
    assert first == (
        f"{trained} of {total} tokens are trained, {share} %. End-of-turn: in 1 of 1. Loss {loss:.2f} nats. 1 finding."
    )
    assert [line.split()[0] for line in strip] == ["user", "assistant", "user"]
    assert last.startswith("i message 3: the chat ends with a user message")


def test_the_verdict_says_of_how_many_replies_the_end_is_trained() -> None:
    chat = json.dumps([*MESSAGES, *MESSAGES, *MESSAGES])
    for options, ends in (([], "3 of 3"), (["--end", "last"], "1 of 3"), (["--end", "none"], "0 of 3")):
        first = run(app, ["inspect", "-", "--model", "none", "-q", *options], input=chat).stdout.splitlines()[0]
        assert f"End-of-turn: in {ends}." in first


def added(message: dict[str, str]) -> list[int]:
    """The tokens that one message more adds."""
    one, two = (sftviz.inspect([*MESSAGES, *more], model=None).rendering.ids for more in ([], [message]))
    return two[len(one) :]


def test_a_table_has_a_line_for_every_token(file: str) -> None:
    result = run(app, ["inspect", file, "--format", "table"])
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines() if line[:3].strip().isdigit() and "nats" not in line]
    assert [row[0] for row in rows if row[0].isdigit()] == [str(i) for i in range(len(sftviz.inspect(CHAT).rows()))]


def test_quiet_says_the_verdict_and_what_was_found_and_no_more() -> None:
    lines = run(app, ["inspect", "-", "--quiet", "--model", "none"], input="User: hi").stdout.splitlines()
    assert lines[0].endswith("tokens are trained, 0 %. 2 findings, 1 at error level.")
    assert [line[0] for line in lines[1:]] == ["✗", "i"]


def test_a_pipe_gets_marks_and_whole_lines() -> None:
    long = " ".join(f"word{i}" for i in range(200))
    shown = run(app, ["inspect", "-", "--model", "none"], input=f"User: {long}\nAssistant: {long}").stdout
    _, asked, answered = shown.splitlines()
    assert "[[" not in asked
    assert answered.endswith(f"[[{long}<|im_end|>]]⏎")


def test_a_terminal_breaks_a_line_between_tokens_only() -> None:
    seen = sftviz.inspect("User: hi\nAssistant: " + "Wintergreen oxalis 👩‍🔬 " * 40, model=None)
    shown = to_terminal(Strip(seen.rows()), colour=True)
    lines = [line[10:] for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()]
    assert len(lines) > 5
    assert max(map(cell_len, lines)) <= 90
    tokens = iter([visible(row.text) for row in seen.rows()])
    for line in lines:
        while line:
            token = next(tokens)
            assert line.startswith(token)
            line = line[len(token) :]
    assert [token for token in tokens if token] == []


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
    assert "there is no sample 4: the file holds 3; samples count from 1" in " ".join(beyond.stderr.split())
    assert "samples count from 1" in run(app, ["inspect", "-", "--sample", "0"], input=MANY).stderr


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


def completed(*words: str) -> set[str]:
    """What bash is offered behind these words."""
    script = "from sftviz.cli import app; app(prog_name='sftviz')"
    asked = {
        "_SFTVIZ_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("sftviz", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | asked, capture_output=True, text=True)
    return set(done.stdout.split())


def test_a_shell_completes_names_of_policies_templates_and_tokenizers() -> None:
    assert completed("inspect", "x", "--policy", "") == set(POLICIES)
    assert completed("inspect", "x", "--template", "") >= {*TEMPLATES, "tokenizer"}
    assert completed("inspect", "x", "--template", "qwen3_") == {
        name for name in TEMPLATES if name.startswith("qwen3_")
    }
    assert completed("check", "x", "--tokenizer", "") == set(TOKENIZERS)
    assert completed("inspect", "x", "--turns", "") == set(CHOICES["turns"])
    assert "--install-completion" in run(app, ["--help"]).stdout


def test_no_knob_is_forgotten() -> None:
    asked = run(app, ["inspect", "--help"], env={"COLUMNS": "300"}).stdout
    assert [
        name
        for name in KNOBS
        if f"--{name.removesuffix('s') if name == 'roles' else name.replace('_', '-')}" not in asked
    ] == []


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


def test_a_template_that_is_no_utf8_is_named(file: str, tmp_path: Path) -> None:
    template = tmp_path / "latin.jinja"
    template.write_bytes("café {{ messages }}".encode("latin-1"))
    result = run(app, ["inspect", file, "--template", str(template)])
    told = "".join(result.stderr.split())
    assert result.exit_code == 2
    assert "latin.jinja" in told
    assert "0xE9" in told


@pytest.mark.parametrize("form", ["text", "table", "json", "html"])
def test_a_terminal_that_knows_ascii_only_is_given_utf8(form: str, tmp_path: Path) -> None:
    """LC_ALL=C, and Windows where the output is redirected."""
    (tmp_path / "chat.txt").write_text("User: 你好\nAssistant: 好 👍", encoding="utf-8")
    command = [sys.executable, "-c", "from sftviz.cli import app; app()", "inspect", "chat.txt", "--model", "none"]
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    done = subprocess.run(
        [*command, "--format", form],
        cwd=tmp_path, env=os.environ | ascii_only | {"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "好" in done.stdout.decode("utf-8")


def test_a_missing_file_is_named() -> None:
    result = run(app, ["inspect", "no-such-file.json"])
    assert result.exit_code == 2
    assert "no-such-file.json" in result.stderr


def test_nothing_but_the_answer_is_printed(tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text("User: hi\nAssistant: Hello there.")
    command = [sys.executable, "-c", "from sftviz.cli import app; app()", "inspect", str(chat), "--format", "text"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "6 of 17 tokens are trained" in done.stdout
    assert done.stderr == ""
