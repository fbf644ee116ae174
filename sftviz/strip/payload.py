"""What the script of the strip is given: columns of plain values, every sentence in the language spoken.

Nothing is computed here beyond the ends of a scale: numbers come from `columns`, `Inspection` and `Comparison`.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import TYPE_CHECKING, Any

from sftviz import words
from sftviz.columns import COLUMNS, Column, TokenRow
from sftviz.figures import palette
from sftviz.strip.sentence import summary
from sftviz.strip.static import MARKS
from sftviz.supervision.checks import Finding
from sftviz.words import say, tell
from sftviz.words.visible import visible

if TYPE_CHECKING:
    from sftviz.comparison import Comparison
    from sftviz.inspection import Inspection

MOST_DRAWN = 20_000
DEAREST = 5
KINDS = ("supervised", "role")  # colourings that are no amount
DRAWN = ("id", "box", "role", "message", "supervised", "weight", "control", "forged")
ABOUT = ("position", "id", "bytes", "role", "part", "weight", "label")  # listed among what more is known of a token
PRICED = tuple(
    name for name, column in COLUMNS.items() if column.speaks_of == "prediction" and not name.startswith("target")
)
WORDS = (
    "aria", "supervised", "ignored", "count_supervised", "count_ignored", "rest", "rest_bytes", "cost", "none",
    "template", "own", "weight", "detail", "hint", "place", "previous", "following", "close", "not_there", "expected",
    "more", "predicted_at", "what_is_it", "go_to", "dearest", "tools", "color_by", "by_supervised", "by_role",
    "by_difference", "only", "previous_supervised", "next_supervised", "find", "find_help", "matches", "picture",
    "with_text", "without_text", "keys", "key_move", "key_ends", "key_choose", "key_supervised", "key_find",
    "key_close", "key_help", "show", "more_findings", "only_there", "only_here", "supervised_meaning", "role_meaning",
    "difference_meaning",
)  # fmt: skip
LESSON_OF_A_REASON = "prompt_masking"
# A column's word -> the lesson that explains it; what it means in two lines is the sentence bench.term.<column>
TERMS = {
    "nll": "next_token", "probability": "next_token", "rank": "next_token", "entropy": "cross_entropy_vs_mse",
    "grad_norm": "cross_entropy_vs_mse", "grad_norm_hidden": "cross_entropy_vs_mse", "label": "prompt_masking",
    "part": "prompt_masking", "weight": "prompt_masking",
}  # fmt: skip


def payload(
    seen: "Inspection",
    *,
    comparison: "Comparison | None" = None,
    coloring: str = "supervised",
    selected: int = -1,
    links: Mapping[str, Mapping[str, str]] | None = None,
    tools: bool = True,
) -> dict[str, Any]:
    """The first MOST_DRAWN tokens as JSON holds them.

    links: lesson -> {"title", "href"}, where lessons can be opened. tools=False: tokens and detail only.
    """
    rows = seen.rows()[:MOST_DRAWN]
    drawn = {name: [row[name] for row in rows] for name in DRAWN}
    shown = [visible(row.text) for row in rows]
    own = [_priced(name, rows) for name in PRICED] if seen.losses is not None else []
    cost = [_short(row.cost) for row in rows]
    return {
        "key": sha1(repr((seen.rendering.ids[:MOST_DRAWN], shown, words.language(), tools)).encode()).hexdigest(),
        "columns": drawn,
        "shown": shown,
        "breaks": [row.text.endswith("\n") for row in rows],
        **_reasons(rows),
        "why": LESSON_OF_A_REASON,
        "about": [_listed(name, [_said(name, row[name]) for row in rows]) for name in ABOUT],
        "own": own,
        "cost": cost,
        "expected": _expected(seen, rows),
        "dearest": [position for position in seen.dearest(DEAREST) if position < len(rows)],
        "verdict": say(summary(seen)) if tools else "",
        "findings": [_found(one) for one in seen.findings] if tools else [],
        "compare": None if comparison is None else _compared(comparison, len(rows)),
        "words": {word: words.sentences(words.language())[f"bench.{word}"] for word in WORDS},
        "terms": {name: {"says": tell(f"bench.term.{name}"), "lesson": lesson} for name, lesson in TERMS.items()},
        "links": dict(links or {}),
        "palette": {
            "roles": palette.ROLES,
            "sequential": palette.SEQUENTIAL,
            "diverging": palette.DIVERGING,
            "supervised": palette.SUPERVISED_ON,
        },
        "coloring": coloring,
        "selected": selected,
        "tools": tools,
    }


def _listed(name: str, values: list[Any]) -> dict[str, Any]:
    column = COLUMNS[name]
    title = words.row("column", column, "title")
    term = name if name in TERMS else ""
    return {"name": name, "title": title, "unit": column.unit, "values": values, "term": term}


def _priced(name: str, rows: Sequence[TokenRow]) -> dict[str, Any]:
    column = COLUMNS[name]
    values = [_short(column.own(row)) for row in rows]
    meaning = words.row("column", column, "meaning")
    return _listed(name, values) | {
        "colours": column.colours,
        "high": highest(column, values),
        "meaning": meaning,
        "drops": name == "grad_norm_hidden",  # a model that bends its logits gives none
    }


def highest(column: Column, values: Sequence[float | None]) -> float:
    """The end of a colouring's scale; it begins at 0."""
    return column.highest or max((value for value in values if value is not None), default=1.0) or 1.0


