"""Lists of tools that a template has written into a system or user turn, told from the words beside them."""

import re
from dataclasses import dataclass, field
from typing import Any

from sftviz.chat.read.json_text import is_object
from sftviz.chat.read.json_values import values
from sftviz.chat.read.written import Piece


@dataclass
class Listed:
    """`pieces` cover the body; those that quote a tool have the field tools.<i>, those of the message "content"."""

    tools: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    pieces: list[Piece] = field(default_factory=list[Piece])
    unread: bool = False  # a list stands there in a language other than JSON


@dataclass(frozen=True)
class Intro:
    """How one family writes its list: `opens` … `closes`, the JSON objects between `first` and `last` in it."""

    opens: re.Pattern[str]
    closes: re.Pattern[str]
    roles: tuple[str, ...] = ("system", "developer")


END = re.compile(r"\Z")
INTROS = (
    # Qwen 2.5 and 3, GLM: the rest of the turn is the template's
    Intro(
        re.compile(r"\n{0,4}# Tools\n\nYou may call one or more functions.{0,2000}?<tools>\n{1,4}", re.DOTALL),
        re.compile(r"\n{0,4}</tools>.*\Z", re.DOTALL),
    ),
    # Qwen 3.5 and later, Nemotron 3: the system message may follow
    Intro(
        re.compile(r"\n{0,4}# Tools\n\nYou have access to the following functions:\n\n<tools>\n{0,4}"),
        re.compile(r"\n{0,4}</tools>(?:.{0,4000}?</IMPORTANT>)?\n{0,4}", re.DOTALL),
    ),
    Intro(re.compile(r"\n{0,4}You may call these tools:\n<tools>\n{0,4}"), re.compile(r"\n{0,4}</tools>")),
    Intro(re.compile(r"\n?List of tools: (?:<\|tool_list_start\|>)?"), re.compile(r"(?:<\|tool_list_end\|>)?(?=\Z)")),
    Intro(
        re.compile(
            r"Given the following functions, please respond with a JSON.{0,600}?Do not use variables\.\n\n", re.DOTALL
        ),
        re.compile(r"\n{0,4}"),
        ("user",),
    ),
    Intro(re.compile(r"(?:(?<=-\n)|(?<=- \n))(?=\{)"), re.compile(r"\s*\Z")),  # glaive
    Intro(re.compile(r"<\|tool>(?=declaration:)"), re.compile(r"<tool\|>(?=\Z)")),  # Gemma 4
    Intro(re.compile(r"(?:\n\n)?# Tools\n\n(?=## functions\n\nnamespace functions)"), END),  # gpt-oss
    # Muse
    Intro(
        re.compile(r"\n\nReasoning strength: \w+\.\n\nIn this environment.{0,2000}?// Function schemas\n", re.DOTALL),
        re.compile(r"\n\nHere's an example.*\Z", re.DOTALL),
    ),
)  # fmt: skip


def listed_tools(text: str, start: int, end: int, role: str) -> Listed | None:
    """The list of tools in text[start:end], or None where none of the known ones stands there."""
    body = text[start:end]
    for intro in INTROS:
        opened = intro.opens.search(body) if role in intro.roles else None
        if opened:
            return _split(body, start, intro, opened)
    return None


def _split(body: str, offset: int, intro: Intro, opened: re.Match[str]) -> Listed:
    found = Listed()
    at = opened.end()
    tools, stop = values(body, at, len(body))
    objects = [(a, b, value) for a, b, value in tools if is_object(value)]
    closed = intro.closes.search(body, stop) or END.search(body)
    assert closed is not None  # END always matches
    found.unread = not objects
    pieces = [Piece(0, opened.start(), "content", "content"), Piece(opened.start(), at, "tools")]
    for i, (a, b, value) in enumerate(objects):
        pieces += [Piece(pieces[-1].end, a, "tools"), Piece(a, b, "tools", f"tools.{i}")]
        found.tools.append(value if "function" in value else {"type": "function", "function": value})
    pieces.append(Piece(pieces[-1].end, closed.end(), "tools"))
    pieces.append(Piece(closed.end(), len(body), "content", "content"))
    found.pieces = [Piece(p.start + offset, p.end + offset, p.part, p.field) for p in pieces if p.start < p.end]
    return found
