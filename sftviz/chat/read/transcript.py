"""Plain transcripts: lines or headings that say who speaks. They are chats that a template writes, no training text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from sftviz.chat.messages import Chat, Message, Notice

SPEAKERS = {
    "user": "user", "human": "user", "用户": "user", "人类": "user", "问": "user", "提问": "user",
    "assistant": "assistant", "ai": "assistant", "bot": "assistant", "gpt": "assistant", "model": "assistant",
    "chatbot": "assistant", "ai assistant": "assistant",
    "助手": "assistant", "模型": "assistant", "答": "assistant", "回答": "assistant",
    "机器人": "assistant", "助理": "assistant",
    "system": "system", "系统": "system",
    "tool": "tool", "工具": "tool", "observation": "tool", "function response": "tool", "developer": "developer",
}  # fmt: skip
SURE_ALONE = {"user", "human", "assistant", "用户", "助手"}  # `Model: T-800` alone is no chat
GUESSED = {
    **dict.fromkeys(
        ("customer", "client", "caller", "patient", "student", "you", "me", "q", "question", "visitor", "guest",
         "interviewer", "prompt", "客户", "顾客", "买家", "患者", "学生", "您"),
        "user",
    ),
    **dict.fromkeys(
        ("agent", "support", "rep", "representative", "operator", "doctor", "tutor", "teacher", "advisor", "helper",
         "therapist", "support agent", "a", "answer", "response", "chatgpt", "claude", "gemini", "copilot", "bard",
         "llama", "grok", "deepseek", "mistral", "客服", "医生", "老师", "卖家"),
        "assistant",
    ),
}  # fmt: skip
STAMP = r"[\[(]?\d[\d:./\-, T]{2,30}(?:[AaPp][Mm])?Z?[\])]?[ \t]*[-–—|]?[ \t]*"
AFTER_STAMP = r"(?:[ \t]*[\[(]\d[\d:./\-, T]{2,30}(?:[AaPp][Mm])?[\])])?"
WORDS = "|".join(sorted(map(re.escape, [*SPEAKERS, *GUESSED]), key=len, reverse=True))
LINE = re.compile(
    rf"^[ \t]*(?:[-•>][ \t]+)?(?:{STAMP})?[\[(*_]*(?P<who>{WORDS})[\])*_]*{AFTER_STAMP}"
    rf"[ \t]*[:：][*_]*[ \t]*|^[ \t]*\[(?P<bold>{WORDS})\][ \t]+",
    re.MULTILINE | re.IGNORECASE | re.ASCII,  # ASCII: else "uſer" is a user
)
SAID = re.compile(r"^[ \t]*(?P<who>[A-Za-z][\w .\-]{0,30}?) said:[ \t]*$", re.MULTILINE | re.ASCII)
HEADING = re.compile(
    rf"^(?:(?!###[ \t]*\w+[:：])#{{1,6}}[ \t]+[*_]*(?P<who>{WORDS})[*_]*[:：]?[*_]*"
    rf"|[*_]{{2}}(?P<bold>{WORDS})[:：]?[*_]{{2}})[ \t]*$",
    re.MULTILINE | re.IGNORECASE | re.ASCII,
)
NAME = r"[^\W\d_][\w.'’\-]{0,24}"
NAMED = re.compile(rf"^(?:{STAMP})?(?P<who>{NAME}(?: {NAME}){{0,2}})[:：](?:[ \t]+|$)", re.MULTILINE)
FEWEST_NAMED = 3  # lines of two names in turn, one of them known, that make a transcript


@dataclass(frozen=True)
class Speech:
    """One speaker's turn: the word for who speaks, and the words [start, end) of the text."""

    who: str
    role: str
    header: int
    start: int


@lru_cache(8)
def speeches(text: str) -> tuple[Speech, ...]:
    """Who speaks where, in the first of the forms that the text's first line is in; () where it is no transcript."""
    lead = len(text) - len(text.lstrip())
    for pattern in (HEADING, SAID, LINE):
        if pattern.match(text, lead) or (pattern is not LINE and _line_start(pattern, text, lead)):
            found = tuple(_found(pattern, text))
            if _is_spoken(found):
                return found
    return _named(text, lead)


def _line_start(pattern: re.Pattern[str], text: str, lead: int) -> bool:
    """`^` matches at a line's start only: look at the line itself."""
    return bool(pattern.match(text[lead : lead + 80].split("\n", 1)[0]))


def _found(pattern: re.Pattern[str], text: str) -> Iterator[Speech]:
    for match in pattern.finditer(text):
        groups = match.groupdict()
        who = groups.get("who") or groups.get("bold") or ""
        role = _role(who)
        if role or pattern is SAID:
            yield Speech(who, role or "assistant", match.start(), match.end())


def _role(who: str) -> str | None:
    return SPEAKERS.get(who.lower()) or GUESSED.get(who.lower())


def _is_spoken(found: tuple[Speech, ...]) -> bool:
    """A user or an assistant speaks; words that are only guessed need the other side too."""
    roles = {speech.role for speech in found}
    sure = bool(found) and found[0].who.lower() in SURE_ALONE
    known = [speech for speech in found if speech.who.lower() in SPEAKERS]
    if not roles & {"user", "assistant"}:
        return False
    return sure or (len(roles) > 1 and (bool(known) or {"user", "assistant"} <= roles))


def _named(text: str, lead: int) -> tuple[Speech, ...]:
    """Two speakers in turn of whom one is known by a word above: the other is the other side."""
    found = _names(text, lead)
    names = list(dict.fromkeys(match["who"] for match in found))
    roles = {name: _role(name) for name in names if len(name) > 1}  # `A: …` and `B: …` are points, not speakers
    if len(roles) != 2 or sum(role in ("user", "assistant") for role in roles.values()) != 1:
        return ()
    known = next(role for role in roles.values() if role)
    other = "assistant" if known == "user" else "user"
    return tuple(Speech(m["who"], roles[m["who"]] or other, m.start(), m.end()) for m in found)


def _names(text: str, lead: int) -> list[re.Match[str]]:
    """Lines that begin with a name, where two names speak in turn from the first line on; else none."""
    if not NAMED.match(text[lead : lead + 120]):
        return []
    found = list(NAMED.finditer(text))
    names = [match["who"] for match in found]
    alternate = all(a != b for a, b in pairwise(names))
    return found if len(found) >= FEWEST_NAMED and len(set(names)) == 2 and alternate else []


def is_transcript(text: str) -> bool:
    """The text says from its first line on who speaks, and a user or an assistant does."""
    return bool(speeches(text))


def transcript_doubt(text: str) -> Notice | None:
    """A notice where the text looks like a transcript whose speakers nobody knows."""
    names = list(dict.fromkeys(match["who"] for match in _names(text, len(text) - len(text.lstrip()))))
    return Notice("looks_like_transcript", None, {"names": tuple(names)}) if names else None


def read_transcript(text: str) -> Chat:
    """A chat of the speakers' words, stripped; guessed roles are told."""
    found = speeches(text)
    ends = [speech.header for speech in found[1:]] + [len(text)]
    messages = tuple(
        Message(speech.role, text[speech.start : end].strip()) for speech, end in zip(found, ends, strict=True)
    )
    guessed = dict.fromkeys((s.who, s.role) for s in found if s.who.lower() not in SPEAKERS)
    told = tuple(f"{who} → {role}" for who, role in list(guessed)[:10])
    notices = (Notice("roles_guessed", None, {"roles": told}, "note"),) if told else ()
    return Chat(messages, "transcript", notices=notices)
