"""The gate: exit codes, counts by code, baselines by rate, and reports in every form, on broken and on clean data."""

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from sftviz.chat.tokenizers import load_tokenizer
from sftviz.cli import app
from sftviz.gate import processes, sarif
from sftviz.gate.report import KEPT
from sftviz.gate.sarif import uri
from sftviz.supervision.policies import KNOBS
from tests.sources import ROOT

# The schema that the npm package @microsoft/jest-sarif (MIT) carries: OASIS's, as SchemaStore has it
SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))


def chat(*turns: str) -> str:
    roles = ("user", "assistant")
    return json.dumps({"messages": [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]})


WRITTEN = "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nyo<|im_end|>\n"  # GOOD, as ChatML has it
GOOD, UNANSWERED, EMPTY = chat("hi", "yo"), chat("hi"), chat("hi", "")
BROKEN = "\n".join([GOOD, UNANSWERED, "", '{"messages": [', EMPTY, UNANSWERED, GOOD])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clean.jsonl").write_text("\n".join([GOOD] * 5))
    # a page that a test has opened stands there as the script, and every new process would run it
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    (tmp_path / "broken.jsonl").write_text(BROKEN)
    return tmp_path


def check(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", *arguments])


def report(*arguments: str) -> dict[str, Any]:
    return json.loads(check(*arguments, "--format", "json").stdout)


def counted(told: dict[str, Any]) -> dict[str, tuple[int, list[int | None]]]:
    """code -> (samples, lines)"""
    return {one["code"]: (one["samples"], [place["line"] for place in one["first"]]) for one in told["findings"]}


def test_clean_data_passes() -> None:
    done = check("clean.jsonl", "--fail-on", "warning")
    assert done.exit_code == 0
    tokens = load_tokenizer("sftviz/tiny").encode(WRITTEN).ids
    assert done.stdout.startswith(f"5 samples, {5 * len(tokens)} tokens, ")
    assert "Passes." in done.stdout


def test_broken_data_fails_and_says_what_how_often_and_where() -> None:
    done = check("broken.jsonl")
    assert done.exit_code == 1
    told = report("broken.jsonl")
    assert (told["samples"], told["unusable"], told["fails"]) == (6, 1, True)
    assert counted(told) == {
        "nothing_supervised": (2, [2, 6]),
        "unusable/json_open_bracket": (1, [4]),
        "empty_reply": (1, [5]),
        "ends_without_reply": (2, [2, 6]),
    }
    assert "✗ nothing_supervised: in 2 of 6 samples (33 %), broken.jsonl: line 2, line 6" in done.stdout
    assert "Fails: nothing_supervised and unusable/json_open_bracket." in done.stdout


def test_a_warning_fails_only_where_warnings_are_asked_for(here: Path) -> None:
    (here / "warned.jsonl").write_text("\n".join([GOOD, EMPTY]))
    assert check("warned.jsonl").exit_code == 0
    assert check("warned.jsonl", "--fail-on", "warning").exit_code == 1


UNUSABLE = {
    "no such file": ["nowhere.jsonl"],
    "no data": ["nothing.jsonl"],
    "no sample of it": ["rubbish.jsonl"],
    "a policy that is none": ["clean.jsonl", "--policy", "all"],
    "a knob without effect": ["clean.jsonl", "--policy", "pretrain", "--end", "none"],
    "a template that is none": ["clean.jsonl", "--template", "nope"],
    "a tokenizer that is none": ["clean.jsonl", "--tokenizer", "nobody/nothing"],
    "a baseline that is none": ["clean.jsonl", "--baseline", "clean.jsonl"],
    "a baseline that is not there": ["clean.jsonl", "--baseline", "nowhere.json"],
    "a baseline to write nowhere": ["clean.jsonl", "--write-baseline"],
    "one file of two": ["clean.jsonl", "nowhere.jsonl"],
    "a data set that is not here": ["org/name:train"],
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_cannot_be_used_is_exit_code_2_and_says_why(case: str, here: Path) -> None:
    (here / "nothing.jsonl").write_text("")
    (here / "rubbish.jsonl").write_text("{\n{\n")
    done = check(*UNUSABLE[case])
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert done.stderr.startswith("sftviz: ") or "unusable/json_open_bracket: in 2 of 2 samples" in done.stdout


def test_a_file_that_cannot_be_read_hides_no_other() -> None:
    done = check("nowhere.jsonl", "broken.jsonl")
    assert "nothing_supervised: in 2 of 6 samples" in done.stdout
    assert "nowhere.jsonl" in done.stderr


def test_several_files_are_one_report() -> None:
    told = report("clean.jsonl", "broken.jsonl")
    assert told["samples"] == 11
    assert told["findings"][0]["first"][0] == {"file": "broken.jsonl", "sample": 2, "line": 2}


def test_the_policy_and_its_knobs_decide_what_is_found() -> None:
    assert "nothing_supervised" not in counted(report("broken.jsonl", "--policy", "pretrain"))
    assert "end_not_supervised" in counted(report("clean.jsonl", "--end", "none"))
    asked = CliRunner().invoke(app, ["check", "--help"], env={"COLUMNS": "300"}).stdout
    assert [name for name in KNOBS if f"--{'role' if name == 'roles' else name.replace('_', '-')}" not in asked] == []


def test_its_exit_codes_are_told_where_people_look() -> None:
    asked = " ".join(CliRunner().invoke(app, ["check", "--help"], env={"COLUMNS": "300"}).stdout.split())
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for code in ("0", "1", "2"):
        assert re.search(rf"\b{code}: ", asked)
        assert re.search(rf"`{code}` ", readme)


def test_several_processes_say_what_one_says(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "ALONE", 3)
    monkeypatch.setattr(processes, "AT_ONCE", 2)
    (here / "many.jsonl").write_text("\n".join([BROKEN] * 5))
    told = [check("many.jsonl", "--format", "json", "--jobs", jobs).stdout for jobs in ("1", "2")]
    assert told[0] == told[1]
    assert json.loads(told[0])["samples"] == 30


def test_a_baseline_lets_pass_what_was_there_at_the_same_or_a_lower_rate(here: Path) -> None:
    assert check("broken.jsonl", "--baseline", "base.json", "--write-baseline").exit_code == 0
    assert json.loads((here / "base.json").read_text())["rates"]["error"] == {
        "nothing_supervised": pytest.approx(2 / 6), "unusable/json_open_bracket": pytest.approx(1 / 6),
    }  # fmt: skip
    assert check("broken.jsonl", "--baseline", "base.json").exit_code == 0
    (here / "fewer.jsonl").write_text("\n".join([GOOD, GOOD, UNANSWERED]))  # one in three, of as many
    assert check("fewer.jsonl", "--baseline", "base.json").exit_code == 0
    (here / "more.jsonl").write_text("\n".join([GOOD, GOOD, GOOD, UNANSWERED, UNANSWERED]))  # two in five
    done = check("more.jsonl", "--baseline", "base.json")
    assert done.exit_code == 1
    assert "Fails: nothing_supervised." in done.stdout


def test_a_finding_that_the_baseline_does_not_know_fails(here: Path) -> None:
    check("clean.jsonl", "--baseline", "base.json", "--write-baseline")
    assert check("broken.jsonl", "--baseline", "base.json").exit_code == 1


def test_a_baseline_of_other_choices_is_refused() -> None:
    check("clean.jsonl", "--baseline", "base.json", "--write-baseline")
    done = check("clean.jsonl", "--baseline", "base.json", "--policy", "pretrain")
    assert done.exit_code == 2
    assert "the baseline was measured with policy = 'assistant_only', this is 'pretrain'" in " ".join(
        done.stderr.split()
    )


def test_a_template_of_ones_own_is_told_by_what_it_holds(here: Path) -> None:
    jinja = here / "mine.jinja"
    jinja.write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}")
    arguments = ("clean.jsonl", "--policy", "pretrain", "--template", "mine.jinja", "--baseline", "base.json")
    assert check(*arguments, "--write-baseline").exit_code == 0
    assert check(*arguments).exit_code == 0
    jinja.write_text(jinja.read_text() + " ")
    assert check(*arguments).exit_code == 2


def test_a_file_that_could_not_be_read_writes_no_baseline(here: Path) -> None:
    check("nowhere.jsonl", "--baseline", "base.json", "--write-baseline")
    assert not (here / "base.json").exists()


def results(*arguments: str) -> dict[str, Any]:
    log = json.loads(check(*arguments, "--format", "sarif").stdout)
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    return log["runs"][0]


def test_sarif_keeps_to_its_schema_and_names_the_lines() -> None:
    run = results("broken.jsonl")
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    placed = [
        (one["ruleId"], one["level"], one["locations"][0]["physicalLocation"]["region"]["startLine"])
        for one in run["results"]
    ]
    assert placed == [
        ("nothing_supervised", "error", 2), ("nothing_supervised", "error", 6),
        ("unusable/json_open_bracket", "error", 4), ("empty_reply", "warning", 5),
        ("ends_without_reply", "note", 2), ("ends_without_reply", "note", 6),
    ]  # fmt: skip
    assert all(rules[one["ruleIndex"]] == one["ruleId"] for one in run["results"])
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "broken.jsonl"}
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]
    assert results("clean.jsonl")["results"] == []


