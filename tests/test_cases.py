"""Real inputs with their right answers, as data: what people pasted, reworded, and what has to come of it."""

import json
import math
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import sftviz
from sftviz.chat.formats import parse

CASES = [json.loads(line) for line in (Path(__file__).parent / "cases.jsonl").read_text(encoding="utf-8").splitlines()]


def facts(value: Any) -> dict[str, Any]:
    if hasattr(value, "rendering"):
        rows = value.rows()
        return {
            "chat": value.rendering.chat,
            "text": value.rendering.text,
            "template": value.rendering.template.name,
            "supervised": "".join(row.text for row in rows if row.supervised),
            "findings": [(finding.code, finding.message) for finding in value.findings],
        }
    if hasattr(value, "messages"):
        return {"chat": value, "findings": [(notice.code, notice.message) for notice in value.notices]}
    return {}


def same_number(value: Any, wanted: Any) -> bool:
    wanted, tolerance = (wanted["value"], wanted["tolerance"]) if isinstance(wanted, dict) else (wanted, 1e-4)
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return isinstance(value, int | float) and math.isclose(value, wanted, rel_tol=tolerance, abs_tol=tolerance)
    return value == wanted if isinstance(value, bool) else json.loads(json.dumps(value)) == wanted


# What a case may expect -> whether it holds: (wanted, facts, the error's words, the value, the input)
HOLDS = {
    "any_of": lambda w, f, e, v, x: any(all(holds(k, o, f, e, v, x) for k, o in option.items()) for option in w),
    "error_contains": lambda w, f, e, v, x: e is not None and w.lower() in e.lower(),
    "raises_contains": lambda w, f, e, v, x: e is not None and w.lower() in e.lower(),
    "error_lacks": lambda w, f, e, v, x: e is None or w.lower() not in e.lower(),
    "no_error": lambda w, f, e, v, x: e is None,
    "value": lambda w, f, e, v, x: e is None and same_number(v, w),
    "roles": lambda w, f, e, v, x: [m.role for m in f["chat"].messages] == w,
    "contents": lambda w, f, e, v, x: [m.content.strip() for m in f["chat"].messages] == w,
    "contents_contain": lambda w, f, e, v, x: all(any(one in m.content for m in f["chat"].messages) for one in w),
    "reasoning": lambda w, f, e, v, x: [m.reasoning.strip() for m in f["chat"].messages if m.role == "assistant"] == w,
    "calls": lambda w, f, e, v, x: [[c.name for c in m.tool_calls] for m in f["chat"].messages if m.tool_calls] == w,
    "tools": lambda w, f, e, v, x: len(f["chat"].tools) == w,
    "form": lambda w, f, e, v, x: f["chat"].form == w,
    "supervised": lambda w, f, e, v, x: f["supervised"] == w,
    "supervised_contains": lambda w, f, e, v, x: all(one in f["supervised"] for one in w),
    "supervised_lacks": lambda w, f, e, v, x: not any(one in f["supervised"] for one in w),
    "text": lambda w, f, e, v, x: f["text"] == w,
    "text_contains": lambda w, f, e, v, x: all(one in f["text"] for one in w),
    "same_text": lambda w, f, e, v, x: (f["text"] == x) is w,
    "finding": lambda w, f, e, v, x: w in [code for code, _ in f["findings"]],
    "no_finding": lambda w, f, e, v, x: w not in [code for code, _ in f["findings"]],
    "finding_matches": lambda w, f, e, v, x: any(
        re.search(w, f"{code}: {said}", re.IGNORECASE) for code, said in f["findings"]
    ),
}
OF_ERRORS = {"any_of", "error_contains", "raises_contains", "error_lacks"}


def holds(key: str, wanted: Any, found: dict[str, Any], error: str | None, value: Any, pasted: str) -> bool:
    return (error is None or key in OF_ERRORS) and HOLDS[key](wanted, found, error, value, pasted)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_real_input_has_its_right_answer(case: dict[str, Any]) -> None:
    pasted = case["input"]
    space: dict[str, Any] = {"sftviz": sftviz, "parse": parse, "torch": torch, "F": F, "math": math, "x": pasted}
    if "J" in case["call"]:
        space["J"] = json.loads(pasted)
    error = value = None
    body, _, last = case["call"].rpartition("\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(body, space)
            value = eval(last, space)
        except Exception as raised:  # a refusal is an answer, and its words are what is looked at
            error = f"{type(raised).__name__}: {getattr(raised, 'code', '')}: {raised}"
    found = facts(value) if error is None else {}
    wrong = [key for key, wanted in case["expected"].items() if not holds(key, wanted, found, error, value, pasted)]
    assert wrong == [], (error, found)
