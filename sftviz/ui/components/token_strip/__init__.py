"""The token strip: every token of a chat, coloured, explained on hover, chosen by a click. See strip.js."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

from sftviz.figures import palette
from sftviz.figures.strip import amounts, visible
from sftviz.ui.language import pattern, t, told, words_of

HERE = Path(__file__).parent
SENT = (
    "position", "id", "bytes", "box", "role", "part", "message", "supervised", "forged", "control", "label", "target",
    "nll", "probability", "rank", "entropy", "grad_norm", "grad_norm_hidden",
)  # fmt: skip


# What strip.js says, and the code of each under ui.strip
WORDS = {
    "Tokens. Arrow keys move, Enter selects.": "label",
    "supervised": "supervised",
    "not supervised": "not_supervised",
    "supervised: {count}": "supervised_count",
    "not supervised: {count}": "not_supervised_count",
    "rest of a character": "rest",
    "rest of a character: {bytes}": "rest_bytes",
    "cost {nats} nats": "cost",
    "position": "position",
    "bytes": "bytes",
    "role": "role",
    "part": "part",
    "target": "target",
    "loss": "loss",
    "probability": "probability",
    "rank": "rank",
    "entropy": "entropy",
    "gradient": "gradient",
    "none": "none",
    "none: the template's own": "no_role",
    "{logits} on logits, {hidden} on hidden": "norms",
    "what it cost, at position {position}": "what_it_cost",
    "this position predicts “{token}”": "predicts",
    "template": "template",
    "label": "label_row",
}
PARTS = ("header", "content", "reasoning", "tool call", "tool result", "tools", "end", "gap", "padding")


@dataclass(frozen=True)
class Coloring:
    name: str
    title: str
    unit: str
    meaning: str


def _rows(*rows: Coloring) -> dict[str, Coloring]:
    return {row.name: row for row in rows}


COLORINGS = _rows(
    Coloring("supervised", "Supervised", "", "does this token carry loss?"),
    Coloring("loss", "Loss", "nats", "what this token cost when it was predicted: −log p"),
    Coloring("probability", "Probability", "", "how likely the model thought this token"),
    Coloring("entropy", "Entropy", "nats", "how undecided the model was before this token"),
    Coloring("grad_norm", "Gradient", "‖p − y‖", "how hard this token's term pulls on the logits that predict it"),
    Coloring("role", "Role", "", "who speaks"),
)

_strip = component(
    "sftviz_token_strip",
    html='<div class="sftviz-strip"></div>',
    css=(HERE / "strip.css").read_text(),
    js=(HERE / "strip.js").read_text(),
)


def token_strip(rows: Sequence[Mapping[str, Any]], color_by: str, *, key: str, selected: int) -> int:
    """Draw the strip; gives the position that was clicked last, else `selected`.

    The colour of a token is what it cost to predict it, which the row before it knows; the first token has none.
    """
    data = {
        "columns": {name: [row[name] for row in rows] for name in SENT},
        "shown": [visible(row["text"]) for row in rows],
        "targetShown": [visible(row["target_text"]) for row in rows],
        "breaks": [row["text"].endswith("\n") for row in rows],
        **_reasons(rows),
        "amounts": amounts(rows, color_by),
        "coloring": vars(COLORINGS[color_by]) | {"meaning": words_of("coloring", COLORINGS[color_by], "meaning")},
        "words": {word: pattern(f"ui.strip.{code}") for word, code in WORDS.items()}
        | {part: t(f"ui.strip.part_{part.replace(' ', '_')}") for part in PARTS},
        "palette": {"roles": palette.ROLES, "sequential": palette.SEQUENTIAL, "supervised": palette.SUPERVISED},
        "selected": selected,
    }
    state = _strip(key=key, data=data, default={"selected": None}, on_selected_change=lambda: None)
    chosen = state.selected
    return chosen if chosen is not None and chosen < len(rows) else selected


def _reasons(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    # Few reasons serve thousands of tokens: send each once
    unique = list(dict.fromkeys(row["reason"] for row in rows))
    index = {reason: i for i, reason in enumerate(unique)}
    return {"reasons": [told(reason) for reason in unique], "reason": [index[row["reason"]] for row in rows]}
