"""The report as SARIF 2.1.0, which code hosts show beside the lines of the data."""

from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sftviz.gate.report import Group, Occurrence, Report
from sftviz.words import tell

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS = 5000  # what GitHub shows of a run


def to_sarif(report: Report, code: int) -> dict[str, Any]:
    """A result a finding, the gravest first; what is beyond MOST_RESULTS is counted in a notification.

    code: the exit code, see `Outcome.code`.
    """
    groups = report.ordered()
    pairs = [(i, group, one) for i, group in enumerate(groups) for one in group.first][:MOST_RESULTS]
    left = sum(group.findings for group in groups) - len(pairs)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "sftviz",
                        "semanticVersion": version("sftviz"),
                        "rules": [_rule(group) for group in groups],
                    }
                },
                "results": [_result(i, group, one) for i, group, one in pairs],
                "invocations": [_invocation(report, code, left)],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }


def _rule(group: Group) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": group.code,
        "shortDescription": {"text": group.title},
        "defaultConfiguration": {"level": group.severity},
    }
    return rule | {"help": {"text": str(group.remedy)}} if group.remedy else rule


def _result(index: int, group: Group, one: Occurrence) -> dict[str, Any]:
    where = f"{one.where}: " if one.where and one.where != one.place else ""
    remedy = f" → {group.remedy}" if group.remedy else ""
    place: dict[str, Any] = {"artifactLocation": {"uri": uri(one.file)}}
    if one.line is not None:
        place["region"] = {"startLine": one.line}
    return {
        "ruleId": group.code,
        "ruleIndex": index,
        "level": group.severity,
        "message": {"text": f"{where}{one.what}{remedy}"},
        "locations": [{"physicalLocation": place, "logicalLocations": [{"name": f"sample {one.sample}"}]}],
    }


def _invocation(report: Report, code: int, left: int) -> dict[str, Any]:
    told = [("error", tell("gate.unread", files=tuple(report.unread)))] if report.unread else []
    told += [("note", tell("gate.left_out", count=left))] if left > 0 else []
    made: dict[str, Any] = {"executionSuccessful": code != 2, "exitCode": code}
    if told:
        made["toolExecutionNotifications"] = [{"level": level, "message": {"text": text}} for level, text in told]
    return made


def uri(file: str) -> str:
    """A path as SARIF names it: relative to where the command ran, where it stands below.

    >>> uri("data/my chats.jsonl")
    'data/my%20chats.jsonl'
    """
    path = Path(file)
    if path.is_absolute():
        try:
            path = path.relative_to(Path.cwd())
        except ValueError:
            return path.as_uri()
    return quote(path.as_posix())
