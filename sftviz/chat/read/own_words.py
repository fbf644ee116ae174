"""What templates write into a system turn on their own: dates, safety modes, valid channels. No message says it."""

import re
from dataclasses import dataclass

DOT = re.DOTALL


@dataclass(frozen=True)
class OwnWords:
    """`before` and `after` the system message that somebody gave; either may be all there is."""

    before: re.Pattern[str]
    after: re.Pattern[str] = re.compile(r"\Z")


OWN_WORDS = (
    # Llama 3.1 to 3.3
    OwnWords(
        re.compile(
            r"(?:Environment: ipython\n)?(?:Tools: [^\n]*\n\n)?"
            r"Cutting Knowledge Date: [^\n]*\nToday Date: [^\n]*(?:\n\n|\Z)"
        )
    ),
    # gpt-oss
    OwnWords(
        re.compile(
            r"You are ChatGPT, a large language model trained by OpenAI\.\nKnowledge cutoff: .*"
            r"# Valid channels: [^\n]*(?:\nCalls to these tools[^\n]*)?\Z",
            DOT,
        )
    ),
    # Command R7B, Aya: a developer's preamble is the system message
    OwnWords(
        re.compile(r"# System Preamble\n(?:.*?\n# Developer Preamble\nThe following instructions[^\n]*\n|.*\Z)", DOT)
    ),
    # Muse
    OwnWords(
        re.compile(r"(?:You are a helpful AI assistant\.\nKnowledge cutoff: [^\n]*\nCurrent date: [^\n]*)?"),
        re.compile(r"\n\nReasoning strength: \w+\.\n\n# Valid recipients: [^\n]*\Z"),
    ),
    # Qwen 3.8
    OwnWords(re.compile(r"Reasoning effort is set to \w+\. Please think [^\n]*(?:\n\n|\Z)")),
)


def given_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The part of a system turn's body text[start:end] that somebody gave: (start, end), equal where nobody did.

    >>> given_words("Cutting Knowledge Date: x\\nToday Date: y\\n\\nBe brief.", 0, 50)
    (41, 50)
    """
    for own in OWN_WORDS:
        before = own.before.match(text, start, end)
        after = own.after.search(text, start, end)
        if before and after and (before.end() > start or after.start() < end):
            return before.end(), max(before.end(), after.start())
    return start, end
