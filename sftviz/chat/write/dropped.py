"""What a template leaves out: every leaf of the chat of which no character came out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sftviz.chat.messages import ROLES, Chat
from sftviz.chat.spans import THINK_TAGS
from sftviz.chat.write.leaves import Leaf, Leaves
from sftviz.chat.write.spans import inline_parts
from sftviz.chat.write.tracked import Run

# Words of a schema that many templates write in their own way; a tool without them has lost nothing a person wrote
SCHEMA = frozenset({"type", "required", "strict", "additionalProperties", "title", "$schema", "format"})
SCHEMA_KEYS = SCHEMA | {"function", "name", "description", "parameters", "properties", "items", "enum", "default"}


@dataclass(frozen=True)
class Dropped:
    """A text of the chat that the template does not write. turn: None for a tool on offer; field: see `Span.field`.

    A call, or a tool, of which nothing came out is one entry: "tool_calls.1", "tools.0".
    """

    turn: int | None
    field: str
    text: str


def missing(leaves: Leaves, runs: Sequence[Run] | None) -> list[int]:
    """The leaves, by number, of which no character came out; all of them where the origin is not known."""
    written = {run[1] for run in runs or () if run[0]}
    out = {_place(leaf) for i, leaf in enumerate(leaves.table) if i in written}
    return [i for i, leaf in enumerate(leaves.table) if _counts(leaf) and _place(leaf) not in out]


def untracked(
    missed: list[int], messages: list[Any], tools: list[Any], write: Callable[[list[Any], list[Any]], str | None]
) -> set[int]:
    """Those of the missing leaves that come out all the same, by a way that could not be followed.

    They are told by writing the chat once more with an unlikely word in the place of each.
    """
    words: dict[int, Any] = {leaf: f"zq{leaf}vx" for leaf in missed}
    plain = Leaves(messages, tools)
    words |= {leaf: 7_000_000_019 + leaf for leaf in missed if plain.table[leaf].kind == "number"}
    probe = Leaves(messages, tools, words)
    text = write(probe.messages, probe.tools)
    if text is None:  # the template refuses the words: nothing is known, so nothing is called lost
        return set(missed)
    lowered = text.lower()
    return {leaf for leaf, word in words.items() if str(word) in lowered}


def dropped(chat: Chat, leaves: Leaves, missed: Iterable[int], runs: Sequence[Run] | None) -> tuple[Dropped, ...]:
    """The missing leaves as people know them: whole calls and tools as one, a thought inside a content by itself."""
    lost = [leaves.table[i] for i in missed]
    gone = {(leaf.message, leaf.field) for leaf in lost}
    kept = {_owner(leaf) for leaf in leaves.table if _counts(leaf) and (leaf.message, leaf.field) not in gone}
    found: dict[tuple[int | None, str], Dropped] = {}
    for leaf in lost:
        owner = _owner(leaf)
        whole = owner not in kept and owner[1] != leaf.field
        field = owner[1] if whole else leaf.field
        text = _title(leaves, owner) if whole else leaf.text
        found.setdefault((leaf.message, field), Dropped(leaf.message, field, text))
    return (*found.values(), *_dropped_thoughts(chat, leaves, runs))


def _dropped_thoughts(chat: Chat, leaves: Leaves, runs: Sequence[Run] | None) -> Iterable[Dropped]:
    """A template that cuts its content at </think> may write the reply and leave the thought out, or the reverse."""
    covered: dict[int, list[tuple[int, int]]] = {}
    for length, leaf, place, step in runs or ():
        if length and leaf >= 0 and leaves.table[leaf].field == "content":
            end = place + (length if step else 1)
            covered.setdefault(leaves.table[leaf].message or 0, []).append((place, end))
    for i, message in enumerate(chat.messages):
        if message.inline is None or i not in covered:
            continue
        for start, end, part in inline_parts(message):
            text = message.inline[start:end]
            seen = any(low < end and start < high for low, high in covered[i])
            if part != THINK_TAGS and text.strip() and not seen:
                yield Dropped(i, part, text)


def _place(leaf: Leaf) -> tuple[int | None, str]:
    return leaf.message, leaf.field


def _owner(leaf: Leaf) -> tuple[int | None, str]:
    names = leaf.field.split(".")
    return leaf.message, ".".join(names[:2]) if names[0] in ("tool_calls", "tools") else leaf.field


def _title(leaves: Leaves, owner: tuple[int | None, str]) -> str:
    names = (f"{owner[1]}.name", f"{owner[1]}.function.name")
    return next((leaf.text for leaf in leaves.table if leaf.message == owner[0] and leaf.field in names), "")


def _counts(leaf: Leaf) -> bool:
    """True: a text somebody wrote, so that its loss is worth a word."""
    if leaf.kind not in ("text", "number", "key") or not leaf.text.strip():
        return False
    if leaf.field == "role":
        return leaf.text not in ROLES
    if not leaf.field.startswith("tools"):
        return True
    names = leaf.field.removesuffix("#key").split(".")
    return names[-1] not in SCHEMA_KEYS if leaf.kind == "key" else not SCHEMA & set(names[-2:])
