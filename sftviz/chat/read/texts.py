"""The forms of text, in the order tried: TEXT_FORMATS. Plain text, one document, comes last."""

import re
from collections.abc import Callable
from typing import Any

from sftviz.chat.messages import DOCUMENT, Chat, Message
from sftviz.chat.read import families, harmony, inst, json_text, labelled
from sftviz.chat.read.format import Format
from sftviz.chat.read.marked import Marks, read_marked
from sftviz.chat.read.transcript import is_transcript, read_transcript, transcript_doubt
from sftviz.chat.read.written import FINISHES, Reading, chat_of


def looks_like_json(text: str) -> bool:
    return json_text.looks_like_json(text) and not is_transcript(text)


def _starts_otherwise(text: str) -> bool:
    """JSON or a transcript may speak of a template's marks without being written in it."""
    return looks_like_json(text) or is_transcript(text)


def _has(pattern: str, *, in_lines: bool = False) -> Callable[[Any], bool]:
    """True of text in which the pattern stands and that begins like nothing else.

    `in_lines`: the family itself looks like a transcript, so only JSON is something else.
    """
    compiled = re.compile(pattern, re.MULTILINE)
    otherwise = looks_like_json if in_lines else _starts_otherwise
    return lambda text: bool(compiled.search(text)) and not otherwise(text)


def _checked(test: Callable[[str], bool], *, in_lines: bool = False) -> Callable[[Any], bool]:
    otherwise = looks_like_json if in_lines else _starts_otherwise
    return lambda text: test(text) and not otherwise(text)


def _written(
    name: str,
    title: str,
    example: str,
    meaning: str,
    reads: Callable[[Any], bool],
    read: Callable[[str], Reading] | Marks,
    template: str | None = None,
) -> Format:
    """A row for training text: the chat keeps it as it stands."""
    reader = read_marked(read) if isinstance(read, Marks) else read

    def chat(text: str) -> Chat:
        return chat_of(text, reader(text), name, template)

    return Format(name, title, example, meaning, reads, chat, is_text=True)


def _rows(*rows: Format) -> dict[str, Format]:
    return {row.name: row for row in rows}


def _read_document(text: str) -> Chat:
    doubt = transcript_doubt(text)
    return Chat((Message(DOCUMENT, text),), "text", template="plain", notices=(doubt,) if doubt else ())


USER = r"<\|(?:user|system|assistant)\|>"
ENDS = re.compile(FINISHES)
BARE_HEADER = re.compile(r"[^\s>]<\|(?:assistant|user|observation)\|>")


def _is_glm(text: str) -> bool:
    """[gMASK]<sop>, observations, or headers right behind the words with no end token anywhere."""
    if not re.search(USER, text) or "<|end|>" in text:
        return False
    return "[gMASK]" in text or "<|observation|>" in text or bool(BARE_HEADER.search(text) and not ENDS.search(text))


def _is_chatglm3(text: str) -> bool:
    heads = re.findall(r"<\|(?:user|system|assistant)\|>(\n ?)", text)
    return _is_glm(text) and "<sop>" not in text and bool(heads) and all(found == "\n " for found in heads)


