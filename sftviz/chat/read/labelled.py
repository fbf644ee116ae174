"""Training texts whose turns begin with a label in plain words: Alpaca, ### Human, Vicuna, glaive."""

import re

from sftviz.chat.read.marked import Marks, read_marked
from sftviz.chat.read.written import FINISHES

# What ends an answer in these families is the tokenizer's own end token, whichever that is
ANY_END = rf"{FINISHES}|<\|(?:im_end|eot_id|end|end_of_turn)\|>|<end_of_turn>|<EOT>|<eod>|\[EOS\]|<END>"
LINES = ("\r\n\r\n", "\n\n", "\r\n", "\n")
DEFAULT_PREAMBLE = re.compile(
    r"Below is an instruction that describes a task(?:, paired with an input that provides further context)?\. "
    r"Write a response that appropriately completes the request\."
)

ALPACA = Marks(
    r"(?:^|(?<=>))### ?(?P<role>Instruction|Input|Response):[ \t]*(?:\r?\n)?",
    finish=ANY_END,
    roles={"Instruction": "user", "Input": "user", "Response": "assistant"},
    spacers=LINES,
    ended=("assistant",),
    system_first=True,
    preamble=DEFAULT_PREAMBLE,
)
HASHES = Marks(
    r"### ?(?P<role>Human|User|Assistant|System|AI|Bot|GPT|Model|Response|Prompt|用户|助手|系统)[:：][ \t]?(?:\r?\n)?",
    finish=ANY_END,
    roles={
        **dict.fromkeys(("Human", "User", "Prompt", "用户"), "user"),
        **dict.fromkeys(("Assistant", "AI", "Bot", "GPT", "Model", "Response", "助手"), "assistant"),
        **dict.fromkeys(("System", "系统"), "system"),
    },
    spacers=LINES,
    ended=("assistant",),
    system_first=True,
)
VICUNA = Marks(
    r"(?:^|(?<=[ >]))(?P<role>USER|ASSISTANT|SYSTEM):[ \t]?",
    finish=ANY_END,
    roles={"USER": "user", "ASSISTANT": "assistant", "SYSTEM": "system"},
    spacers=(*LINES, " "),
    ended=("assistant",),
    system_first=True,
)
GLAIVE = Marks(
    r"(?:^|(?<=>))(?P<role>SYSTEM|USER|ASSISTANT|FUNCTION RESPONSE):[ \t]?",
    finish=ANY_END,
    roles={"USER": "user", "ASSISTANT": "assistant", "SYSTEM": "system", "FUNCTION RESPONSE": "tool"},
    spacers=("\n\n\n", *LINES),
    ended=("assistant",),
)


def _alpaca_header(opened: str | None, label: str) -> bool:
    """An input belongs to its instruction; an answer may quote a header without ending there."""
    if label == "Input":
        return opened is None
    return label == "Instruction" or opened != "assistant"


def _hash_header(opened: str | None, label: str) -> bool:
    return label not in ("Response", "Model", "Prompt") or opened != "assistant" or label == "Prompt"


def _vicuna_header(opened: str | None, label: str) -> bool:
    """Labels stand in the running text, so only one that can come next is taken."""
    if label == "ASSISTANT":
        return opened == "user"
    return opened in (None, "assistant", "system") if label == "USER" else opened is None


read_alpaca = read_marked(ALPACA, _alpaca_header)
read_hashes = read_marked(HASHES, _hash_header)
read_vicuna = read_marked(VICUNA, _vicuna_header)
read_glaive = read_marked(GLAIVE)


def _labels(marks: Marks, text: str) -> list[str]:
    return [marks.role(match["role"]) for match in re.finditer(marks.head, text, re.MULTILINE)]


def is_alpaca(text: str) -> bool:
    found = {match["role"] for match in re.finditer(ALPACA.head, text, re.MULTILINE)}
    return "Instruction" in found or found == {"Input", "Response"}


def is_hashes(text: str) -> bool:
    return "###" in text and {"user", "assistant"} <= set(_labels(HASHES, text))


def is_vicuna(text: str) -> bool:
    """USER: … ASSISTANT: on one line, or on lines of their own with end tokens or words before them."""
    if "USER:" not in text or "ASSISTANT:" not in text:
        return False
    labels = _labels(VICUNA, text)
    if labels[:1] not in (["user"], ["system"]) or "assistant" not in labels:
        return False
    shared = any(0 <= line.find("USER:") < line.find(" ASSISTANT:") for line in text.split("\n"))
    first = re.search(VICUNA.head, text, re.MULTILINE)
    return shared or "</s>" in text or bool(first and text[: first.start()].strip())


def is_glaive(text: str) -> bool:
    if not {"user", "assistant"} <= set(_labels(GLAIVE, text)):
        return False
    return "FUNCTION RESPONSE:" in text or "<|endoftext|>" in text or "<functioncall>" in text
