"""Policies and knobs beside what real frameworks trained: the same tokens, on every chat both write alike."""

from pathlib import Path
from typing import Any

import pytest

from sftviz.chat.messages import Chat, Message, ToolCall
from sftviz.chat.rendering import render
from sftviz.supervision.verdicts import apply

ROWS = [
    line.split(" | ", 4)
    for line in (Path(__file__).parent / "frameworks.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
CALL = (ToolCall("age", {"of": "owl"}, "c1"),)
OWL, ELM = Message("user", "What is owl?"), Message("user", "And elm?")
BIRD, TREE = Message("assistant", "A bird."), Message("assistant", "A tree.")
RESULT, FIVE = Message("tool", "5", name="age", tool_call_id="c1"), Message("assistant", "Five.")
CHATS = {
    "single": (OWL, BIRD),
    "multi": (OWL, BIRD, ELM, TREE),
    "system": (Message("system", "Be short."), OWL, BIRD),
    "tool": (Message("user", "How old?"), Message("assistant", "", tool_calls=CALL), RESULT, FIVE),
    "tooltext": (Message("user", "How old?"), Message("assistant", "I look.", tool_calls=CALL), RESULT, FIVE),
    "reason": (OWL, Message("assistant", "A bird.", "flies")),
    "reason2": (OWL, Message("assistant", "A bird.", "flies"), ELM, Message("assistant", "A tree.", "grows")),
    "inline2": (
        OWL,
        Message("assistant", "A bird.", "flies", inline="<think>\nflies\n</think>\n\nA bird."),
        ELM,
        Message("assistant", "A tree.", "grows", inline="<think>\ngrows\n</think>\n\nA tree."),
    ),
    "twice": (OWL, BIRD, Message("assistant", "It flies.")),
    "empty": (OWL, Message("assistant", "")),
    "emptymid": (OWL, Message("assistant", ""), ELM, TREE),
    "useronly_last": (OWL, BIRD, Message("user", "Thanks.")),
}


def knobs_of(text: str) -> dict[str, Any]:
    pairs = dict(pair.split("=") for pair in text.split(",") if pair)
    values: dict[str, Any] = dict(pairs)
    if "roles" in pairs:
        values["roles"] = frozenset(pairs["roles"].split("+"))
    if "header" in pairs:
        values["header"] = pairs["header"] == "True"
    return values


def marked(chat: str, policy: str, knobs: dict[str, Any]) -> str:
    rendering = render(Chat(CHATS[chat], "openai"), "sftviz/tiny", "chatml")
    out, inside = "", False
    for text, trained in zip(rendering.tokens.texts, apply(policy, rendering, **knobs).supervised, strict=True):
        out += ("⟦" if trained else "⟧") * (trained != inside) + text
        inside = trained
    out += "⟧" * inside
    return out.replace("\n", "⏎").replace("<|im_start|>", "<S>").replace("<|im_end|>", "<E>")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[3]}")
def test_the_same_tokens_are_trained(row: list[str]) -> None:
    _, policy, knobs, chat, theirs = row
    assert marked(chat, policy, knobs_of(knobs)) == theirs


def test_llamafactory_mask_history_is_not_last_assistant() -> None:
    theirs = next(row[4] for row in ROWS if "mask_history" in row[0] and row[3] == "multi")
    assert marked("multi", "last_assistant", {}) != theirs
