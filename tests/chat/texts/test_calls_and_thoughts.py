"""Tools, calls, results and thoughts that stand inside training text."""

import pytest

from sftviz.chat.formats import parse
from sftviz.chat.messages import Chat

OSLO = {"city": "Oslo"}
CALL = '{"name": "w", "arguments": {"city": "Oslo"}}'
TOOL = '{"type": "function", "function": {"name": "w", "parameters": {}}}'


def quoted(chat: Chat, field: str) -> list[str]:
    """The characters of the text that quote a field, span by span."""
    assert chat.written is not None
    return [chat.written.text[span.start : span.end] for span in chat.written.spans if span.field == field]


def chatml(reply: str) -> str:
    return f"<|im_start|>assistant\n{reply}<|im_end|>\n"


# how each family writes the call w(city="Oslo")
CALLS = {
    "qwen": chatml(f"<tool_call>\n{CALL}\n</tool_call>"),
    "qwen coder": chatml("<tool_call>\n<function=w>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</tool_call>"),
    "glm": "[gMASK]<sop><|assistant|>\n<tool_call>w\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>"
    "<|observation|>",
    "lfm": chatml("<|tool_call_start|>[w(city='Oslo')]<|tool_call_end|>"),
    "mistral v3": f"[INST]W?[/INST][TOOL_CALLS][{CALL}]</s>",
    "mistral v11": '[INST]W?[/INST][TOOL_CALLS]w[ARGS]{"city": "Oslo"}</s>',
    "llama 3": '<|start_header_id|>assistant<|end_header_id|>\n\n{"name": "w", "parameters": '
    '{"city": "Oslo"}}<|eot_id|>',
    "llama 3, python tag": f"<|start_header_id|>assistant<|end_header_id|>\n\n<|python_tag|>{CALL}<|eom_id|>",
    "llama 3.1, function": "<|start_header_id|>assistant<|end_header_id|>\n\n<function=w>"
    '{"city": "Oslo"}</function><|eot_id|>',
    "deepseek v3": "<｜User｜>W?<｜Assistant｜><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function"
    "<｜tool▁sep｜>w\n```json\n"
    '{"city": "Oslo"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>',
    "deepseek v3.1": "<｜User｜>W?<｜Assistant｜><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>w<｜tool▁sep｜>"
    '{"city": "Oslo"}<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>',
    "gpt-oss": "<|start|>assistant<|channel|>commentary to=functions.w <|constrain|>json<|message|>"
    '{"city": "Oslo"}<|call|>',
    "gpt-oss, recipient first": "<|start|>assistant to=functions.w<|channel|>commentary json<|message|>"
    '{"city": "Oslo"}<|call|>',
    "cohere": "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|><|START_ACTION|>[\n"
    '{"tool_call_id": "0", "tool_name": "w", "parameters": {"city": "Oslo"}}\n]<|END_ACTION|><|END_OF_TURN_TOKEN|>',
    "gemma 4": '<|turn>model\n<|tool_call>call:w{city:<|"|>Oslo<|"|>}<tool_call|><turn|>\n',
    "granite": f"<|start_of_role|>assistant<|end_of_role|><|tool_call|>[{CALL}]<|end_of_text|>",
    "kimi": "<|im_assistant|>assistant<|im_middle|><|tool_calls_section_begin|><|tool_call_begin|>functions.w:0"
    '<|tool_call_argument_begin|>{"city": "Oslo"}<|tool_call_end|><|tool_calls_section_end|><|im_end|>',
    "glaive": 'USER: W?\n\n\nASSISTANT: <functioncall> {"name": "w", "arguments": \'{"city": "Oslo"}\'} <|endoftext|>',
    "cut within": f"<|im_start|>assistant\n<tool_call>\n{CALL}",
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_read_as_its_family_writes_it(name: str) -> None:
    [message] = [m for m in parse(CALLS[name]).messages if m.role == "assistant"]
    assert [(call.name, call.arguments) for call in message.tool_calls] == [("w", OSLO)]
    assert message.content == ""


def test_a_calls_name_and_arguments_are_quoted_and_its_marks_are_not() -> None:
    chat = parse(CALLS["qwen"])
    assert quoted(chat, "tool_calls.0.name") == ["w"]
    assert quoted(chat, "tool_calls.0.arguments") == ['{"city": "Oslo"}']
    assert [q for q in quoted(chat, "") if "tool_call" in q] == ['<tool_call>\n{"name": "', "}\n</tool_call>"]


def test_parallel_calls_and_the_words_before_them() -> None:
    [message] = parse(chatml(f"I look.\n<tool_call>\n{CALL}\n</tool_call>\n<tool_call>\n{CALL}\n</tool_call>")).messages
    assert (message.content, [call.name for call in message.tool_calls]) == ("I look.", ["w", "w"])


@pytest.mark.parametrize(
    "reply", ['{"name": "Ann", "age": 3}', "Use the <tool_call> tag.", '{"name": "Ann"}', "[1, 2]"]
)
def test_an_answer_that_is_no_call_stays_the_answer(reply: str) -> None:
    [message] = parse(chatml(reply)).messages
    assert (message.content, message.tool_calls) == (reply, ())


RESULTS = {
    "qwen": "<|im_start|>user\n<tool_response>\n4\n</tool_response>\n<tool_response>\n5\n</tool_response><|im_end|>\n",
    "chatml tool": "<|im_start|>tool\n4<|im_end|>\n<|im_start|>tool\n5<|im_end|>\n",
    "mistral": "[INST]W?[/INST][TOOL_RESULTS]4[/TOOL_RESULTS][TOOL_RESULTS]5[/TOOL_RESULTS]",
    "llama": "<|start_header_id|>ipython<|end_header_id|>\n\n4<|eot_id|><|start_header_id|>tool"
    "<|end_header_id|>\n\n5<|eot_id|>",
    "deepseek": "<｜User｜>W?<｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>4<｜tool▁output▁end｜>"
    "<｜tool▁output▁begin｜>5"
    "<｜tool▁output▁end｜><｜tool▁outputs▁end｜>",
    "glaive": "USER: W?\n\n\nFUNCTION RESPONSE: 4\n\n\nFUNCTION RESPONSE: 5\n\n\nASSISTANT: Nine. <|endoftext|>",
    "gpt-oss": "<|start|>functions.w to=assistant<|channel|>commentary<|message|>4<|end|>"
    "<|start|>functions.w to=assistant<|channel|>commentary<|message|>5<|end|>",
    "gemma 4": '<|turn>model\n<|tool_response>response:w{value:<|"|>4<|"|>}<tool_response|>'
    '<|tool_response>response:w{value:<|"|>5<|"|>}<tool_response|>Nine.<turn|>\n',
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_the_tools_turns_whoevers_header_they_stand_under(name: str) -> None:
    chat = parse(RESULTS[name])
    results = [(i, m.content) for i, m in enumerate(chat.messages) if m.role == "tool"]
    assert [content for _, content in results] == ["4", "5"]
    assert chat.written is not None
    for turn, content in results:
        [span] = [s for s in chat.written.spans if s.source == turn and s.field == "content"]
        assert (chat.written.text[span.start : span.end], span.role, span.part) == (content, "tool", "tool_result")


def test_a_user_who_writes_of_tool_responses_is_still_the_user() -> None:
    [message] = parse("<|im_start|>user\nWhat is <tool_response>4</tool_response>?<|im_end|>\n").messages
    assert message.role == "user"


TOOLS = {
    "qwen": "<|im_start|>system\nBe brief.\n\n# Tools\n\nYou may call one or more functions to assist with "
    "the user query.\n\n"
    f"You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n{TOOL}\n"
    f"</tools>\n\nFor each "
    "function call, return a json object within <tool_call></tool_call> XML tags:\n<tool_call>\n{}\n"
    "</tool_call><|im_end|>\n",
    "ours": f"<|im_start|>system\nBe brief.\n\nYou may call these tools:\n<tools>\n{TOOL}\n</tools><|im_end|>\n",
    "lfm": f"<|im_start|>system\nBe brief.\nList of tools: <|tool_list_start|>[{TOOL}]<|tool_list_end|><|im_end|>\n",
}


@pytest.mark.parametrize("name", TOOLS)
def test_a_list_of_tools_is_told_from_the_system_message(name: str) -> None:
    chat = parse(TOOLS[name] + "<|im_start|>user\nHi<|im_end|>\n")
    assert [tool["function"]["name"] for tool in chat.tools] == ["w"]
    assert [(m.role, m.content) for m in chat.messages] == [("system", "Be brief."), ("user", "Hi")]
    assert quoted(chat, "tools.0") == [TOOL]


def test_tools_alone_are_no_system_message() -> None:
    chat = parse(TOOLS["ours"].replace("Be brief.\n\n", "") + "<|im_start|>user\nHi<|im_end|>\n")
    assert [m.role for m in chat.messages] == ["user"]
    assert len(chat.tools) == 1


# reply -> (thought, words, empty think block)
THOUGHTS = {
    "<think>\nhm\n</think>\n\nyes": ("hm", "yes", ""),
    "hm\n</think>\n\nyes": ("hm", "yes", ""),
    "<think>\nhm": ("hm", "", ""),
    "<think>\n\n</think>\n\nyes": ("", "yes", "<think>\n\n</think>\n\n"),
    "</think>yes": ("", "yes", "</think>"),
    "<think></think>\n<think>hm</think>yes": ("hm", "yes", "<think></think>\n"),
    "yes <think>hm</think>": ("", "yes <think>hm</think>", ""),
}


@pytest.mark.parametrize("reply", THOUGHTS)
def test_a_thought_is_told_from_the_words(reply: str) -> None:
    thought, words, empty = THOUGHTS[reply]
    chat = parse(chatml(reply))
    [message] = chat.messages
    assert (message.reasoning, message.content) == (thought, words)
    assert chat.written is not None
    found = [chat.written.text[s.start : s.end] for s in chat.written.spans if s.part == "empty_reasoning"]
    assert "".join(found) == empty
    assert message.inline in (reply, None)


def test_the_blocks_of_one_harmony_answer_are_one_message() -> None:
    text = (
        "<|start|>user<|message|>W?<|end|><|start|>assistant<|channel|>analysis<|message|>Call.<|end|>"
        '<|start|>assistant<|channel|>commentary to=functions.w <|constrain|>json<|message|>{"city": "Oslo"}<|call|>'
        "<|start|>functions.w to=assistant<|channel|>commentary<|message|>4<|end|>"
        "<|start|>assistant<|channel|>analysis<|message|>So 4.<|end|>"
        "<|start|>assistant<|channel|>final<|message|>4 degrees<|return|>"
    )
    found = [(m.role, m.reasoning, len(m.tool_calls), m.content) for m in parse(text).messages]
    assert found == [
        ("user", "", 0, "W?"), ("assistant", "Call.", 1, ""), ("tool", "", 0, "4"),
        ("assistant", "So 4.", 0, "4 degrees"),
    ]  # fmt: skip
