"""A word of its own in every leaf of a chat stands in the text, or a finding names it: on every template."""

import json
import re
from typing import Any

import pytest

import sftviz
from sftviz.chat.messages import ChatError
from sftviz.chat.write.templates import TEMPLATES

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "alphatool",
            "description": "bravodescription",
            "parameters": {
                "type": "object",
                "properties": {"charliekey": {"type": "string", "description": "deltahint"}},
                "required": ["charliekey"],
            },
        },
    }
]


def call(name: str, value: str, number: str) -> dict[str, Any]:
    return {"id": number, "type": "function", "function": {"name": "alphatool", "arguments": {"charliekey": value}}}


MESSAGES = [
    {"role": "system", "content": "echosystem"},
    {"role": "user", "content": "foxtrotask", "name": "golfname"},
    {
        "role": "assistant",
        "content": "hotelsaid",
        "reasoning_content": "indiathought",
        "tool_calls": [call("alphatool", "julietvalue", "kilocall1"), call("alphatool", "limavalue", "mikecall22")],
    },
    {"role": "tool", "name": "alphatool", "tool_call_id": "kilocall1", "content": "novemberresult"},
    {"role": "tool", "name": "alphatool", "tool_call_id": "mikecall22", "content": "oscarresult"},
    {"role": "assistant", "content": "papareply"},
]
STEMS = "alpha|bravo|charlie|delta|echo|foxtrot|golf|hotel|india|juliet|kilo|lima|mike|november|oscar|papa"
WORDS = sorted(set(re.findall(rf"(?:{STEMS})\w+", json.dumps([MESSAGES, TOOLS]))))


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_word_stands_in_the_text_or_in_a_finding(template: str) -> None:
    try:
        seen = sftviz.inspect({"messages": MESSAGES, "tools": TOOLS}, template=template, model=None)
    except ChatError as error:  # the template says itself that it does not take such a chat
        assert error.code in ("template_says", "template_undefined"), error
        return
    told = " ".join(f"{finding.message} {finding.where or ''}" for finding in seen.findings)
    lost = [word for word in WORDS if word not in seen.rendering.text and word not in told]
    assert lost == []


def test_the_words_are_all_there() -> None:
    assert len(WORDS) == 16
