"""What a template would have written of a chat that was pasted as training text: to compare, never to show instead."""

from typing import Any

from sftviz.chat.messages import Chat
from sftviz.chat.write.frame import answer
from sftviz.chat.write.leaves import dicts
from sftviz.chat.write.templates import Template

# Families whose white space is one and the same in every version; Mistral's and Llama 2's is not
SETTLED = frozenset({"chatml", "llama3", "gemma", "gemma3", "phi3", "deepseek_v3", "glm4", "cohere2", "lfm2"})


def otherwise(chat: Chat, template: Template, variables: dict[str, Any]) -> str | None:
    """The template's own text of the chat; None where it refuses the chat, or where its white space is not settled."""
    if template.name not in SETTLED:
        return None
    asked = {
        "messages": dicts(chat.messages, template.takes_parts), "tools": list(chat.tools), "variables": variables,
        "tracked": False,
    }  # fmt: skip
    text: str | None = answer(template, **asked).get("text")
    pasted = chat.written.text if chat.written else ""
    return text.removeprefix(template.bos) if text and not pasted.startswith(template.bos) else text


def white_space_parts_at(pasted: str, template: str) -> int | None:
    """Where two texts that differ in white space alone first do, in the pasted one; None where they differ otherwise.

    What stands before the first and after the last character does not count.

    >>> white_space_parts_at("<s>a  b\\n", "<s>a b")
    5
    """
    if "".join(pasted.split()) != "".join(template.split()) or pasted.strip() == template.strip():
        return None
    begin, ours, theirs = len(pasted) - len(pasted.lstrip()), pasted.strip(), template.strip()
    return begin + next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), len(theirs))
