"""Texts of Llama 2 and Mistral: [INST] asked [/INST] answered </s>, with tools, results and system prompts."""

import re
from dataclasses import dataclass, field

from sftviz.chat.messages import Message
from sftviz.chat.read.bodies import Body, read_body
from sftviz.chat.read.json_values import values
from sftviz.chat.read.written import BEGINS, FINISHES, Piece, Reading, Turn

NEXT = rf"\[(?:INST|TOOL_RESULTS|AVAILABLE_TOOLS|SYSTEM_PROMPT)\]|<<SYS>>|{BEGINS}|{FINISHES}"
MARK = re.compile(
    r"(?P<opens>\[(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS)\])"
    r"|(?P<closes>\[/(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS)\])"
    rf"|(?P<end>(?:{FINISHES})(?=\s*(?:{NEXT}|\Z)))|(?P<begin>(?:{BEGINS})(?=\s*(?:{NEXT})))"
)
SYS = re.compile(r"(\s*<<SYS>>\n?)(.*?)(\n?<</SYS>>\n{0,2})", re.DOTALL)
SPACE = re.compile(r"\s*")
KINDS = {"INST": "user", "SYSTEM_PROMPT": "system", "AVAILABLE_TOOLS": "tools", "TOOL_RESULTS": "tool"}


@dataclass
class _Reader:
    """Where the walk over the marks stands: what is open, since where."""

    text: str
    padded: bool  # Llama 2 and Mistral v1 put one space inside the marks
    spaced_ends: bool  # … and Llama 2 one before </s>
    reading: Reading = field(default_factory=Reading)
    role: str | None = None  # of what is open
    start: int = 0
    body: int = 0

    def close(self, end: int, stop: int) -> None:
        """End what is open: its body at `end`, its end token at `stop`."""
        role, self.role = self.role, None
        if role == "tools":
            self._tools(end, stop)
        elif role == "assistant":
            self._reply(end, stop)
        elif role:
            self._asked(role, end, stop)

    def _tools(self, end: int, stop: int) -> None:
        found, _ = values(self.text, self.body, end)
        pieces = [Piece(self.start, self.body, "tools")]
        for a, b, value in found:
            pieces += [Piece(pieces[-1].end, a, "tools"), Piece(a, b, "tools", f"tools.{len(self.reading.tools)}")]
            self.reading.tools.append(value if "function" in value else {"type": "function", "function": value})
        pieces.append(Piece(pieces[-1].end, stop, "tools"))
        if not found:
            self.reading.tell("tools_not_read", "note")
        self.reading.add(Turn(None, tuple(pieces)))

    def _asked(self, role: str, end: int, stop: int) -> None:
        """A user's, system's or tool's turn; the system message of Llama 2 stands inside the user's."""
        start, body = self.start, self.body
        system = SYS.match(self.text, body, end) if role == "user" else None
        if system:
            self.system(system, start)
            start, body = system.end(), system.end()
        elif self.padded and self.text.startswith(" ", body, end):
            body += 1
        if self.padded and end < stop and end > body and self.text[end - 1] == " ":
            end -= 1
        if end == stop and role == "user":
            self.reading.tell("unclosed_turn", placed=True, role=role)
        part = "tool_result" if role == "tool" else "content"
        pieces = (
            Piece(start, body, "header"), Piece(body, end, part, "content"), Piece(end, stop, "end"),
        )  # fmt: skip
        self.reading.add(Turn(Message(role, self.text[body:end]), pieces))

    def system(self, system: re.Match[str], start: int) -> None:
        pieces = (
            Piece(start, system.end(1), "header"),
            Piece(system.end(1), system.start(3), "content", "content"),
            Piece(system.start(3), system.end(), "end"),
        )
        self.reading.add(Turn(Message("system", system[2]), pieces))

    def _reply(self, end: int, stop: int) -> None:
        """An answer; an answer of nothing, not even an end token, is a prompt that waits for one."""
        if end == stop and not self.text[self.body : end].strip():
            return
        start, inner_end = self.body, end
        if self.padded and self.text.startswith(" ", start, end):
            start += 1
            if (
                end < stop
                and self.spaced_ends
                and self.text[start:end].endswith(" ")
                and (end - 1 == start or self.text[end - 2] != " ")
            ):
                inner_end -= 1
        turns = read_body(Body(self.text, start, inner_end, "assistant", cut=end == stop), self.reading)
        if end == stop:
            if stop == len(self.text):
                self.reading.tell("cut_short", "note", placed=True)
            else:
                self.reading.tell("unclosed_turn", placed=True, role="assistant")
        # The template's padding is written by the assistant all the same
        turns[0] = turns[0].around(before=(Piece(self.body, start, "content"),))
        turns[-1] = turns[-1].around(after=(Piece(inner_end, end, "content"), Piece(end, stop, "end")))
        for turn in turns:
            self.reading.add(turn)

    def step(self, match: re.Match[str]) -> None:
        kind, start, end = match.lastgroup, *match.span()
        name = match.group().strip("[]/")
        if kind == "opens":
            self.close(start, start)
            self.role, self.start, self.body = KINDS[name], start, end
        elif kind == "closes" and self.role == KINDS[name]:
            self.close(start, end)
            if name in ("INST", "TOOL_RESULTS"):
                self.role, self.start, self.body = "assistant", end, end
        elif kind == "end" and self.role == "assistant":
            self.close(start, end)
        elif kind == "begin":
            self.close(start, start)


def is_inst(text: str) -> bool:
    """[INST] that is closed again, or a system prompt."""
    return ("[INST]" in text and "[/INST]" in text) or ("[SYSTEM_PROMPT]" in text and "[/SYSTEM_PROMPT]" in text)


def is_llama2(text: str) -> bool:
    """<<SYS>>, or marks with a space inside and a <s> before every question; Mistral writes one for the whole text."""
    if re.search(r"\[(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]", text):
        return False
    return "<<SYS>>" in text or ("[INST] " in text and "</s>[INST]" not in text)


def read_inst(text: str) -> Reading:
    padded = "[INST] " in text and "[SYSTEM_PROMPT]" not in text
    reader = _Reader(text, padded, spaced_ends=" </s>" in text)
    bare = re.match(r"\s*(?:<s>\s*)?(?=<<SYS>>)", text)  # LLaVA: <<SYS>> before the first [INST]
    system = SYS.match(text, bare.end()) if bare else None
    if system:
        reader.system(system, system.start())
    at = system.end() if system else 0
    for match in MARK.finditer(text, at):
        reader.step(match)
    reader.close(len(text), len(text))
    _add_space(text, reader.reading)
    return reader.reading


def _add_space(text: str, reading: Reading) -> None:
    """White space behind an end token, up to the next mark."""
    following = [turn.pieces[0].start for turn in reading.turns[1:]] + [len(text)]
    for i, (turn, limit) in enumerate(zip(reading.turns, following, strict=False)):
        stop = turn.pieces[-1].end
        space = SPACE.match(text, stop, max(stop, limit))
        if space and space.end() > stop and turn.message:
            reading.turns[i] = turn.around(after=(Piece(stop, space.end(), "after_end"),))
