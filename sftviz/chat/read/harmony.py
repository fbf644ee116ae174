"""gpt-oss's harmony, and Muse's text in the same marks: <|start|>author<|channel|>…<|message|>words<|end|>."""

import re
from dataclasses import dataclass, field, replace

from sftviz.chat.messages import Message, ToolCall
from sftviz.chat.read.bodies import Body, read_body
from sftviz.chat.read.json_text import is_object
from sftviz.chat.read.json_values import value_at
from sftviz.chat.read.marked import Block, Marks, blocks
from sftviz.chat.read.written import Piece, Reading, Turn

MARKS = Marks(
    head=r"<\|start\|>(?P<role>[^<]*(?:<\|(?:channel|constrain)\|>[^<]*)*)(?:<\|message\|>|\Z)",
    end=r"<\|(?:end|return|call|eot|eom)\|>",
)
CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")
RECIPIENT = re.compile(r"\bto=([^\s<]+)")
ASSISTANT = re.compile(r"<\|start\|>assistant")
INSTRUCTIONS = "# Instructions\n\n"


@dataclass
class _Reply:
    """One assistant message while its blocks are gathered: analysis, calls, words."""

    content: str | None = None
    thoughts: list[str] = field(default_factory=list[str])
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    pieces: list[Piece] = field(default_factory=list[Piece])
    ended: bool = True

    def takes(self, kind: str) -> bool:
        """False where a block of this kind begins the next message."""
        if self.content is not None and kind != "call":
            return False
        return not self.calls or kind == "call"

    def turn(self) -> Turn:
        message = Message("assistant", self.content or "", "\n\n".join(self.thoughts), tuple(self.calls))
        return Turn(message, tuple(self.pieces))


def read_harmony(text: str) -> Reading:
    reading = Reading()
    gathered: _Reply | None = None
    for block in blocks(text, MARKS):
        kind = _kind(block.role)
        if gathered and (kind == "other" or not gathered.takes(kind)):
            reading.add(gathered.turn())
            gathered = None
        if kind == "other":
            for turn in _other(text, block, reading):
                reading.add(turn)
            continue
        gathered = gathered or _Reply()
        _gather(text, block, kind, gathered, reading)
        _tell_end(text, block, kind, reading)
    if gathered:
        reading.add(gathered.turn())
    return reading


def _kind(header: str) -> str:
    """What an assistant's block is: a thought, a call, or words. Other authors: other."""
    if not header.strip().startswith("assistant"):
        return "other"
    recipient = RECIPIENT.search(header)
    if recipient and recipient[1] not in ("user", "self"):
        return "call"
    channel = CHANNEL.search(header)
    return "thought" if (channel and channel[1] == "analysis") or (recipient and recipient[1] == "self") else "words"


def _gather(text: str, block: Block, kind: str, reply: _Reply, reading: Reading) -> None:
    """Add a block to its message; the marks between the blocks of one message are written by the model."""
    part = {"thought": "reasoning", "call": "tool_call", "words": "reasoning"}[kind]
    opened = ASSISTANT.match(text, block.start)
    name_end = opened.end() if opened else block.body
    first = not reply.pieces
    if kind == "words" and first:
        reply.pieces.append(Piece(block.start, block.body, "header"))
    else:
        reply.pieces.append(Piece(block.start, name_end, "header" if first else part))
        if kind == "call":
            _gather_call(text, block, name_end, reply, reading)
        else:
            reply.pieces.append(Piece(name_end, block.body, part))
    if kind == "thought":
        reply.thoughts.append(text[block.body : block.end])
        reply.pieces.append(Piece(block.body, block.end, "reasoning", "reasoning"))
    elif kind == "words":
        reply.content = text[block.body : block.end]
        reply.pieces.append(Piece(block.body, block.end, "content", "content"))
    reply.pieces.append(Piece(block.end, block.stop, "reasoning" if kind == "thought" else "end"))
    reply.pieces.append(Piece(block.stop, block.next, "after_end"))


def _gather_call(text: str, block: Block, name_end: int, reply: _Reply, reading: Reading) -> None:
    """A call whose name stands in the header: to=functions.name; or Muse's, written as in XML."""
    recipient = RECIPIENT.search(text, name_end, block.body)
    number = len(reply.calls)
    written = read_body(Body(text, block.body, block.end, "assistant"), Reading())[0]
    if written.message and written.message.tool_calls:
        reply.pieces.append(Piece(name_end, block.body, "tool_call"))
        reply.calls += written.message.tool_calls
        reply.pieces += [p._replace(field=_renumbered(p.field, number)) for p in written.pieces]
        return
    if not recipient:
        return
    start = recipient.start(1) + (len("functions.") if recipient[1].startswith("functions.") else 0)
    reply.pieces += [
        Piece(name_end, start, "tool_call"),
        Piece(start, recipient.end(1), "tool_call", f"tool_calls.{number}.name"),
        Piece(recipient.end(1), block.body, "tool_call"),
        Piece(block.body, block.end, "tool_call", f"tool_calls.{number}.arguments"),
    ]
    said = text[block.body : block.end]
    item = value_at(said, 0, len(said)) if said.lstrip() == said else None
    arguments = item[2] if item and is_object(item[2]) and not said[item[1] :].strip() else said
    reply.calls.append(ToolCall(text[start : recipient.end(1)], arguments))


def _renumbered(leaf: str, number: int) -> str:
    head, _, rest = leaf.partition(".")
    index, dot, rest = rest.partition(".")
    return f"{head}.{int(index) + number}{dot}{rest}" if head == "tool_calls" else leaf


def _other(text: str, block: Block, reading: Reading) -> list[Turn]:
    """A turn of system, developer, user or tool. Harmony's own facts about the model are no message."""
    author = block.role.split("<", 1)[0].strip().split(" ")[0]
    role, name = author, None
    if author not in ("system", "developer", "user"):
        role, name = "tool", author.split(".", 1)[-1] if author.startswith("functions.") else author or None
    after = (Piece(block.end, block.stop, "end"), Piece(block.stop, block.next, "after_end"))
    intro = len(INSTRUCTIONS) if text.startswith(INSTRUCTIONS, block.body, block.end) else 0
    inner_end = block.end
    if intro and text.endswith("\n\n", block.body + intro, block.end):
        inner_end -= 2
    turns = read_body(Body(text, block.body + intro, inner_end, role), reading)
    turns[0] = turns[0].around(before=(Piece(block.start, block.body + intro, "header"),))
    turns[-1] = turns[-1].around(after=(Piece(inner_end, block.end, "content"), *after))
    if name and turns[0].message:
        turns[0] = Turn(replace(turns[0].message, name=name), turns[0].pieces)
    return turns


def _tell_end(text: str, block: Block, kind: str, reading: Reading) -> None:
    if block.stop > block.end or block.body == block.end:
        return
    if block.end == len(text):
        reading.tell("cut_short", "note", placed=True)
    else:
        reading.tell("unclosed_turn", placed=True, role="assistant")
