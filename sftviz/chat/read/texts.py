"""The forms of text, in the order tried: TEXT_FORMATS. Plain text, one document, comes last."""

import re
from collections.abc import Callable
from typing import Any

from sftviz.chat.messages import DOCUMENT, Chat, ChatError, Message, Notice
from sftviz.chat.read import rendered_text
from sftviz.chat.read.format import Format
from sftviz.chat.read.json_messages import message_of

JSON_START = re.compile(r"\s*(?:\{|\[(?!INST\]|SYSTEM_PROMPT\]|AVAILABLE_TOOLS\]))")
JSON_SCALAR = re.compile(
    r'-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|NaN|-?Infinity|"(?:[^"\\]|\\.)*"', re.DOTALL
)


def _looks_like_json(text: str) -> bool:
    if rendered_text.is_transcript(text):  # [User]: … begins like a list
        return False
    return bool(JSON_START.match(text) or JSON_SCALAR.fullmatch(text.strip()))


def _found(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda text: bool(pattern.search(text)) and not _starts_otherwise(text)


def _starts_otherwise(text: str) -> bool:
    """JSON or a transcript may speak of a template's marks without being written in it."""
    return _looks_like_json(text) or rendered_text.is_transcript(text)


def _text_chat(read: Callable[[str], rendered_text.Turns], form: str, template: str | None) -> Callable[[str], Chat]:
    def made(text: str) -> Chat:
        notices: list[Notice] = []
        messages, left = read(text)
        raw = [message_of(message.to_dict(), i, notices) for i, message in enumerate(messages)]
        if not raw:
            raise ChatError("no_turns_in_text")
        if left:
            notices.append(Notice("text_outside_turns", None, {"count": len(left), "start": left[:40]}))
        return Chat(tuple(raw), form, template=template, notices=tuple(notices))

    return made


def _rendered(
    name: str,
    title: str,
    example: str,
    meaning: str,
    reads: Callable[[Any], bool],
    read: Callable[[str], rendered_text.Turns],
    template: str | None,
) -> Format:
    return Format(name, title, example, meaning, reads, _text_chat(read, name, template), is_text=True)


def _rows(*rows: Format) -> dict[str, Format]:
    return {row.name: row for row in rows}


def _read_document(text: str) -> Chat:
    return Chat((Message(DOCUMENT, text),), "text", template="plain")


# In the order tried
TEXT_FORMATS = _rows(
    _rendered(
        "chatml",
        "ChatML text",
        "<|im_start|>user\nHi<|im_end|>\n",
        "Text that ChatML's template has written, as Qwen and many others use it.",
        _found(rendered_text.CHATML),
        rendered_text.turns_of(rendered_text.CHATML),
        "chatml",
    ),
    _rendered(
        "llama3",
        "Llama 3 text",
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>",
        "Text that Llama 3's template has written; its ipython turns are tool results.",
        _found(rendered_text.LLAMA3),
        rendered_text.turns_of(rendered_text.LLAMA3, {"ipython": "tool"}),
        "llama3",
    ),
    _rendered(
        "mistral",
        "Mistral text",
        "<s>[INST]Hi[/INST]Hello</s>",
        "[INST] text as Mistral writes it from v3 on: no <<SYS>>, no space within the marks.",
        lambda text: rendered_text.is_mistral(text) and _found(rendered_text.INST)(text),
        rendered_text.read_inst,
        "mistral",
    ),
    _rendered(
        "llama2",
        "Llama 2 text",
        "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello </s>",
        "[INST] text with a space within the marks, the system message between <<SYS>>.",
        _found(rendered_text.INST),
        rendered_text.read_inst,
        "llama2",
    ),
    _rendered(
        "gemma",
        "Gemma text",
        "<start_of_turn>user\nHi<end_of_turn>\n",
        "Text that Gemma's template has written; it calls the assistant model.",
        _found(rendered_text.GEMMA),
        rendered_text.turns_of(rendered_text.GEMMA, {"model": "assistant"}),
        "gemma",
    ),
    _rendered(
        "phi",
        "Phi text",
        "<|user|>\nHi<|end|>\n",
        "Text that Phi 3's template has written.",
        _found(rendered_text.PHI),
        rendered_text.turns_of(rendered_text.PHI),
        "phi3",
    ),
    _rendered(
        "alpaca_text",
        "Alpaca text",
        "### Instruction:\nHi\n\n### Response:\nHello",
        "Text under ### Instruction, ### Input and ### Response; what stands before them is the system message.",
        _found(rendered_text.ALPACA),
        rendered_text.read_alpaca,
        "alpaca",
    ),
    _rendered(
        "transcript",
        "Transcript",
        "User: Hi\nAssistant: Hello",
        "Lines that begin with who speaks: User, Human, Assistant, AI, System, 用户, 助手, 系统; either colon.",
        rendered_text.is_transcript,
        rendered_text.read_transcript,
        None,
    ),
    Format(
        "text",
        "Plain text, one document",
        "The cat sat on the mat.",
        "Text with none of these marks: one document, as in pretraining.",
        lambda text: text.lstrip()[0] not in "[{" and not _looks_like_json(text),
        _read_document,
        is_text=True,
    ),
)
