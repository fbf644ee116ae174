"""Checks of turns: replies, their ends, and what somebody typed into a message."""

from collections.abc import Iterator
from itertools import groupby

from sftviz.chat.messages import Message
from sftviz.chat.write.otherwise import white_space_parts_at
from sftviz.supervision.checks.evidence import HIDDEN, Check, Evidence, Found, message, more, positions_where
from sftviz.supervision.leaves import leaf_text
from sftviz.words import Said


def _end_not_supervised(e: Evidence) -> Iterator[Found]:
    for turn in e.replies:
        ends = e.tokens_of(turn, "end")
        if ends and e.supervised[e.tokens_of(turn)].any() and not e.supervised[ends].any():
            yield Found(tokens=ends, where=message(turn))


def _no_end_of_turn(e: Evidence) -> Iterator[Found]:
    if not e.rendering.parts_known:
        return
    last = len(e.rendering.chat.messages) - 1
    for turn in e.replies:
        tokens = e.tokens_of(turn)
        if tokens and not e.tokens_of(turn, "end") and e.tokens_of(turn, "content", "reasoning", "tool_call"):
            yield Found({"is_last": turn == last}, tokens[-1:], message(turn))


def _empty_reply(e: Evidence) -> Iterator[Found]:
    for turn in e.replies:
        tokens = e.tokens_of(turn)
        supervised = [t for t in tokens if e.supervised[t]]
        if supervised and not says_something(e.rendering.chat.messages[turn]):
            yield Found(tokens=supervised, where=message(turn))


def says_something(one: Message) -> bool:
    return bool(one.content.strip() or one.reasoning.strip() or one.tool_calls)


def _ends_without_reply(e: Evidence) -> Iterator[Found]:
    messages = e.rendering.chat.messages
    if messages and messages[-1].role in ("user", "tool", "system", "developer"):
        last = len(messages) - 1
        yield Found({"role": messages[-1].role}, e.tokens_of(last), message(last))


def _forged(e: Evidence) -> Iterator[Found]:
    """One finding a field: its first forged token and how many follow."""
    tokens, spans = e.rendering.tokens, e.rendering.spans
    forged = [t for t in range(len(tokens)) if tokens.is_forged[t]] if tokens.is_forged.any() else []

    def field_of(t: int) -> tuple[int | None, str]:
        span = spans[int(tokens.first_span[t])]
        return span.source, span.field

    for (source, field), group in groupby(forged, key=field_of):
        run = list(group)
        first = run[0]
        piece = tokens.rendered[int(tokens.starts[first]) : int(tokens.ends[first])]
        at = _place_in_leaf(e, source, field, int(tokens.starts[first]))
        where = Said("place.field", field=field)
        if at is not None:
            where = Said("place.within", outer=where, inner=Said("place.character", n=at))
        if source is not None:
            where = Said("place.within", outer=message(source), inner=where)
        yield Found({"piece": piece, "id": int(tokens.ids[first]), "more": more(len(run) - 1)}, run, where)


def _place_in_leaf(e: Evidence, source: int | None, field: str, at: int) -> int | None:
    """Where in its own field a character of the text stands; None where the template rewrote the field."""
    leaf = leaf_text(e.rendering.chat, source, field)
    run = [span for span in e.spans_of_field.get((source, field), ()) if span.start <= at < span.end]
    if leaf is None or not run:
        return None
    written = e.rendering.text[run[0].start : run[0].end]
    begins = leaf.find(written)
    return None if begins < 0 else begins + at - run[0].start


def _invisible(e: Evidence) -> Iterator[Found]:
    count = len(HIDDEN.findall(e.rendering.text))
    if count:
        yield Found({"count": count}, positions_where(e.rendering.tokens, HIDDEN))


def _uncovered(e: Evidence) -> Iterator[Found]:
    shown = sum(map(len, e.rendering.tokens.texts))
    if shown < len(e.rendering.text):
        yield Found({"count": len(e.rendering.text) - shown})


def _nothing_written(e: Evidence) -> Iterator[Found]:
    if not len(e.row.ids):
        roles = tuple(dict.fromkeys(one.role for one in e.rendering.chat.messages))
        yield Found({"template": e.rendering.template.name, "roles": roles})


def _white_space(e: Evidence) -> Iterator[Found]:
    """Training text whose white space is not its template's: one space too many is another token."""
    otherwise = e.rendering.otherwise
    at = None if otherwise is None else white_space_parts_at(e.rendering.text, otherwise)
    if at is not None:
        values = {"template": e.rendering.template.name, "around": repr(e.rendering.text[max(0, at - 20) : at + 20])}
        yield Found(values, e.tokens_between(max(0, at - 1), at + 1), Said("place.character", n=at))


def _edge_white_space(e: Evidence) -> Iterator[Found]:
    """White space at the ends of a reply; in training text, of any message: a header may end in one line break more."""
    rendering = e.rendering
    if rendering.as_written and rendering.otherwise is None:
        return  # a form that pads its messages itself
    turns = range(len(rendering.chat.messages)) if rendering.as_written else e.replies
    for turn in turns:
        spans = e.spans_of_field.get((turn, "content"), [])
        said = "".join(rendering.text[span.start : span.end] for span in spans)
        if said.strip() and said != said.strip():
            shown = said[:20] if said[0].isspace() else said[-20:]
            yield Found({"role": rendering.chat.messages[turn].role, "shown": repr(shown)}, where=message(turn))


TURNS = frozenset({"turns"})
SUPERVISED = TURNS | {"labels"}
CHECKS = (
    Check("nothing_written", "error", "The template writes nothing", TURNS, _nothing_written),
    Check("forged_control_token", "warning", "A control token typed inside a message", TURNS, _forged),
    Check("end_not_supervised", "warning", "The end of a reply is not supervised", SUPERVISED, _end_not_supervised),
    Check("no_end_of_turn", "warning", "No end-of-turn after a reply", TURNS, _no_end_of_turn),
    Check("white_space_differs", "warning", "White space that is not the template's", TURNS, _white_space),
    Check("empty_reply", "warning", "An empty reply", SUPERVISED, _empty_reply),
    Check("edge_white_space", "note", "White space at the ends of a message", TURNS, _edge_white_space),
    Check("invisible_characters", "warning", "Invisible characters", TURNS, _invisible),
    Check("text_not_covered", "warning", "Text that no token covers", TURNS, _uncovered),
    Check("ends_without_reply", "note", "The chat ends without a reply", TURNS, _ends_without_reply),
)
