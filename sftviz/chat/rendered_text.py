"""Text that a chat template has already written, and plain transcripts, read back into messages."""

import re
from collections.abc import Callable

from sftviz.chat.messages import Message

ROLE_NAMES = {
    "user": "user", "human": "user", "用户": "user", "人类": "user", "问": "user",
    "assistant": "assistant", "ai": "assistant", "bot": "assistant", "gpt": "assistant", "model": "assistant",
    "助手": "assistant", "模型": "assistant", "答": "assistant",
    "system": "system", "系统": "system",
    "tool": "tool", "工具": "tool", "ipython": "tool", "observation": "tool", "developer": "developer",
}  # fmt: skip

CHATML = re.compile(r"<\|im_start\|>([^\n<]*)\n(.*?)(?:<\|im_end\|>\n?|(?=<\|im_start\|>)|\Z)", re.DOTALL)
LLAMA3 = re.compile(
    r"<\|start_header_id\|>([^<\n]*)<\|end_header_id\|>\n\n(.*?)(?:<\|eo[tm]_id\|>|(?=<\|start_header_id\|>)|\Z)",
    re.DOTALL,
)
GEMMA = re.compile(r"<start_of_turn>([^\n<]*)\n(.*?)(?:<end_of_turn>\n?|(?=<start_of_turn>)|\Z)", re.DOTALL)
PHI = re.compile(
    r"<\|(system|user|assistant|tool)\|>\n?(.*?)(?:<\|end\|>\n?|(?=<\|(?:user|assistant)\|>)|\Z)", re.DOTALL
)
INST = re.compile(r"\[INST\](.*?)\[/INST\](.*?)(?:</s>|(?=(?:<s>\s*)?\[INST\])|\Z)", re.DOTALL)
SYS = re.compile(r"\s*<<SYS>>\n?(.*?)\n?<</SYS>>\s*", re.DOTALL)
SYSTEM_PROMPT = re.compile(r"\[SYSTEM_PROMPT\](.*?)\[/SYSTEM_PROMPT\]", re.DOTALL)
ALPACA = re.compile(r"^### (Instruction|Input|Response):[ \t]*\n?", re.MULTILINE)
SPEAKER = re.compile(
    rf"^[ \t]*[\[(*]*({'|'.join(sorted(ROLE_NAMES, key=len, reverse=True))})[\])*]*[ \t]*[:：][*]*[ \t]*",
    re.MULTILINE | re.IGNORECASE,
)


def turns_of(pattern: re.Pattern[str]) -> Callable[[str], list[Message]]:
    """A reader for templates whose turns are header, text, end: group 1 the role, group 2 the text."""

    def read(text: str) -> list[Message]:
        return [Message(role_named(role), said) for role, said in pattern.findall(text) if role or said]

    return read


def read_llama2(text: str) -> list[Message]:
    messages = [Message("system", said) for said in SYSTEM_PROMPT.findall(text)]
    for asked, answered in INST.findall(text):
        system = SYS.match(asked)
        if system:
            messages.append(Message("system", system.group(1)))
            asked = asked[system.end() :]
        messages.append(Message("user", asked.strip()))
        if answered.strip():
            messages.append(Message("assistant", answered.strip()))
    return messages


def read_alpaca(text: str) -> list[Message]:
    pieces = ALPACA.split(text)
    preamble = pieces[0].strip()
    messages = [Message("system", preamble)] if preamble else []
    for name, said in zip(pieces[1::2], pieces[2::2], strict=True):
        said = said.removesuffix("</s>").strip()
        if name == "Input" and messages and messages[-1].role == "user":
            messages[-1] = Message("user", f"{messages[-1].content}\n\n### Input:\n{said}")
        else:
            messages.append(Message("assistant" if name == "Response" else "user", said))
    return messages


def read_transcript(text: str) -> list[Message]:
    """`User: …` and `Assistant: …` lines; a turn runs to the next speaker."""
    starts = list(SPEAKER.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return [
        Message(role_named(match.group(1)), text[match.end() : end].strip())
        for match, end in zip(starts, ends, strict=True)
    ]


def is_transcript(text: str) -> bool:
    """At least one line is a user's, or one an assistant's, and the first line says who speaks."""
    speakers = [role_named(match.group(1)) for match in SPEAKER.finditer(text)]
    first = SPEAKER.match(text.lstrip())
    return bool(first) and bool({"user", "assistant"} & set(speakers))


def role_named(name: str) -> str:
    return ROLE_NAMES.get(name.strip().lower(), name.strip())
