"""Whatever is pasted: no crash, no lost character, what is quoted is the message's own, time grows with the text."""

import contextlib
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftviz.chat.formats import parse
from sftviz.chat.messages import Chat, ChatError
from tests.chat.texts.families import FAMILIES
from tests.chat.texts.test_calls_and_thoughts import CALLS, RESULTS, TOOLS
from tests.growth import at_most, no_collections, within

MARKS = (
    "<|im_start|>", "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_start|>system\n", "<|im_end|>", "<|im_sep|>",
    "<|start_header_id|>", "user<|end_header_id|>\n\n", "<|eot_id|>", "[INST]", "[INST] ", "[/INST]", " [/INST]", "<s>",
    "</s>", "<<SYS>>\n", "\n<</SYS>>\n\n", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]", "[TOOL_CALLS]",
    "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "<start_of_turn>model\n", "<end_of_turn>", "<|turn>model\n", "<turn|>",
    "<|tool_response>response:w{", "<tool_response|>", "<|user|>\n", "<|assistant|>\n", "<|observation|>", "<|end|>",
    "[gMASK]<sop>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<｜tool▁outputs▁begin｜>",
    "<｜tool▁output▁begin｜>", "<｜tool▁output▁end｜>", "<｜tool▁calls▁begin｜>", "<|start|>", "<|start|>assistant",
    "<|channel|>analysis", "<|channel|>commentary to=functions.w", "<|message|>", "<|return|>", "<|call|>",
    "### Instruction:\n", "### Response:\n", "### Input:\n", "### Human: ", "### Assistant: ", "USER: ", " ASSISTANT: ",
    "FUNCTION RESPONSE: ", "<functioncall> ", "User: ", "Assistant: ", "<think>", "</think>", "<tool_call>\n",
    "\n</tool_call>", '{"name": "w", "arguments": {"a": 1}}', "<tool_response>\n", "</tool_response>", "<|python_tag|>",
    "<|tool_call_start|>[w(a=1)]<|tool_call_end|>", "# Tools\n\n", "<tools>\n", "GPT4 Correct User: ",
    "<extra_id_1>User\n",
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<end_of_utterance>",
    "<reserved_106>", "<用户>",
    "Hi", " ", "\n", "\r\n", "é👍🏽", "{", "}", "[", "]", "'", '"', ":",
)  # fmt: skip


def held(chat: Chat, text: str) -> None:
    """The text is whole, its spans tile it, and what they quote is what the messages hold."""
    assert chat.written is not None
    assert chat.written.text == text
    spans = chat.written.spans
    assert (spans[0].start, spans[-1].end) == (0, len(text))
    assert all(a.end == b.start for a, b in itertools.pairwise(spans))
    assert all(span.start < span.end for span in spans)
    for i, message in enumerate(chat.messages):
        own = [span for span in spans if span.source == i]
        said = "".join(text[span.start : span.end] for span in own if span.field == "content")
        assert said == message.content
        assert all(span.role == message.role for span in spans if span.turn == i)
        for number in range(len(message.tool_calls)):
            assert any(span.field.startswith(f"tool_calls.{number}") for span in own)


@given(st.lists(st.sampled_from(MARKS), min_size=1, max_size=24).map("".join))
def test_any_heap_of_marks_is_read_whole(text: str) -> None:
    try:
        chat = parse(text)
    except ChatError:
        return
    if chat.written:
        held(chat, text)


@pytest.mark.parametrize(
    "text", [*(row[2] for row in FAMILIES.values()), *CALLS.values(), *RESULTS.values(), *TOOLS.values()]
)
def test_a_familys_text_is_whole_wherever_it_is_cut(text: str) -> None:
    for end in range(1, len(text) + 1):
        try:
            chat = parse(text[:end])
        except ChatError:
            continue
        if chat.written:
            held(chat, text[:end])


SHORT, LONG = 50_000, 200_000
REPEATED = (
    "<|im_start|>", "<|im_start|>user\n", "[INST]", "[INST] a [/INST]", "User:\n", "USER: a ASSISTANT: ", "### Human: ",
    "### Response:\n", "<｜User｜>", "<|user|>\n", "<|start|>assistant<|channel|>", "<s>   ", "\n", "10:00 - ",
    "A: a\nB: b\n", "<用户>",
)  # fmt: skip
INSIDE = (
    "<think>", "</think>", "<tool_call>", '<tool_call>{"name": ', "<parameter=a>", "<arg_key>a</arg_key><arg_value>",
    "<tool_response>\n", "<|tool_response>", "# Tools\n\nYou may call one or more functions", "<tools>\n",
    "[TOOL_CALLS][",
    "\n", "</s> ", "{", '{"a":', "<functioncall>",
)  # fmt: skip
HEADS = (
    "<|im_start|>assistant\n",
    "<|im_start|>system\n",
    "[INST] a [/INST]",
    "<|im_start|>assistant\n<tool_call>\n<function=x>\n",
)


@pytest.mark.parametrize("text", [*REPEATED, *(head + inner for head in HEADS for inner in INSIDE)])
def test_the_reader_is_never_busy_for_long(text: str) -> None:
    """200,000 characters take a processor about a second; four times a shorter text, not sixteen times."""
    head, unit = (
        ("", text) if text in REPEATED else next((h, text[len(h) :]) for h in reversed(HEADS) if text.startswith(h))
    )

    def read(length: int) -> Callable[[], None]:
        made = (head + unit * (length // len(unit) + 1))[:length]

        def work() -> None:
            with contextlib.suppress(ChatError):
                parse(made)

        return work

    with no_collections():
        assert within(1.5, read(LONG)) or at_most(8, read(SHORT), read(LONG))
