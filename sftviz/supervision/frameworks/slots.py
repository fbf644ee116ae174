"""LLaMA-Factory's templates as slots: what it writes round a message, and what is tokenized apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sftviz.chat.messages import ToolCall
from sftviz.supervision.frameworks.made import NoRow
from sftviz.supervision.frameworks.own import as_json


class Item(NamedTuple):
    """Text that stands in a slot. part: of the message's turn; "next" opens the reply's."""

    text: str
    part: str


CONTENT = Item("{{content}}", "content")
EOS, BOS = Item("", "eos"), Item("", "bos")  # the tokenizer's, each tokenized apart
Slot = Sequence[Sequence[Item]]  # the items of an element are one text for the tokenizer


@dataclass(frozen=True)
class Slots:
    user: Slot
    assistant: Slot
    system: Slot
    observation: Slot
    prefix: Slot = ()
    call: Slot | None = None  # of a reply that calls; the reply's slot where it is not named
    eos: str | None = None  # what the tokenizer's eos is replaced by
    tools: str = "default"
    default_system: str = ""
    thinks: bool = False  # writes an empty thought where a reply has none
    efficient_eos: bool = False


def _chatml(role: str, before: str = "", behind: str = "", *, asks: bool = True) -> Slot:
    asked = [Item("<|im_start|>assistant\n", "next")] if asks else []
    opening = [Item(f"<|im_start|>{role}\n{before}", "header")]
    closing = [*([Item(behind, "header")] if behind else []), Item("<|im_end|>", "end"), Item("\n", "after_end")]
    return [[*opening, CONTENT, *closing, *asked]]


def _llama(role: str, *, asks: bool = True) -> Slot:
    asked = [Item("<|start_header_id|>assistant<|end_header_id|>\n\n", "next")] if asks else []
    opening = Item(f"<|start_header_id|>{role}<|end_header_id|>\n\n", "header")
    return [[opening, CONTENT, Item("<|eot_id|>", "end"), *asked]]


_CHATML_REPLY: Slot = [[CONTENT, Item("<|im_end|>", "end"), Item("\n", "after_end")]]
_QWEN = Slots(
    _chatml("user"), _CHATML_REPLY, _chatml("system", asks=False),
    _chatml("user", "<tool_response>\n", "\n</tool_response>"), eos="<|im_end|>", tools="qwen",
)  # fmt: skip
_ALPACA_USER: Slot = [[Item("### Instruction:\n", "header"), CONTENT, Item("\n\n### Response:\n", "next")]]
_DEFAULT_USER: Slot = [[Item("Human: ", "header"), CONTENT], [EOS], [Item("\nAssistant:", "next")]]
_FALCON_USER: Slot = [[Item("User: ", "header"), CONTENT, Item("\n", "after_end"), Item("Falcon:", "next")]]
SLOTS: dict[str, Slots] = {
    "chatml": Slots(
        _chatml("user"), _CHATML_REPLY, _chatml("system", asks=False), _chatml("tool"), eos="<|im_end|>"
    ),
    "qwen3": replace(_QWEN, thinks=True),
    "qwen3_nothink": _QWEN,
    "llama3": Slots(
        _llama("user"), [[CONTENT, Item("<|eot_id|>", "end")]], _llama("system", asks=False), _llama("ipython"),
        [[BOS]], None, "<|eot_id|>", "llama3",
    ),
    "alpaca": Slots(
        _ALPACA_USER, [[CONTENT], [EOS], [Item("\n\n", "after_end")]], [[CONTENT]], _ALPACA_USER,
        default_system="Below is an instruction that describes a task. "
        "Write a response that appropriately completes the request.\n\n",
    ),
    "default": Slots(
        _DEFAULT_USER, [[CONTENT], [EOS], [Item("\n", "after_end")]],
        [[Item("System: ", "header"), CONTENT], [EOS], [Item("\n", "after_end")]], _DEFAULT_USER,
    ),
    "glm4": Slots(
        [[Item("<|user|>\n", "header"), CONTENT, Item("<|assistant|>", "next")]],
        [[Item("\n", "header"), CONTENT]],
        [[Item("<|system|>\n", "header"), CONTENT]],
        [[Item("<|observation|>\n", "header"), CONTENT, Item("<|assistant|>", "next")]],
        [[Item("[gMASK]<sop>", "bos_text")]],
        [[CONTENT]],
        tools="glm4",
        efficient_eos=True,
    ),
    "falcon": Slots(
        _FALCON_USER, [[CONTENT, Item("\n", "after_end")]], [[CONTENT]], _FALCON_USER, efficient_eos=True
    ),
}  # fmt: skip


def calls_text(form: str, calls: Sequence[ToolCall]) -> str:
    """A message's tool calls as a template's tool format writes them."""
    if form == "qwen":
        made = [as_json({"name": call.name, "arguments": call.arguments}) for call in calls]
        return "\n".join(f"<tool_call>\n{text}\n</tool_call>" for text in made)
    if form == "llama3":
        objects = [{"name": call.name, "parameters": call.arguments} for call in calls]
        return as_json(objects[0] if len(objects) == 1 else objects)
    if form == "glm4":
        if len(calls) > 1:
            raise NoRow("one_call_only", count=len(calls))
        return f"{calls[0].name}\n{as_json(calls[0].arguments)}"
    return "\n".join(f"Action: {call.name}\nAction Input: {as_json(call.arguments)}" for call in calls)
