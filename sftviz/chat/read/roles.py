"""Who speaks: the words that data uses for the roles."""

import re

from sftviz.chat.messages import DOCUMENT, ROLES, ChatError
from sftviz.chat.read.json_text import short
from sftviz.chat.read.places import message_place
from sftviz.chat.read.reading import Reading

LONGEST_ROLE = 80  # characters: every token of a turn says its role, and why it is or is not trained
CONTROL_TOKEN = re.compile(r"<[|｜][^|｜<>\s]*[|｜]>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>")

# Words for a role of a chat. bing, customer, agent and others stay unknown: whether they are the model is a guess
ROLE_WORDS = {
    "human": "user", "prompter": "user",
    "gpt": "assistant", "chatgpt": "assistant", "model": "assistant", "ai": "assistant", "bot": "assistant",
    "chatbot": "assistant", "function_call": "assistant", "tool_call": "assistant",
    "function": "tool", "observation": "tool", "ipython": "tool", "function_response": "tool", "tool_response": "tool",
    "tool_result": "tool", "function_call_output": "tool",
}  # fmt: skip
CALL_WORDS = {"function_call", "tool_call"}  # the text of such a turn is the JSON of a call

# A turn whose keys are its speakers: {"human": …, "assistant": …}
SPEAKER_KEYS = {
    "system": "system", "human": "user", "user": "user", "input": "user", "query": "user", "question": "user",
    "prompter": "user", "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant",
    "chatgpt": "assistant", "ai": "assistant", "output": "assistant", "answer": "assistant", "response": "assistant",
}  # fmt: skip


def role_of(word: str, *, exact: bool) -> str:
    """The role that a word means, or the word itself.

    exact: a word that differs from a role of OpenAI's only in its case stays as it is, for a trainer would not know it.
    """
    meant = word.strip().lower()
    if meant in ROLES:
        return word if exact else meant
    return ROLE_WORDS.get(meant, word)


def check_role(role: str, n: int, reading: Reading) -> None:
    """Tell a role that nothing is trained in. Raises ChatError where it holds a control token, or is no name at all."""
    where = message_place(n)
    if CONTROL_TOKEN.search(role):
        raise ChatError("role_holds_control_token", where, role=short(role), roles=ROLES)
    if len(role) > LONGEST_ROLE:
        raise ChatError("role_too_long", where, count=len(role), limit=LONGEST_ROLE, role=short(role), roles=ROLES)
    if role in (*ROLES, DOCUMENT):
        return
    meant = role.strip().lower()
    if meant in ROLES:
        reading.tell("role_near_miss", where, role=short(role), meant=meant)
    else:
        reading.tell("unknown_role", where, role=short(role))
