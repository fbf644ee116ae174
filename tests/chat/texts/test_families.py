"""Training text of every family: who says what, and which characters are whose."""

import pytest

from sftviz.chat.formats import parse
from sftviz.chat.messages import Chat
from sftviz.chat.read.texts import TEXT_FORMATS
from tests.chat.texts.families import FAMILIES


def pieces(chat: Chat) -> list[tuple[int | None, str, str]]:
    """(turn, part, characters) of a text's spans."""
    assert chat.written is not None
    return [(span.turn, span.part, chat.written.text[span.start : span.end]) for span in chat.written.spans]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_familys_text_is_told_by_its_marks_and_kept_as_it_stands(name: str) -> None:
    form, template, text, wanted = FAMILIES[name]
    chat = parse(text)
    assert (chat.form, chat.template) == (form, template)
    assert [(message.role, message.content) for message in chat.messages] == wanted
    assert chat.written is not None
    assert chat.written.text == text
    assert "text_outside_turns" not in [notice.code for notice in chat.notices]


@pytest.mark.parametrize("row", [row for row in TEXT_FORMATS.values() if row.name not in ("text", "transcript")])
def test_every_form_of_training_text_has_an_example_here(row: object) -> None:
    assert row.name in {form for form, *_ in FAMILIES.values()} | {"glaive"}


def test_two_beginnings_and_a_document_end_are_gaps_and_the_end_tokens_are_ends() -> None:
    text = "<s><s>[INST]Hi[/INST]Hello</s>"
    assert pieces(parse(text)) == [
        (None, "gap", "<s><s>"), (0, "header", "[INST]"), (0, "content", "Hi"), (0, "end", "[/INST]"),
        (1, "content", "Hello"), (1, "end", "</s>"),
    ]  # fmt: skip


def test_the_line_behind_an_end_token_is_a_part_of_its_own() -> None:
    text = "<|im_start|>assistant\nHello<|im_end|>\n<|endoftext|>"
    assert pieces(parse(text)) == [
        (0, "header", "<|im_start|>assistant\n"), (0, "content", "Hello"), (0, "end", "<|im_end|>"),
        (0, "after_end", "\n"), (None, "gap", "<|endoftext|>"),
    ]  # fmt: skip


def test_an_end_token_written_twice_is_twice_the_end() -> None:
    assert pieces(parse("<|im_start|>assistant\nA<|im_end|><|im_end|>"))[-1] == (0, "end", "<|im_end|><|im_end|>")


def test_llama_2s_padding_is_written_by_the_assistant_but_is_not_its_content() -> None:
    text = "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nHi [/INST] Hello </s>"
    chat = parse(text)
    assert pieces(chat)[-3:] == [(2, "content", "Hello"), (2, "content", " "), (2, "end", "</s>")]
    assert (2, "content", " ") in pieces(chat)[:-2]


def test_a_header_ends_glms_answer_and_is_no_turn_at_the_texts_end() -> None:
    chat = parse("[gMASK]<sop><|user|>\nHi<|assistant|>\nHello<|user|>")
    assert pieces(chat)[-1] == (1, "end", "<|user|>")
    assert len(chat.messages) == 2


def test_alpacas_own_preamble_is_nobodys_message() -> None:
    chat = parse(FAMILIES["alpaca"][2])
    assert pieces(chat)[0][:2] == (None, "header")


OWN_WORDS = {
    "gpt-oss": (
        "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\nKnowledge "
        "cutoff: 2024-06\n"
        "Current date: 2025-01-01\n\nReasoning: low\n\n# Valid channels: analysis, commentary, final. Channel must be "
        "included for every message.<|end|><|start|>user<|message|>Hi<|end|>",
        ["user"],
    ),
    "llama 3.1": (
        "<|start_header_id|>system"
        "<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
        "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>",
        ["user"],
    ),
    "llama 3.1, with words": (
        "<|start_header_id|>system"
        "<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
        "Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>",
        ["system", "user"],
    ),
    "a persona of one's own": ("<|start|>system<|message|>You are ChatGPT.<|end|>", ["system"]),
}


@pytest.mark.parametrize("name", OWN_WORDS)
def test_what_a_template_always_writes_is_no_system_message(name: str) -> None:
    text, roles = OWN_WORDS[name]
    chat = parse(text)
    assert [message.role for message in chat.messages] == roles
    assert all("Date" not in message.content and "channels" not in message.content for message in chat.messages)


DOUBTS = {
    "cut": ("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHel", ["cut_short"]),
    "a prompt that waits": ("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", []),
    "unclosed": ("<|im_start|>user\nHi<|im_start|>assistant\nHello<|im_end|>", ["unclosed_turn"]),
    "words before": ("Read this:\n<|im_start|>user\nHi<|im_end|>", ["text_outside_turns"]),
    "words between": ("<|im_start|>user\nHi<|im_end|>so\n<|im_start|>assistant\nA<|im_end|>", ["text_outside_turns"]),
    "padding": ("<|im_start|>assistant\nA<|im_end|><|endoftext|><|endoftext|>", []),
    "tulu's questions have no end": ("<|user|>\nHi\n<|assistant|>\nHello<|endoftext|>", []),
    "a call of no JSON": ("<|im_start|>assistant\n<tool_call>\nx y\n</tool_call><|im_end|>", ["call_not_read"]),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_a_texts_faults_are_told_and_never_mended(name: str) -> None:
    text, codes = DOUBTS[name]
    chat = parse(text)
    assert [notice.code for notice in chat.notices] == codes
    assert all(notice.message for notice in chat.notices)
    assert chat.written is not None
    assert chat.written.text == text


def test_many_unclosed_turns_are_one_notice_with_their_count() -> None:
    [notice] = [n for n in parse("<|im_start|>user\na" * 500).notices if n.code == "unclosed_turn"]
    assert notice.values["count"] == 499