def _short(value: Any) -> Any:
    """Six digits: what a screen shows, and half of what JSON would send."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _said(name: str, value: Any) -> Any:
    if name == "part":
        return tell(f"part.{value}")
    return tell("bench.nobody") if name == "role" and value is None else value


def _reasons(rows: Sequence[TokenRow]) -> dict[str, list[Any]]:
    # Few reasons serve thousands of tokens: each is sent once
    unique = list(dict.fromkeys(row.reason for row in rows))
    index = {reason: i for i, reason in enumerate(unique)}
    return {
        "reasons": [say(reason) for reason in unique],
        "reason": [index[row.reason] for row in rows],
    }


def _expected(seen: "Inspection", rows: Sequence[TokenRow]) -> list[list[tuple[str, float, bool]]]:
    """Of each token what the model thought likeliest in its place: text, probability, and whether it is the one."""
    if seen.losses is None:
        return []
    return [
        [(visible(text), _short(share), is_it) for text, share, is_it in seen.expected(row.position)] for row in rows
    ]


def _found(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "mark": MARKS[finding.severity],
        "name": tell(f"ui.notes.{finding.severity}"),
        "where": say(finding.where) if finding.where else "",
        "message": say(finding.what),
        "remedy": say(finding.remedy) if finding.remedy else "",
        "tokens": [position for position in finding.tokens if position < MOST_DRAWN][:1],
    }


def _compared(comparison: "Comparison", drawn: int) -> dict[str, Any]:
    reasons = list(dict.fromkeys(one.reason for one in comparison.other[:drawn] if one is not None))
    index = {reason: i for i, reason in enumerate(reasons)}
    there = comparison.other[:drawn]
    difference = [_short(value) for value in comparison.cost_difference[:drawn]]
    known = [abs(value) for value in difference if value is not None]
    return {
        "title": comparison.title,
        "supervised": [None if one is None else one.supervised for one in there],
        "reasons": [say(reason) for reason in reasons],
        "reason": [None if one is None else index[one.reason] for one in there],
        "cost": [None if one is None else _short(one.cost) for one in there],
        "differs": comparison.differs[:drawn],
        "difference": difference,
        "hasCosts": bool(known),
        "high": max(known, default=1.0) or 1.0,
        "sentence": say(comparison.sentence()),
        "groups": [
            {"says": say(group.said), "positions": [t for t in group.positions if t < drawn][:1]}
            for group in comparison.groups()
        ],
    }