# In the order tried: what shares its marks with another family comes before it
TEXT_FORMATS = _rows(
    _written(
        "idefics", "SmolVLM and Idefics text", "<|im_start|>User: Hi<end_of_utterance>\nAssistant:",
        "Lines of User: and Assistant: that end in <end_of_utterance>.",
        _has("<end_of_utterance>", in_lines=True), families.IDEFICS,
    ),
    _written(
        "kimi", "Kimi text", "<|im_user|>user<|im_middle|>Hi<|im_end|>",
        "Text that Kimi K2's template has written.",
        _has(r"<\|im_middle\|>"), families.KIMI,
    ),
    _written(
        "chatml", "ChatML text", "<|im_start|>user\nHi<|im_end|>\n",
        "Text that ChatML's template has written, as Qwen, Yi, SmolLM, InternLM 2 and many others use it; Phi 4 with "
        "<|im_sep|>.",
        _has(families.CHATML.head), families.CHATML, "chatml",
    ),
    _written(
        "llama3", "Llama 3 and 4 text", "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>",
        "Text that the templates of Llama 3 to 4 have written; ipython turns are tool results.",
        _has(families.LLAMA3.head), families.LLAMA3, "llama3",
    ),
    _written(
        "harmony", "gpt-oss text", "<|start|>assistant<|channel|>final<|message|>Hello<|return|>",
        "OpenAI's harmony: the blocks of one answer, analysis, calls and final words, are one message.",
        _has(r"<\|start\|>[^<]*(?:<\|channel\|>[^<]*)?(?:<\|constrain\|>[^<]*)?<\|message\|>"),
        harmony.read_harmony, "gpt_oss",
    ),
    _written(
        "llama2", "Llama 2 text", "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello </s>",
        "[INST] text with a space within the marks, the system message between <<SYS>>.",
        _checked(lambda text: inst.is_inst(text) and inst.is_llama2(text)), inst.read_inst, "llama2",
    ),
    _written(
        "mistral", "Mistral text", "<s>[INST]Hi[/INST]Hello</s>",
        "[INST] text as Mistral writes it, with its tools, calls, results and system prompts.",
        _checked(inst.is_inst), inst.read_inst, "mistral",
    ),
    _written(
        "gemma", "Gemma text", "<start_of_turn>user\nHi<end_of_turn>\n",
        "Text that the templates of Gemma 1 to 3 have written; they call the assistant model.",
        _has(families.GEMMA.head), families.GEMMA, "gemma",
    ),
    _written(
        "gemma4", "Gemma 4 text", "<|turn>user\nHi<turn|>\n",
        "Text that Gemma 4's template has written; the results of calls stand inside the model's turn.",
        _has(families.GEMMA4.head), families.GEMMA4,
    ),
    _written(
        "phi", "Phi text", "<|user|>\nHi<|end|>\n",
        "Text that the templates of Phi 3 and Phi 4 mini have written.",
        _checked(lambda text: "<|end|>" in text and bool(re.search(USER, text))), families.PHI, "phi3",
    ),
    _written(
        "chatglm3", "ChatGLM 3 text", "[gMASK]sop<|user|>\n Hi<|assistant|>\n Hello",
        "Text of ChatGLM 3: a space stands before the words.",
        _checked(_is_chatglm3), families.CHATGLM3,
    ),
    _written(
        "glm", "GLM text", "[gMASK]<sop><|user|>\nHi<|assistant|>\nHello<|user|>",
        "Text that the templates of GLM 4 have written: the next header's token ends an answer.",
        _checked(_is_glm), families.GLM, "glm4",
    ),
    _written(
        "zephyr", "Zephyr, Tülu and OLMo text", "<|user|>\nHi</s>\n<|assistant|>\nHello</s>\n",
        "<|user|> headers; a document's end token, </s> or <|endoftext|>, ends an answer.",
        _has(USER), families.ZEPHYR,
    ),
    _written(
        "deepseek", "DeepSeek text", "<｜User｜>Hi<｜Assistant｜>Hello<｜end▁of▁sentence｜>",
        "Text that the templates of DeepSeek V2.5 to V3 and R1 have written; what stands first is the system message.",
        _has(r"<[｜|](?:User|Assistant)[｜|]>(?!:)"), families.DEEPSEEK, "deepseek_v3",
    ),
    _written(
        "deepseek2", "DeepSeek V2 text", "User: Hi\n\nAssistant: Hello<｜end▁of▁sentence｜>",
        "User: and Assistant: with DeepSeek's end token.",
        _has(r"<[｜|]end[▁_ ]of[▁_ ]sentence[｜|]>", in_lines=True), families.DEEPSEEK2,
    ),
    _written(
        "cohere", "Command R text", "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi<|END_OF_TURN_TOKEN|>",
        "Text that the templates of Command R, R7B and Aya have written.",
        _has(r"<\|START_OF_TURN_TOKEN\|>"), families.COHERE, "cohere2",
    ),
    _written(
        "granite", "Granite text", "<|start_of_role|>user<|end_of_role|>Hi<|end_of_text|>\n",
        "Text that the templates of IBM's Granite 3 and 4 have written.",
        _has(families.GRANITE.head), families.GRANITE,
    ),
    _written(
        "openchat", "OpenChat text", "GPT4 Correct User: Hi<|end_of_turn|>GPT4 Correct Assistant: Hello<|end_of_turn|>",
        "Text of OpenChat and Starling.",
        _has(families.OPENCHAT.head), families.OPENCHAT,
    ),
    _written(
        "nemotron", "Nemotron text", "<extra_id_1>User\nHi\n<extra_id_1>Assistant\nHello\n",
        "Text of Nemotron 4 and 3, whose turns have no end token.",
        _has(families.NEMOTRON.head), families.NEMOTRON,
    ),
    _written(
        "internlm", "InternLM text", "<|User|>:Hi<eoh>\n<|Bot|>:Hello<eoa>\n",
        "Text of InternLM 1.",
        _has(families.INTERNLM.head), families.INTERNLM,
    ),
    _written(
        "baichuan", "Baichuan text", "<reserved_106>Hi<reserved_107>Hello</s>",
        "Text of Baichuan's chat models; what stands first is the system message.",
        _has(families.BAICHUAN.head), families.BAICHUAN,
    ),
    _written(
        "minicpm", "MiniCPM text", "<用户>Hi<AI>Hello</s>",
        "Text of MiniCPM 1 and 2.",
        _has("<用户>"), families.MINICPM,
    ),
    _written(
        "exaone", "EXAONE text", "[|user|]Hi\n[|assistant|]Hello[|endofturn|]\n",
        "Text of LG's EXAONE.",
        _has(families.EXAONE.head), families.EXAONE,
    ),
    _written(
        "seed", "Seed-OSS text", "<seed:bos>user\nHi<seed:eos>",
        "Text of ByteDance's Seed-OSS.",
        _has("<seed:bos>"), families.SEED,
    ),
    _written(
        "glaive", "Glaive text", "USER: Hi\n\n\nASSISTANT: <functioncall> {…} <|endoftext|>",
        "Glaive's function calling: labels in capitals; FUNCTION RESPONSE is the tool's.",
        _checked(labelled.is_glaive, in_lines=True), labelled.read_glaive,
    ),
    _written(
        "vicuna", "Vicuna text", "A chat. USER: Hi ASSISTANT: Hello</s>",
        "USER: and ASSISTANT: in the running text or on lines; what stands first is the system message.",
        _checked(labelled.is_vicuna, in_lines=True), labelled.read_vicuna,
    ),
    _written(
        "alpaca_text", "Alpaca text", "### Instruction:\nHi\n\n### Response:\nHello",
        "Text under ### Instruction and ### Response; an input belongs to its instruction, and other words that stand "
        "first than Alpaca's own are the system message.",
        _checked(labelled.is_alpaca), labelled.read_alpaca, "alpaca",
    ),
    _written(
        "hashes", "### Human text", "### Human: Hi### Assistant: Hello",
        "### Human, ### User, ### System, ### Assistant, as in guanaco and SOLAR.",
        _checked(labelled.is_hashes), labelled.read_hashes,
    ),
    Format(
        "transcript", "Transcript", "User: Hi\nAssistant: Hello",
        "Lines or headings that say who speaks: User, Human, Assistant, AI, 用户, 助手, You said, Customer and "
        "Agent, Q and A.",
        is_transcript, read_transcript, is_text=True,
    ),
    Format(
        "text", "Plain text, one document", "The cat sat on the mat.",
        "Text with none of these marks: one document, as in pretraining.",
        lambda text: not looks_like_json(text) and not text.lstrip().startswith(("{", "[INST]")),
        _read_document, is_text=True,
    ),
)  # fmt: skip
