"""Every usual form is recognised, and every bad input is named with its place (reliability.md, rows J and S04)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.chat.formats import FORMATS, LONGEST_CHAT, from_python_literal, parse
from sftviz.chat.messages import Chat, ChatError, Message, ToolCall
from sftviz.chat.rendering import render
from tests.chat.chats import any_chat
from tests.growth import within
from tests.reliability.pastes import OK

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


# Each would take minutes with a reader that goes back over what it has read
SLOW = {
    "unclosed thought": json.dumps([{"role": "assistant", "content": "<think>" + "\n" * 90_000}]),
    "instructions without end": "<s>" + "[INST]" * 33_000,
    "system prompts without end": "[INST]a[/INST]" + "[SYSTEM_PROMPT]" * 13_000,
    "headers": "<|im_start|>user\n" * 11_000,
    "header starts": "<|im_start|>" * 16_000 + "<|im_start|>a\n",
    "llama headers": "<|start_header_id|>" * 10_000 + "<|start_header_id|>a<|end_header_id|>\n\n",
    "blank lines": "User: a" + "\n" * 190_000,
    "stars": "*" * 190_000 + "User: a",
    "quotes": '"' * 199_999,
    "backslashes": '["' + "\\" * 199_990,
    "minus signs": "[" + "-" * 190_000,
    "parentheses": "[" + "(" * 190_000,
    "bad lines": OK + "\n{}" * 30_000,
    "surrogates": "\ud800" * 199_999,
    "end tokens": "<|im_start|>user\n" + "<s>   " * 33_000,
}


@pytest.mark.parametrize("name", SLOW)
def test_no_text_keeps_the_reader_busy(name: str) -> None:
    assert len(SLOW[name]) <= LONGEST_CHAT

    def read() -> None:
        try:
            assert len(parse(SLOW[name]).notices) <= 30
        except ChatError as error:
            assert len(str(error)) < 1000

    assert within(3, read)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([[[{"role": "user", "content": "x"}]]], "not_a_message"),
        ([{"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"x": float("nan")}}]}], "tool_arguments"),
        ([{"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"x": b"a"}}]}], "tool_arguments"),
        ([{"role": "assistant", "tool_calls": [5]}], "tool_call"),
        ({"messages": [{"role": "user", "content": "a"}], "tools": 5}, "tools"),
        ({"messages": [{"role": "user", "content": "a"}], "tools": [5]}, "tool"),
        ({"prompt": "a", "completion": []}, "prompt_completion"),
        ({"instruction": "a", "input": 5}, "text_expected"),
        ({"conversations": []}, "no_messages"),
    ],
)
def test_a_wrong_value_is_named(value: object, code: str) -> None:
    with pytest.raises(ChatError) as caught:
        parse(value)  # pyright: ignore[reportArgumentType]
    assert caught.value.code == code
    assert caught.value.remedy


def test_a_list_that_holds_itself_is_too_deep() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ChatError, match="nested deeper than 64"):
        parse(endless)


def test_a_tuple_of_messages_is_a_list_of_messages() -> None:
    assert parse(({"role": "user", "content": "hi"},)).messages == (Message("user", "hi"),)


def test_text_outside_every_turn_is_told_not_lost_in_silence() -> None:
    chat = parse("Read this:\n<|im_start|>user\nhi<|im_end|>\n")
    assert [(notice.code, notice.message[:13]) for notice in chat.notices] == [("text_outside_turns", "10 characters")]


def test_a_transcript_may_speak_of_a_templates_marks() -> None:
    chat = parse("User: what is <|im_start|>user\nfor?\nAssistant: a header")
    assert (chat.form, len(chat.messages)) == ("transcript", 2)


@pytest.mark.parametrize(
    "text",
    ["[Chapter 1] It was night.", "[a list", '"Hello," he said.', "2024-01-01", "Model: T-800\nPrice: 3", "uſer: x"],
)
def test_text_with_no_marks_is_one_document(text: str) -> None:
    assert parse(text).messages == (Message("document", text),)


@pytest.mark.parametrize("text", ["[{a list", "{an object", "NaN", "-1.5e3", '"hi"', "true", " null\n"])
def test_what_begins_like_json_or_is_a_json_scalar_is_never_a_document(text: str) -> None:
    with pytest.raises(ChatError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "template", "completion_start"),
    [
        ('{"prompt": "a", "completion": "b"}', "plain", 1),
        ('{"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "user", "content": "b"}]}', None, 1),
        ('{"system": "s", "instruction": "a", "output": "b"}', "alpaca", 2),
        ("The cat.", "plain", None),
        ("User: a", None, None),
        ("<|user|>\na<|end|>\n", "phi3", None),
        ("<s>[INST]a[/INST]b</s>", "mistral", None),
        ("<s>[INST]<<SYS>>\ns\n<</SYS>>\n\na[/INST]b</s>", "llama2", None),
        ("[SYSTEM_PROMPT] s[/SYSTEM_PROMPT][INST] a[/INST] b</s>", "mistral", None),
        ("### Instruction:\na\n\n### Response:\nb", "alpaca", None),
    ],
)
def test_the_form_tells_template_and_completion(text: str, template: str | None, completion_start: int | None) -> None:
    chat = parse(text)
    assert (chat.template, chat.completion_start) == (template, completion_start)


def test_the_first_samples_mistake_is_the_error_and_the_others_are_notices() -> None:
    good, bad = '{"messages": [{"role": "user", "content": "a"}]}', '{"messages": []}'
    chat = parse(f"{good}\n{bad}\n{good}")
    told = [(notice.code, str(notice.where)) for notice in chat.notices]
    assert told == [("further_samples", "None"), ("bad_sample", "line 2")]
    assert len(chat.others) == 2
    with pytest.raises(ChatError, match="line 1: the list holds no messages"):
        parse(f"{bad}\n{good}")
    assert str(parse([json.loads(good), json.loads(bad)]).notices[1].where) == "sample 2"


def test_a_line_separator_inside_a_string_ends_no_line() -> None:
    sample = '{"messages": [{"role": "user", "content": "a\u2028b"}]}'
    chat = parse(f"{sample}\n{sample}")
    assert (chat.messages[0].content, len(chat.others)) == ("a\u2028b", 1)


def test_many_bad_lines_give_few_notices() -> None:
    notices = parse(OK + "\n{}" * 100).notices
    assert [notice.code for notice in notices].count("bad_sample") == 20
    assert notices[-1].message == "80 further samples were not tried"


def test_a_lone_surrogate_is_replaced_and_its_place_told() -> None:
    chat = parse('[{"role": "user", "content": "ab\\ud800"}]')
    assert chat.messages[0].content == "ab\ufffd"
    assert "U+D800 at character 2" in chat.notices[0].message


def test_a_surrogate_in_a_role_is_replaced_in_the_spans_too() -> None:
    chat = parse("<|im_start|>us\ud800er\nhi<|im_end|>\n")
    assert chat.written is not None
    assert {span.role for span in chat.written.spans} == {"us\ufffder"}
    assert "us\ufffder" in chat.written.text


def test_tool_arguments_are_read_from_a_string_or_an_object() -> None:
    def call(arguments: object) -> str:
        calls = [{"type": "function", "function": {"name": "f", "arguments": arguments}}]
        return json.dumps([{"role": "assistant", "content": None, "tool_calls": calls}])

    assert parse(call({"a": 1})).messages == parse(call('{"a": 1}')).messages
    assert parse(call(json.dumps('{"a": 1}'))).messages == parse(call({"a": 1})).messages
    assert parse(call("f(1)")).messages[0].tool_calls[0].arguments == "f(1)"


def test_a_call_may_be_bare_or_of_the_old_kind() -> None:
    bare = {"name": "f", "arguments": {"a": 1}}
    for more in ({"tool_calls": [bare]}, {"function_call": bare}):
        assert parse([{"role": "assistant", **more}]).messages[0].tool_calls == (ToolCall("f", {"a": 1}),)


def test_thinking_at_the_start_of_a_reply_is_reasoning() -> None:
    message = parse("User: hi\nAssistant: <think>\nhm\n</think>\n\nyo").messages[1]
    assert (message.reasoning, message.content) == ("hm", "yo")


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "thinking"])
def test_reasoning_is_read_under_each_of_its_names(key: str) -> None:
    assert parse([{"role": "assistant", "content": "yo", key: "hm"}]).messages == (Message("assistant", "yo", "hm"),)


@pytest.mark.parametrize("content", ["<think>never closed", "<think>\n\n</think>\n\nyo", "yo <think>hm</think>"])
def test_tags_that_hold_no_reasoning_stay_text(content: str) -> None:
    assert parse([{"role": "assistant", "content": content}]).messages == (Message("assistant", content),)


def test_a_python_literal_can_be_converted() -> None:
    assert parse(from_python_literal("[{'role': 'user', 'content': 'hi'}]")).messages == (Message("user", "hi"),)


@pytest.mark.parametrize("text", ["f()", "{1, 2}", "1e999", "[" * 90_000, "-" * 190_000 + "1", "0x" + "f" * 5000])
def test_what_json_cannot_hold_is_not_converted(text: str) -> None:
    with pytest.raises(ChatError, match="neither JSON nor a Python literal"):
        from_python_literal(text)


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


MARKS = (
    *("<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|user|>", "<|end|>"),
    *(
        "[INST]",
        "[/INST]",
        "<<SYS>>",
        "<</SYS>>",
        "</s>",
        "###",
        "<think>",
        "</think>",
        "User:",
        "Assistant：",
        "[User]:",
    ),
    *("[", "]", "{", "}", '"', ",", ":", "'", "None", "NaN", "1e999", "//", "\\", "用户："),
    *("\n", "\r\n", "\n\n", " ", "a", "\ud800", "\ufeff"),
)
PIECES = [*MARKS, *(form.example for form in FORMATS.values())]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=15).map("".join))
def test_any_mixture_of_marks_is_a_chat_or_a_named_error(text: str) -> None:
    try:
        chat = parse(text)
    except ChatError as error:
        assert error.remedy
    else:
        assert chat.messages
        assert chat.form in FORMATS
        json.dumps([chat.to_dicts(), [notice.message for notice in chat.notices]], ensure_ascii=False).encode()


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


TURNS = st.lists(st.tuples(st.sampled_from(["human", "gpt", "system", "observation"]), st.text()), min_size=1)
SHAREGPT = {"human": "user", "gpt": "assistant", "system": "system", "observation": "tool"}


@settings(max_examples=200, deadline=None)
@given(TURNS)
def test_sharegpt_turns_come_back_under_the_usual_names(turns: list[tuple[str, str]]) -> None:
    text = json.dumps({"conversations": [{"from": speaker, "value": said} for speaker, said in turns]})
    back = {role: speaker for speaker, role in SHAREGPT.items()}
    assert [(back[message.role], message.content) for message in parse(text).messages] == turns


def test_a_sharegpt_call_is_a_tool_call() -> None:
    turn = {"from": "function_call", "value": '{"name": "lookup", "arguments": {"word": "thumb"}}'}
    assert parse([turn]).messages == (Message("assistant", tool_calls=(ToolCall("lookup", {"word": "thumb"}),)),)


@settings(max_examples=200, deadline=None)
@given(any_chat())
def test_a_chats_dicts_are_read_as_the_same_chat(chat: Chat) -> None:
    assert parse(json.dumps(chat.to_dicts())).messages == chat.messages
    assert parse(chat.to_dicts()).messages == chat.messages


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_reads_its_own_example(name: str) -> None:
    example = FORMATS[name].example
    if "…" not in example:
        assert parse(example).form == name
    assert FORMATS[name].title
    assert FORMATS[name].meaning.endswith(".")
