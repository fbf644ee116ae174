"""Text that a chat template has already written, and plain transcripts, read back into messages."""

import re
from collections.abc import Callable, Mapping

from sftviz.chat.messages import Message

Turns = tuple[list[Message], str]  # the messages, and the text that stands outside every turn

SPEAKERS = {
    "user": "user", "human": "user", "用户": "user", "人类": "user", "问": "user",
    "assistant": "assistant", "ai": "assistant", "bot": "assistant", "gpt": "assistant", "model": "assistant",
    "助手": "assistant", "模型": "assistant", "答": "assistant",
    "system": "system", "系统": "system",
    "tool": "tool", "工具": "tool", "observation": "tool", "developer": "developer",
}  # fmt: skip
SURE_ALONE = {"user", "human", "assistant", "用户", "助手"}  # `Model: T-800` alone is no chat

# The lazy groups stop at the next header: without that, a text of nothing but headers takes quadratic time
CHATML = re.compile(r"<\|im_start\|>([^\r\n<]*)\r?\n(.*?)(?:<\|im_end\|>\r?\n?|(?=<\|im_start\|>)|\Z)", re.DOTALL)
LLAMA3 = re.compile(
    r"<\|start_header_id\|>([^\r\n<]*)<\|end_header_id\|>(?:\r?\n){1,2}"
    r"(.*?)(?:<\|eo[tm]_id\|>|(?=<\|start_header_id\|>)|\Z)",
    re.DOTALL,
)
GEMMA = re.compile(r"<start_of_turn>([^\r\n<]*)\r?\n(.*?)(?:<end_of_turn>\r?\n?|(?=<start_of_turn>)|\Z)", re.DOTALL)
PHI = re.compile(
    r"<\|(system|user|assistant|tool)\|>\r?\n?(.*?)"
    r"(?:<\|end\|>\r?\n?|(?=<\|(?:system|user|assistant|tool)\|>)|\Z)",
    re.DOTALL,
)
INST = re.compile(
    r"\[INST\]((?:(?!\[INST\]).)*?)\[/INST\](.*?)(?:</s>|(?=(?:<s>\s*)?\[INST\])|\Z)",
    re.DOTALL,
)
SYS = re.compile(r"\s*<<SYS>>\n?(.*?)\n?<</SYS>>\s*", re.DOTALL)
SYSTEM_PROMPT = re.compile(r"\[SYSTEM_PROMPT\]((?:(?!\[SYSTEM_PROMPT\]).)*?)\[/SYSTEM_PROMPT\]", re.DOTALL)
ALPACA = re.compile(r"^### (Instruction|Input|Response):[ \t]*\r?\n?", re.MULTILINE)
SPEAKER = re.compile(
    rf"^[ \t]*[\[(*]*({'|'.join(sorted(SPEAKERS, key=len, reverse=True))})[\])*]*[ \t]*[:：][*]*[ \t]*",
    re.MULTILINE | re.IGNORECASE | re.ASCII,  # ASCII: else "uſer" is a user
)
AROUND = re.compile(r"</?s>|<bos>|<eos>|<\|(?:begin_of_text|end_of_text|endoftext)\|>")


def turns_of(pattern: re.Pattern[str], names: Mapping[str, str] | None = None) -> Callable[[str], Turns]:
    """A reader for templates whose turns are header, text, end: group 1 the role, group 2 the text.

    `names` holds the roles that the template calls otherwise; the rest stay as written.
    """
    roles = names or {}

    def read(text: str) -> Turns:
        turns: list[tuple[str, str]] = pattern.findall(text)
        return [Message(roles.get(role, role), said) for role, said in turns], outside(text, pattern)

    return read


def outside(text: str, *patterns: re.Pattern[str]) -> str:
    """What is left of the text without its turns and the tokens that begin and end a document."""
    for pattern in patterns:
        text = pattern.sub("", text)
    return AROUND.sub("", text).strip()


def read_inst(text: str) -> Turns:
    """Llama 2 and Mistral: `[INST] asked [/INST] answered </s>`, the system message inside or before."""
    messages = [Message("system", said) for said in SYSTEM_PROMPT.findall(text)]
    for asked, answered in INST.findall(text):
        system = SYS.match(asked)
        if system:
            messages.append(Message("system", system.group(1)))
            asked = asked[system.end() :]
        messages.append(Message("user", asked.strip()))
        if answered.strip():
            messages.append(Message("assistant", answered.strip()))
    return messages, outside(text, SYSTEM_PROMPT, INST)


def is_mistral(text: str) -> bool:
    """Mistral writes no <<SYS>>, and from v3 on no space within the marks."""
    return "<<SYS>>" not in text and ("[SYSTEM_PROMPT]" in text or "[INST] " not in text)


def read_alpaca(text: str) -> Turns:
    pieces = ALPACA.split(text)
    preamble = pieces[0].strip()
    messages = [Message("system", preamble)] if preamble else []
    for name, said in zip(pieces[1::2], pieces[2::2], strict=True):
        said = said.strip().removesuffix("</s>").strip()
        if name == "Input" and messages and messages[-1].role == "user":
            messages[-1] = Message("user", f"{messages[-1].content}\n\n### Input:\n{said}")
        else:
            messages.append(Message("assistant" if name == "Response" else "user", said))
    return messages, ""


def read_transcript(text: str) -> Turns:
    """`User: …` and `Assistant: …` lines; a turn runs to the next speaker."""
    starts = list(SPEAKER.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    messages = [
        Message(_speaker(match), text[match.end() : end].strip()) for match, end in zip(starts, ends, strict=True)
    ]
    return messages, ""


def is_transcript(text: str) -> bool:
    """The first line says who speaks, and a user or an assistant speaks."""
    first = SPEAKER.match(text.lstrip())
    if not first:
        return False
    roles = {_speaker(match) for match in SPEAKER.finditer(text)}
    sure = first.group(1).lower() in SURE_ALONE
    return bool(roles & {"user", "assistant"}) and (sure or len(roles) > 1)


def split_thought(content: str) -> tuple[str, str] | None:
    """(reasoning, reply) of a reply that begins with `<think>…</think>`, without the newlines next to the tags.

    >>> split_thought("<think>\\nhm\\n</think>\\n\\nyes")
    ('hm', 'yes')
    """
    opened = content.lstrip()
    thought, closed, reply = opened.removeprefix("<think>").partition("</think>")
    if not opened.startswith("<think>") or not closed or not thought.strip():
        return None  # an empty thought stays text: some templates write one to switch thinking off
    return thought.strip("\r\n"), reply.lstrip("\r\n")


def _speaker(match: re.Match[str]) -> str:
    return SPEAKERS[match.group(1).lower()]
