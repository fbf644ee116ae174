"""Text nobody wrote: what a template adds of its own, beyond markers, roles and line breaks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from os.path import commonprefix

from sftviz.chat.messages import ROLES
from sftviz.chat.spans import Span

WORDS = re.compile(r"[^\W\d_]{2,}\W+[^\W\d_]{2,}")


@dataclass(frozen=True)
class Added:
    """Characters [start, end) that stand in no message.

    kind: "system_prompt", "tools_prompt" (the template's words round the list of tools), "empty_reasoning" (a think
    block without a thought), "generation_prompt" (inside a generation block, though the model is given it), "date".
    """

    kind: str
    start: int
    end: int


def added(
    text: str,
    spans: Sequence[Span],
    dates: Iterable[tuple[int, int]],
    control: re.Pattern[str],
    opening: str,
    given: str,
) -> tuple[Added, ...]:
    """opening: what the template writes before a plain chat; given: what it writes for generation behind a chat."""
    found = [*_sentences(text, spans, control, opening), *_given(spans, text, given)]
    found += [Added("empty_reasoning", span.start, span.end) for span in spans if span.part == "empty_reasoning"]
    found += [Added("date", start, end) for start, end in dates]
    return tuple(sorted(found, key=lambda one: (one.start, one.kind)))


def _sentences(text: str, spans: Sequence[Span], control: re.Pattern[str], opening: str) -> Iterator[Added]:
    """The template's own sentences before the first message's words; those round the tools by themselves."""
    for span in takewhile(lambda span: not span.is_quoted or span.source is None, spans):
        if span.is_quoted:
            continue
        end = span.end
        if span.part == "tools":
            end = span.start + len(commonprefix([opening, text[: span.end]])[span.start :])
        if _says_something(text[span.start : end], control):
            yield Added("system_prompt", span.start, end)
        if _says_something(text[end : span.end], control):
            yield Added("tools_prompt", end, span.end)


def _says_something(words: str, control: re.Pattern[str]) -> bool:
    rest = " ".join(word for word in control.sub(" ", words).split() if word.lower() not in ROLES)
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
            for other in takewhile(lambda other, end=end: other.start < end, islice(spans, i, None))
            if other.generated
        ]
    return found
