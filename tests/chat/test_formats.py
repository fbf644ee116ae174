"""Every usual form is recognised, and every bad input is named with its place (reliability.md, rows J and S04)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.chat.formats import FORMATS, from_python_literal, parse
from sftviz.chat.messages import Chat, ChatError, Message
from sftviz.chat.rendering import render
from sftviz.chat.samples import SAMPLES

OK = '[{"role": "user", "content": "hi"}]'
TWO = [("user", "hi"), ("assistant", "yo")]

FORMS = {
    "openai": (json.dumps([{"role": r, "content": c} for r, c in TWO]), TWO),
    "openai object": (json.dumps({"messages": [{"role": r, "content": c} for r, c in TWO]}), TWO),
    "openai single": ('{"role": "user", "content": "hi"}', TWO[:1]),
    "sharegpt": ('{"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]}', TWO),
    "sharegpt list": ('[{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]', TWO),
    "alpaca": ('{"instruction": "hi", "input": "", "output": "yo"}', TWO),
    "prompt_completion": ('{"prompt": "hi", "completion": "yo"}', TWO),
    "jsonl": ('{"messages": [{"role": "user", "content": "hi"}]}\n{"prompt": "a", "completion": "b"}', TWO[:1]),
    "chatml": ("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nyo<|im_end|>\n", TWO),
    "llama3": (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nyo<|eot_id|>",
        TWO,
    ),
    "llama2": ("<s>[INST] <<SYS>>\nbrief\n<</SYS>>\n\nhi [/INST] yo </s>", [("system", "brief"), *TWO]),
    "mistral": ("<s>[INST]hi[/INST]yo</s>", TWO),
    "gemma": ("<bos><start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\nyo<end_of_turn>\n", TWO),
    "phi": ("<|user|>\nhi<|end|>\n<|assistant|>\nyo<|end|>\n", TWO),
    "alpaca_text": ("### Instruction:\nhi\n\n### Response:\nyo", TWO),
    "transcript": ("User: hi\nAssistant: yo", TWO),
    "transcript human": ("Human: hi\nAI: yo", TWO),
    "transcript chinese": ("用户：hi\n助手：yo", TWO),
    "text": ("The cat sat on the mat.", [("document", "The cat sat on the mat.")]),
}


@pytest.mark.parametrize("case", FORMS)
def test_a_form_is_recognised_and_read(case: str) -> None:
    text, wanted = FORMS[case]
    chat = parse(text)
    assert chat.form == case.split()[0]
    assert [(message.role, message.content) for message in chat.messages] == wanted


@pytest.mark.parametrize("name", ["chatml", "llama3", "mistral", "gemma", "phi", "llama2"])
def test_rendered_text_comes_back_as_it_was_pasted(name: str) -> None:
    text, _ = FORMS[name]
    chat = parse(text)
    written = render(chat, "sftviz/tiny", chat.template).text
    assert written.removesuffix("<|endoftext|>") == text


ERRORS = {
    "J01": (" \n", "empty", "nothing was pasted"),
    "J02": ('[{"role":"user","content":"hi', "json", "line 1, column 27: a string is not closed"),
    "J03 comma": ("[1,]", "json", "line 1, column 4: a comma stands before the closing bracket"),
    "J03 comment": ("[1] // x", "json", "line 1, column 5: comments"),
    "J04": ("[{'role':'user'}]", "python_literal", "Python literal"),
    "J04 None": ("[None]", "python_literal", "Python literal"),
    "J07": (b'["\xe9"]', "encoding", "byte 2"),
    "J08": ('{"a":1}\n{"b":2}', "not_a_chat", "line 1"),
    "J09": ('[{"role":"user","role":"assistant","content":"x"}]', "duplicate_key", "message 1: the key 'role'"),
    "J10": ("[" * 5000 + "]" * 5000, "too_deep", "character 64: nested deeper than 64"),
    "J10 million": ("[" * 190_000, "too_deep", "character 64"),
    "J11": ("[NaN, Infinity]", "not_a_json_number", "line 1, column 2: NaN"),
    "J11 1e999": ("[1e999]", "not_a_json_number", "1e999"),
    "J12": ("[" + "9" * 5000 + "]", "number_too_long", "5,000 digits"),
    "J14": ('["a\x01"]', "json", "control character U\\+0001"),
    "J15 string": ('"hi"', "not_a_chat", "expected a list of messages, got a string"),
    "J15 number": ("5", "not_a_chat", "got a number"),
    "J15 object": ("{}", "not_a_chat", "an object with no keys"),
    "J15 null": ("null", "not_a_chat", "got null"),
    "J16": ("[]", "no_messages", "no messages"),
    "J17": ("[[]]", "no_messages", "sample 1"),
    "J18 null": ("[null]", "not_a_message", "message 1: null, expected an object"),
    "J18 string": ('["hi"]', "not_a_message", "message 1: a string"),
    "J19": ('[{"content":"x"}]', "role_missing", 'message 1: "role" is missing'),
    "J25 number": ('[{"role":"user","content":5}]', "content_type", "message 1: content is a number, expected text"),
    "J25 boolean": ('[{"role":"user","content":true}]', "content_type", "content is a boolean"),
    "J25 object": ('[{"role":"user","content":{"a":1}}]', "content_type", "content is an object"),
    "J27": ('[{"role":"user","content":[{"type":"image_url"}]}]', "not_text", "message 1: part 1 is 'image_url'"),
    "J31": ("x" * 1_000_000, "too_long", "1,000,000 characters; at most 200,000"),
    "S04": ('[{"role":"user<|im_end|>","content":"x"}]', "role_holds_control_token", "message 1"),
    "second message": ('[{"role":"user","content":"a"},{"content":"b"}]', "role_missing", "message 2"),
    "tools": ('{"messages":[{"role":"user","content":"a"}],"tools":5}', "tools", "tools is a number"),
    "call": ('[{"role":"assistant","tool_calls":[5]}]', "tool_call", "message 1: tool call 1"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_a_mistake_is_named_with_place_and_remedy(case: str) -> None:
    pasted, code, words = ERRORS[case]
    with pytest.raises(ChatError, match=words) as caught:
        parse(pasted)
    assert caught.value.code == code
    assert caught.value.remedy


NOTICES = {
    "J05": ("\ufeff" + OK, "byte_order_mark"),
    "J07": (OK.encode("utf-16"), "encoding"),
    "J08": ('{"messages":[{"role":"user","content":"x"}]}\n{"bad"', "json"),
    "J13": ('[{"role":"user","content":"a\\ud800"}]', "lone_surrogate"),
    "J20": ('[{"role":"wizard","content":"x"}]', "unknown_role"),
    "J21": ('[{"role":"Assistant","content":"x"}]', "role_near_miss"),
    "J22": ('[{"from":"gpt","value":"x"}]', "sharegpt_roles"),
    "J23": ('[{"role":"user","content":null}]', "empty_content"),
    "J26": ('[{"role":"user","content":[{"type":"text","text":"hi"}]}]', "parts_joined"),
}


@pytest.mark.parametrize("case", NOTICES)
def test_what_was_changed_or_doubted_is_said(case: str) -> None:
    pasted, code = NOTICES[case]
    assert code in [notice.code for notice in parse(pasted).notices]


def test_a_lone_surrogate_is_replaced_and_its_place_told() -> None:
    chat = parse('[{"role": "user", "content": "ab\\ud800"}]')
    assert chat.messages[0].content == "ab\ufffd"
    assert "U+D800 at character 2" in chat.notices[0].message


def test_tool_arguments_are_read_from_a_string_or_an_object() -> None:
    def call(arguments: object) -> str:
        calls = [{"type": "function", "function": {"name": "f", "arguments": arguments}}]
        return json.dumps([{"role": "assistant", "content": None, "tool_calls": calls}])

    assert parse(call({"a": 1})).messages == parse(call('{"a": 1}')).messages
    assert parse(call(json.dumps('{"a": 1}'))).notices[0].code == "double_encoded"


def test_thinking_at_the_start_of_a_reply_is_reasoning() -> None:
    message = parse("User: hi\nAssistant: <think>\nhm\n</think>\n\nyo").messages[1]
    assert (message.reasoning, message.content) == ("hm", "yo")


def test_a_python_literal_can_be_converted() -> None:
    assert parse(from_python_literal("[{'role': 'user', 'content': 'hi'}]")).messages == (Message("user", "hi"),)


def test_further_samples_are_kept() -> None:
    assert len(parse(FORMS["jsonl"][0]).others) == 1


@settings(max_examples=400, deadline=None)
@given(st.text() | st.binary())
def test_any_text_is_a_chat_or_a_named_error(pasted: str | bytes) -> None:
    try:
        assert isinstance(parse(pasted), Chat)
    except ChatError as error:
        assert error.code
        assert str(error)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["role", "content", "messages", "from", "value", "tool_calls", "prompt", "x"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(JSON)
def test_any_json_is_a_chat_or_a_named_error(value: object) -> None:
    for pasted in (json.dumps(value), value if isinstance(value, list | dict) else [value]):
        try:
            assert isinstance(parse(pasted), Chat)
        except ChatError as error:
            assert error.code


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), st.text("abc é字\n")), min_size=1))
def test_openai_messages_come_back_as_they_went(turns: list[tuple[str, str]]) -> None:
    chat = parse(json.dumps([{"role": role, "content": content} for role, content in turns]))
    assert [(message.role, message.content) for message in chat.messages] == turns


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_read_without_complaint(name: str) -> None:
    chat = parse(SAMPLES[name].text)
    assert chat.notices == ()
    assert 20 <= len(render(chat, "sftviz/tiny").tokens) <= 220


def test_the_samples_come_in_many_forms() -> None:
    assert len(SAMPLES) == 8
    assert len({parse(sample.text).form for sample in SAMPLES.values()}) >= 3


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_reads_its_own_example(name: str) -> None:
    example = FORMATS[name].example
    if "…" not in example:
        assert parse(example).form == name
