"""The label row under the row that was read: drag it, and see what a table trained on that alignment writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from sftviz.figures import palette
from sftviz.training.tables import Apprentice
from sftviz.ui.language import pattern
from sftviz.words.visible import visible

HERE = Path(__file__).parent
WORDS = (
    "handle", "just_read", "is_asked", "moved", "nats", "model_pays", "table", "table_loss", "writes", "right", "past",
    "copies", "skips", "stopped", "help", "row_and_column",
)  # fmt: skip
POINTS = 24  # of a loss that counts down

_apprentices = component(
    "sftviz_apprentices",
    html='<div class="apprentices"></div>',
    css=(HERE / "apprentices.css").read_text(),
    js=(HERE / "apprentices.js").read_text(),
)


@dataclass(frozen=True)
class Taught:
    """One shift: what the big model pays at every position (None: not asked), its mean, and the table trained on it."""

    costs: Sequence[float | None]
    loss: float
    table: Apprentice


def apprentices(
    texts: Sequence[str],
    names: Sequence[str],
    taught: dict[int, Taught],
    *,
    key: str,
    shift: int,
    rested: Callable[[int], None],
) -> None:
    """texts: of the row's tokens; names: of the tables' rows, by number. rested: told the shift it was left at."""

    def follow() -> None:
        rests = st.session_state[key].rests
        if rests is not None and int(rests["shift"]) in taught:
            rested(int(rests["shift"]))

    data = {
        "texts": [visible(text) for text in texts],
        "names": [visible(name) for name in names],
        "shifts": {str(by): _of(one) for by, one in taught.items()},
        "shift": shift,
        "colours": {"read": palette.SUPERVISED, "cost": palette.TARGET, "right": palette.GOOD},
        "words": {name: pattern(f"ui.next_token.{name}") for name in WORDS},
    }
    _apprentices(key=key, data=data, default={"rests": None}, on_rests_change=follow)


def _of(one: Taught) -> dict[str, object]:
    losses = one.table.losses
    kept = [losses[round(at * (len(losses) - 1) / (POINTS - 1))] for at in range(POINTS)]
    return {
        "costs": [None if cost is None else round(cost, 3) for cost in one.costs],
        "asked": sum(cost is not None for cost in one.costs),
        "loss": round(one.loss, 3),
        "tableLosses": [round(loss, 4) for loss in kept],
        "shares": [[round(p, 3) for p in row] for row in one.table.logits.softmax(-1).tolist()],
        "logits": [[round(z, 1) for z in row] for row in one.table.logits.tolist()],
        "trained": sorted(one.table.trained),
        "written": one.table.written,
    }
