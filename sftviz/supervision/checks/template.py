"""Checks of what the template made of the chat: what it left out, added, changed, or could not promise."""

import re
from collections.abc import Iterator
from itertools import groupby

from sftviz.chat.messages import DOCUMENT
from sftviz.chat.spans import Span
from sftviz.chat.write.dropped import Dropped
from sftviz.supervision.checks.evidence import Check, Evidence, Found, message, more
from sftviz.supervision.leaves import whole_text
from sftviz.words import Said

TODAY = re.compile(r"strftime_now|\bdate_string\b")
TOKEN_LIKE = re.compile(r"<\|[^|<>\s]+\|>|<｜[^｜<>\s]+｜>|</?s>|<(?:bos|eos|start_of_turn|end_of_turn)>|\[/?INST\]")
UNWRITTEN = ("name", "tool_call_id")  # which hardly any template writes: told, and no alarm
SHOWN = 8  # leaves quoted in one finding
LONGEST_QUOTE = 400  # characters of a call or a tool


def _dropped(e: Evidence) -> Iterator[Found]:
    def place(one: Dropped) -> tuple[bool, int]:
        return (one.turn is None, one.turn or 0)

    dropped = [one for one in e.rendering.dropped if (one.field, one.text) != ("role", DOCUMENT)]
    for (is_tools, turn), group in groupby(sorted(dropped, key=place), key=place):
        lost = list(group)
        values = {
            "template": e.rendering.template.name,
            "fields": tuple(dict.fromkeys(_family(one.field) for one in lost)),
            "quoted": tuple(_quote(e, one) for one in lost[:SHOWN]),
            "more": more(len(lost) - SHOWN),
        }
        where = Said("place.key", key="tools") if is_tools else message(turn)
        slight = all(one.field in UNWRITTEN for one in lost)
        yield Found(values, where=where, severity="note" if slight else None)


def _quote(e: Evidence, one: Dropped) -> str:
    whole = whole_text(e.rendering.chat, one.turn, one.field)
    return whole[:LONGEST_QUOTE] if whole else repr(one.text[:80])


def _family(field: str) -> Said:
    return Said(f"field.{field.split('.')[0]}")


def _added(e: Evidence, kind: str) -> Iterator[Found]:
    for one in e.rendering.added:
        if one.kind == kind:
            tokens = e.tokens_between(one.start, one.end)
            trained = sum(bool(e.supervised[t]) for t in tokens)
            text = e.rendering.text[one.start : one.end]
            yield Found({"text": repr(text[:80]), "trained": trained, "count": len(tokens)}, tokens)


def _system_added(e: Evidence) -> Iterator[Found]:
    return _added(e, "system_prompt")


def _think_added(e: Evidence) -> Iterator[Found]:
    return _added(e, "empty_reasoning")


def _prompt_trained(e: Evidence) -> Iterator[Found]:
    """Tokens that the prompt as written for generation holds already, inside the generation block, and trained."""
    found = [one for one in _added(e, "generation_prompt") if one.values["trained"]]
    if found:
        tokens = [t for one in found for t in one.tokens]
        yield Found({"text": found[0].values["text"], "count": len(tokens)}, tokens)


def _content_changed(e: Evidence) -> Iterator[Found]:
    """A content that the template trims or otherwise rewrites."""
    text = e.rendering.text
    for turn, one in enumerate(e.rendering.chat.messages):
        written = "".join(text[s.start : s.end] for s in _quoted(e, turn))
        if written and one.inline is None and written != one.content and written.strip() == one.content.strip():
            lost = len(one.content) - len(written)
            yield Found({"count": abs(lost), "content": repr(one.content[:40])}, where=message(turn))


def _content_shortened(e: Evidence) -> Iterator[Found]:
    """A content of which the template writes a part only."""
    text = e.rendering.text
    for turn, one in enumerate(e.rendering.chat.messages):
        written = "".join(text[s.start : s.end] for s in _quoted(e, turn))
        kept, whole = len("".join(written.split())), len("".join(one.content.split()))
        if 0 < kept < whole:
            yield Found(
                {"lost": whole - kept, "whole": whole, "template": e.rendering.template.name}, where=message(turn)
            )


