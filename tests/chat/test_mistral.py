"""Mistral's tokenizers through our template give the ids mistral-common itself gives."""

import pytest
from mistral_common.protocol.instruct.messages import AssistantMessage, SystemMessage, ToolMessage, UserMessage
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.tool_calls import FunctionCall, ToolCall
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

from sftviz.chat.formats import parse
from sftviz.chat.messages import Chat, Message
from sftviz.chat.rendering import render
from sftviz.chat.tokenizers.mistral import MISTRAL

TEXTS = ("Hi 👍 there", " leading  space\n\ttab", "你好，世界", "[INST] typed </s>")
THEIRS = {
    "mistral:v2": MistralTokenizer.v2(),
    "mistral:v3": MistralTokenizer.v3(),
    "mistral:tekken": MistralTokenizer.v3(is_tekken=True),
}


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize("text", TEXTS)
def test_ids_are_those_of_mistral_common(name: str, text: str) -> None:
    chat = Chat((Message("user", text), Message("assistant", "Hello!"), Message("user", "x")), "openai")
    request = ChatCompletionRequest(
        messages=[UserMessage(content=text), AssistantMessage(content="Hello!"), UserMessage(content="x")]
    )
    assert render(chat, name, "mistral").ids == THEIRS[name].encode_chat_completion(request).tokens


@pytest.mark.parametrize("text", TEXTS)
def test_v1s_markers_are_ordinary_text_and_each_side_of_them_is_cut_on_its_own(text: str) -> None:
    chat = Chat((Message("user", text), Message("assistant", text), Message("user", "x")), "openai")
    request = ChatCompletionRequest(
        messages=[UserMessage(content=text), AssistantMessage(content=text), UserMessage(content="x")]
    )
    assert render(chat, "mistral:v1").ids == MistralTokenizer.v1().encode_chat_completion(request).tokens


CALLED = [
    {"role": "user", "content": "W?"},
    {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1, "b": "é"}}}]},
    {"role": "tool", "name": "f", "content": "four"},
    {"role": "assistant", "content": "Four."},
]


@pytest.mark.parametrize("again", [False, True], ids=["the last question's call", "a call before the last question"])
def test_v2s_calls_and_results_are_those_of_mistral_common(again: bool) -> None:
    call = ToolCall(id="null", function=FunctionCall(name="f", arguments='{"a": 1, "b": "é"}'))
    theirs = [
        UserMessage(content="W?"),
        AssistantMessage(content="", tool_calls=[call]),
        ToolMessage(content="four", name="f"),
        AssistantMessage(content="Four."),
    ]
    ours = [*CALLED, CALLED[0]] if again else CALLED[:3]
    request = ChatCompletionRequest(messages=[*theirs, theirs[0]] if again else theirs[:3])
    assert render(parse(ours), "mistral:v2").ids == MistralTokenizer.v2().encode_chat_completion(request).tokens


def test_a_system_prompt_has_its_own_control_tokens_from_v7_on() -> None:
    chat = Chat((Message("system", "Be brief."), Message("user", "x")), "openai")
    request = ChatCompletionRequest(messages=[SystemMessage(content="Be brief."), UserMessage(content="x")])
    assert render(chat, "mistral:v7", "mistral").ids == MistralTokenizer.v7().encode_chat_completion(request).tokens


@pytest.mark.parametrize("name", MISTRAL)
@pytest.mark.parametrize("text", TEXTS)
def test_tokens_tile_the_text(name: str, text: str) -> None:
    rendering = render(Chat((Message("user", text), Message("assistant", text)), "openai"), name, "mistral")
    assert "".join(token.text for token in rendering.tokens) == rendering.text
    assert not any(token.is_forged for token in rendering.tokens)
