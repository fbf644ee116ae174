"""Reasons that several frameworks share: a label and why, for every token of a row."""

from collections.abc import Callable, Sequence

from sftviz.chat.rendering import Rendering
from sftviz.chat.spans import Span
from sftviz.supervision import IGNORE
from sftviz.supervision.judge import of_span
from sftviz.words import Said


def of_token(rendering: Rendering, position: int) -> Said:
    """What a token is, in words: "assistant end-of-turn"."""
    return of_span(span_at(rendering, position))


def span_at(rendering: Rendering, position: int) -> Span:
    return rendering.spans[int(rendering.tokens.first_span[position])]


def why(rendering: Rendering, labels: Sequence[int], trained: str, left_out: str | None = None) -> list[Said]:
    """`trained` for every target; what is left out by its part, or `left_out`. Codes of words' [reason]."""
    return explained(
        rendering, labels, lambda t: trained if labels[t] != IGNORE else left_out or _left_out(rendering, t)
    )


def explained(rendering: Rendering, labels: Sequence[int], code: Callable[[int], str]) -> list[Said]:
    return [Said(f"reason.{code(t)}", what=of_token(rendering, t)) for t in range(len(labels))]


OF_PART = {
    "header": "fw_no_header", "end": "fw_no_end", "after_end": "fw_no_after_end", "empty_reasoning": "fw_no_thought",
    "padding": "fw_padding",
}  # fmt: skip


def _left_out(rendering: Rendering, position: int) -> str:
    span = span_at(rendering, position)
    if span.part != "padding" and span.role != "assistant":
        return "fw_other_role" if span.role else "fw_nobodys"
    return OF_PART.get(span.part, "fw_not_reached")
