"""Unsloth's train_on_responses_only: on the ids alone, from after the marker of a reply to whatever ends it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sftviz.chat.messages import Message
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset, labels_of
from sftviz.supervision.frameworks.said import why
from sftviz.supervision.frameworks.writer import Writer, writer

FRAMEWORK = Framework(
    "unsloth",
    "Unsloth",
    "unsloth_zoo 2026.10.9",
    ("dataset_utils.py",),
    "LGPL-3.0-or-later",
    "ran",
)
PRESETS = (
    Preset(
        "unsloth/responses",
        "Unsloth, train_on_responses_only",
        "from after each marker of a reply to the eos; where the end-of-turn is not the eos, to the next header",
        {},
    ),
    Preset(
        "unsloth/last_response",
        "Unsloth, last_response_only",
        "the same of the last reply only",
        {"last_response_only": True},
    ),
)
ASKED, TOLD = "\u2060Asked7q\u2060", "\u2060Told4z\u2060"  # stand in for what is said, to read what stands between
THOUGHT = re.compile(r"</[^\s/>]+>\s*$")  # a think block in the generation prompt: Unsloth asks again, and so differs
Ids = list[int]


@dataclass(frozen=True)
class Markers:
    """Ids that open a request and a reply, and the opener they share where it is a special token."""

    request: Ids
    reply: Ids
    opener: Ids


def encode(asked: Asked) -> Iterator[Labelled]:
    one = writer(asked)
    rendering = one.rendering()
    spans = list(replies(rendering.ids, _markers(one), asked.tokenizer.eos_id, _bos_id(one)))
    if asked.option("last_response_only"):
        spans = spans[-1:]
    inside = {t for start, end in spans for t in range(start, end)}
    labels = labels_of(rendering.ids, (t in inside for t in range(len(rendering.ids))))
    yield Labelled(rendering, labels, why(rendering, labels, "fw_after_marker"))


def replies(ids: Sequence[int], markers: Markers, eos: int | None, bos: int | None) -> Iterator[tuple[int, int]]:
    """Tokens [start, end) of every reply. A marker that somebody typed counts as well.

    A reply ends after its eos; before a BOS, an opener, a reply's marker or a request's; or with the row.
    """
    at = 0
    while at < len(ids):
        if not _stands(ids, at, markers.reply):
            at += 1
            continue
        start = at + len(markers.reply)
        end, at = _end_of(ids, start, markers, eos, bos)
        if end is not None:
            yield start, end


def _end_of(
    ids: Sequence[int], start: int, markers: Markers, eos: int | None, bos: int | None
) -> tuple[int | None, int]:
    """Where a reply ends, and where to look for the next one."""
    for t in range(start, len(ids)):
        if ids[t] == eos:
            return t + 1, t + 1
        if ids[t] == bos or (markers.opener and _stands(ids, t, markers.opener)) or _stands(ids, t, markers.reply):
            return t, t
        if _stands(ids, t, markers.request) and t != len(ids) - 1:
            return t, t + len(markers.request)
        if t == len(ids) - 1:
            return len(ids), len(ids)
    return None, len(ids)


def _stands(ids: Sequence[int], at: int, marker: Ids) -> bool:
    return list(ids[at : at + len(marker)]) == marker


def _bos_id(one: Writer) -> int | None:
    piece = one.asked.tokenizer.variables.get("bos_token")
    return one.asked.tokenizer.id_of(piece) if piece else None


def _markers(one: Writer) -> Markers:
    given = [one.asked.option(name) for name in ("instruction_part", "response_part")]
    request, reply = given if all(given) else found_markers(one)
    if not all(given) and THOUGHT.search(reply):
        raise NoRow("marker_with_thought", marker=reply)
    request_ids, reply_ids = one.encode(request).ids.tolist(), one.encode(reply).ids.tolist()
    return Markers(request_ids, reply_ids, _shared_opener(one, request_ids, reply_ids))


def _shared_opener(one: Writer, request: Ids, reply: Ids) -> Ids:
    shared: Ids = []
    for a, b in zip(request, reply, strict=False):
        if a != b:
            break
        shared.append(a)
    return shared if all(token in one.asked.tokenizer.control_ids for token in shared) else []


def found_markers(one: Writer) -> tuple[str, str]:
    """What stands between what is said, most often: the markers of a request and of a reply."""
    turns = [Message("user", ASKED), Message("assistant", TOLD)] * 3
    whole = one.text(turns, tools=False)
    after_reply, after_request = _gap(whole, TOLD, ASKED), _gap(whole, ASKED, TOLD)
    header = _header(one, turns[:-1])
    if header and after_request.endswith(header) and len(header) < len(after_request):
        ending = after_request.removesuffix(header)
        return _without(after_reply, ending), header
    if header and header == after_request:
        reply, request = _from_where_they_part(one, header, after_reply)
        return _without(request, *_separators(one)), reply
    ends = _separators(one)
    if not _without(after_reply, *ends) or not _without(after_request, *ends):
        raise NoRow("markers_not_found")
    return _without(after_reply, *ends), _without(after_request, *ends)


def _gap(text: str, before: str, behind: str) -> str:
    gaps = re.findall(f"{re.escape(before)}((?:(?!{re.escape(before)}).)*?){re.escape(behind)}", text, re.DOTALL)
    return Counter(gaps).most_common(1)[0][0] if gaps else ""


def _header(one: Writer, turns: list[Message]) -> str:
    """What a generation prompt adds behind a request."""
    asked, plain = (one.text(turns, generation_prompt=yes, tools=False).rpartition(ASKED)[2] for yes in (True, False))
    return "" if asked == plain else _from_where_they_part(one, asked, plain)[0]


def _from_where_they_part(one: Writer, a: str, b: str) -> tuple[str, str]:
    """Both without the control tokens and spaces that both begin with."""
    tokenizer = one.asked.tokenizer
    pieces = sorted((tokenizer.decode([token]) for token in tokenizer.control_ids), key=len, reverse=True)
    while True:
        spaces = [text[: len(text) - len(text.lstrip())] for text in (a, b)]
        shared = spaces[0] if spaces[0] == spaces[1] else ""
        shared = shared or next((piece for piece in pieces if a.startswith(piece) and b.startswith(piece)), "")
        if not shared:
            return a, b
        a, b = a.removeprefix(shared), b.removeprefix(shared)


def _separators(one: Writer) -> tuple[str, ...]:
    variables = one.asked.tokenizer.variables
    return (" ", "\t", *(str(variables[name]) for name in ("eos_token", "bos_token") if variables.get(name)))


def _without(text: str, *leading: str) -> str:
    while found := next((piece for piece in leading if piece and text.startswith(piece)), ""):
        text = text.removeprefix(found)
    return text
