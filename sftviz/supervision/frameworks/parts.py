"""What of a row is trained, part by part, and what a model trained so would do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sftviz.chat.spans import Span
from sftviz.supervision.frameworks.made import FrameworkRow
from sftviz.supervision.frameworks.said import span_at
from sftviz.words import Said

REPLY = ("content", "reasoning", "tool_call")


@dataclass(frozen=True)
class Part:
    """A column of the matrix: which spans it counts. name: its words are side.part.<name>."""

    name: str
    holds: Callable[[Span], bool]


def _own(part: str) -> Callable[[Span], bool]:
    return lambda span: span.role == "assistant" and span.part == part


PARTS = (
    Part("bos", lambda span: span.turn is None and span.role is None and span.part == "gap"),
    Part("system", lambda span: span.role in ("system", "developer") and span.part == "content"),
    Part("user", lambda span: span.role == "user" and span.part == "content"),
    Part("header", _own("header")),
    Part("thought", _own("reasoning")),
    Part("empty_thought", _own("empty_reasoning")),
    Part("reply", _own("content")),
    Part("call", _own("tool_call")),
    Part("result", lambda span: span.role == "tool" and span.part in ("tool_result", "content")),
    Part("end", _own("end")),
    Part("newline", _own("after_end")),
    Part("other_header", lambda span: span.role in ("user", "system", "developer", "tool") and span.part == "header"),
    Part("other_end", lambda span: span.role in ("user", "system", "developer", "tool") and span.part == "end"),
)


@dataclass(frozen=True)
class Cell:
    """How many of a part's tokens are trained."""

    trained: int
    tokens: int

    @property
    def state(self) -> str:
        """ "trained", "not", "some"; "absent" where the row has no such token."""
        if not self.tokens:
            return "absent"
        return "trained" if self.trained == self.tokens else "some" if self.trained else "not"


def cells(row: FrameworkRow) -> dict[str, Cell]:
    """Every part of PARTS, counted in the row's own tokens."""
    counts = {part.name: [0, 0] for part in PARTS}
    for position, trained in enumerate(row.verdicts.supervised):
        span = span_at(row.rendering, position)
        for part in PARTS:
            if part.holds(span):
                counts[part.name][0] += trained
                counts[part.name][1] += 1
    return {name: Cell(*count) for name, count in counts.items()}


def consequences(row: FrameworkRow) -> tuple[Said, ...]:
    """What a model trained on such rows would do, as codes of words' [would]."""
    return tuple(Said(f"would.{code}", **values) for code, values in _would(row))


def _would(row: FrameworkRow) -> Iterator[tuple[str, dict[str, int]]]:
    of = cells(row)
    trained, ended, replied = (_turns(row, parts) for parts in (REPLY, ("end",), None))
    if not row.verdicts.is_target.any():
        yield "learn_nothing", {}
        return
    if of["user"].trained:
        yield "write_the_users_turn", {}
    if of["result"].trained:
        yield "invent_tool_results", {}
    if trained and not ended:
        yield "never_stop", {}
    elif trained - ended:
        yield "stop_in_some_turns_only", {"count": len(trained - ended), "of": len(trained)}
    if replied - trained - ended:
        yield "not_learn_some_replies", {"count": len(replied - trained - ended), "of": len(replied)}
    if of["empty_thought"].trained:
        yield "write_an_empty_thought", {}
    if of["newline"].trained:
        yield "write_on_after_its_end", {}
    if of["other_header"].trained:
        yield "open_the_next_turn", {}
    if row.label_differs:
        yield "predict_another_token", {"count": len(row.label_differs)}


def _turns(row: FrameworkRow, parts: tuple[str, ...] | None) -> set[int]:
    """Turns of the assistant of which a token of these parts is trained; None: all turns that stand in the row."""
    found: set[int] = set()
    for position, trained in enumerate(row.verdicts.supervised):
        span = span_at(row.rendering, position)
        if span.role == "assistant" and span.turn is not None and (parts is None or (trained and span.part in parts)):
            found.add(span.turn)
    return found