def _quoted(e: Evidence, turn: int) -> Iterator[Span]:
    return iter(e.spans_of_field.get((turn, "content"), ()))


def _joined(e: Evidence) -> Iterator[Found]:
    if e.rendering.joined:
        yield Found({"messages": tuple(str(turn + 1) for turn in e.rendering.joined)})


def _rewritten(e: Evidence) -> Iterator[Found]:
    at = e.rendering.rewritten
    written = e.rendering.chat.written
    if at is not None and written is not None:
        values = {"template": e.rendering.template.name, "at": at}
        values |= {"pasted": repr(written.text[at : at + 24]), "now": repr(e.rendering.text[at : at + 24])}
        yield Found(values)


def _pieces_unknown(e: Evidence) -> Iterator[Found]:
    rendering = e.rendering
    written = {
        match.group()
        for span in rendering.spans
        if not span.is_quoted
        for match in TOKEN_LIKE.finditer(rendering.text, span.start, span.end)
    }
    # what a tokenizer has as ordinary text, because its model reads it so
    of_text: frozenset[str] = getattr(rendering.tokenizer, "markers", frozenset())
    missing = sorted(piece for piece in written - of_text if rendering.tokenizer.id_of(piece) is None)
    if missing:
        yield Found({"pieces": tuple(missing)})


def _prompt_differs(e: Evidence) -> Iterator[Found]:
    if e.rendering.prompt_error is None and not e.rendering.prompt_is_prefix:
        yield Found({"at": e.rendering.prompt_end})


def _prompt_refused(e: Evidence) -> Iterator[Found]:
    if e.rendering.prompt_error is not None:
        yield Found({"told": e.rendering.prompt_error})


def _parts_unknown(e: Evidence) -> Iterator[Found]:
    if not e.rendering.parts_known:
        yield Found()


def _no_generation(e: Evidence) -> Iterator[Found]:
    policy = e.verdicts.policy if e.verdicts else None
    if policy and policy.scope == "turns" and not e.rendering.template.has_generation:
        yield Found({"template": e.rendering.template.name})


def _depends_on_date(e: Evidence) -> Iterator[Found]:
    if TODAY.search(e.rendering.template.jinja):
        yield Found()


TEMPLATE = frozenset({"template"})
LABELLED = TEMPLATE | {"labels"}
TURNS = frozenset({"turns"})
CHECKS = (
    Check("field_dropped", "warning", "The template drops part of a message", TEMPLATE, _dropped),
    Check("content_shortened", "warning", "The template writes a part of a message", TEMPLATE, _content_shortened),
    Check("text_rewritten", "warning", "Written anew, not as pasted", TEMPLATE | TURNS, _rewritten),
    Check("turns_joined", "warning", "Turns were joined", TEMPLATE, _joined),
    Check("control_text_is_split", "warning", "The tokenizer does not know its control tokens", TURNS, _pieces_unknown),
    Check("prompt_differs", "warning", "Generation prompt is not the training prefix", TEMPLATE, _prompt_differs),
    Check("prompt_refused", "warning", "The template refuses the generation prompt", TEMPLATE, _prompt_refused),
    Check("parts_unknown", "warning", "The template rewrites messages", TEMPLATE, _parts_unknown),
    Check("prompt_trained", "note", "Tokens of the generation prompt are trained", LABELLED, _prompt_trained),
    Check("system_added", "note", "A system prompt that nobody wrote", LABELLED, _system_added),
    Check("think_added", "note", "A think block that nobody wrote", LABELLED, _think_added),
    Check("content_changed", "note", "White space the template changed", TEMPLATE, _content_changed),
    Check("no_generation_markers", "note", "The template marks no generation", LABELLED | {"policy"}, _no_generation),
    Check("depends_on_date", "note", "The text depends on the date", TEMPLATE, _depends_on_date),
)
