"""Text nobody wrote: what a template adds of its own, beyond markers, roles and line breaks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from sftviz.chat.messages import Chat
from sftviz.chat.spans import Span
from sftviz.chat.write.pieces import Piece

WORDS = re.compile(r"[^\W\d_]{2,}\W+[^\W\d_]{2,}")


@dataclass(frozen=True)
class Added:
    """Characters [start, end) that stand in no message.

    kind: "system_prompt", "empty_reasoning" (a think block without a thought), "generation_prompt" (inside a
    generation block, though the model is given it), "date".
    """

    kind: str
    start: int
    end: int


def added(
    chat: Chat, text: str, spans: Sequence[Span], pieces: Sequence[Piece], control: re.Pattern[str], given: str
) -> tuple[Added, ...]:
    """given: what the template writes for generation behind the last turn that the model is given."""
    found = [*_system_prompt(chat, text, spans, control), *_given(spans, text, given)]
    found += [Added("empty_reasoning", span.start, span.end) for span in spans if span.part == "empty_reasoning"]
    found += [Added("date", piece.start, piece.end) for piece in pieces if piece.is_date]
    return tuple(sorted(found, key=lambda one: (one.start, one.kind)))


def _system_prompt(chat: Chat, text: str, spans: Sequence[Span], control: re.Pattern[str]) -> list[Added]:
    """The template's own sentences before the first message's words, tools aside."""
    first = next((i for i, span in enumerate(spans) if span.is_quoted and span.source is not None), 0)
    before = [span for span in spans[:first] if not span.is_quoted and span.part in ("gap", "header")]
    roles = {message.role for message in chat.messages}
    return [
        Added("system_prompt", span.start, span.end)
        for span in before
        if _says_something(control.sub(" ", text[span.start : span.end]), roles)
    ]


def _says_something(words: str, roles: set[str]) -> bool:
    rest = " ".join(word for word in words.split() if word.lower() not in {*roles, "system", "developer"})
    return WORDS.search(rest) is not None


def _given(spans: Sequence[Span], text: str, given: str) -> list[Added]:
    """The head of every reply's turn that is the prompt for generation, as far as it lies in a generation block."""
    found, seen = list[Added](), set[int]()
    for i, span in enumerate(spans):
        if span.role != "assistant" or span.turn is None or span.turn in seen:
            continue
        seen.add(span.turn)
        if not given or not text.startswith(given, span.start):
            continue
        end = span.start + len(given)
        found += [
            Added("generation_prompt", other.start, min(other.end, end))
            for other in takewhile(lambda other: other.start < end, islice(spans, i, None))
            if other.generated
        ]
    return found