def test_the_schema_would_refuse_a_wrong_log() -> None:
    log = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"level": "fatal"}]}]}
    assert list(jsonschema.Draft4Validator(SCHEMA).iter_errors(log))


def test_sarif_holds_what_a_host_shows_and_counts_the_rest(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "many.jsonl").write_text("\n".join([UNANSWERED] * (KEPT + 10)))  # two findings each
    for most, left in ((sarif.MOST_RESULTS, 20), (7, 2 * KEPT + 20 - 7)):
        monkeypatch.setattr(sarif, "MOST_RESULTS", most)
        run = results("many.jsonl")
        assert len(run["results"]) == 2 * KEPT + 20 - left
        told = run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
        assert told == f"{left:,} findings more were counted and are not listed"


def test_a_list_and_a_table_have_lines_too_and_parquet_has_samples(here: Path) -> None:
    import pandas as pd

    (here / "list.json").write_text(json.dumps([json.loads(UNANSWERED)] * 2, indent=1))
    line = results("list.json")["results"][1]["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert (here / "list.json").read_text().splitlines()[line - 1] == " {"
    pd.DataFrame([json.loads(GOOD), json.loads(UNANSWERED)]).to_parquet(here / "rows.parquet")
    place = results("rows.parquet")["results"][0]["locations"][0]
    assert "region" not in place["physicalLocation"]
    assert place["logicalLocations"] == [{"name": "sample 2"}]


def test_a_path_is_named_as_seen_from_where_the_command_ran(here: Path) -> None:
    assert uri(str(here / "a b.jsonl")) == "a%20b.jsonl"
    assert uri("/elsewhere/x.jsonl") == "file:///elsewhere/x.jsonl"


def test_markdown_shows_what_people_wrote_and_obeys_none_of_it(here: Path) -> None:
    odd = json.dumps({"messages": [{"role": "<img src=x>|**a**", "content": "hi"}]})
    (here / "odd.jsonl").write_text(odd)
    shown = check("odd.jsonl", "--format", "markdown").stdout
    table = [line for line in shown.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 6 for line in table)
    assert not re.search(r"(?<!\\)<img", shown)
    assert "**`nothing_supervised`**" in shown
    assert "Fails" in shown


def test_it_speaks_chinese() -> None:
    assert "未通过：nothing_supervised 和 unusable/json_open_bracket" in check("broken.jsonl", "--lang", "zh").stdout


def test_the_hook_takes_the_files_it_names() -> None:
    hook = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]
    assert [name for name in ("a.jsonl", "a.ndjson.gz", "a.json", "a.py") if re.search(hook["files"], name)] == [
        "a.jsonl", "a.ndjson.gz",
    ]  # fmt: skip
    command = hook["entry"].split()
    assert CliRunner().invoke(app, [*command[1:], "clean.jsonl", "broken.jsonl"]).exit_code == 1
