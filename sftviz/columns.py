"""What is known of each token, one row of COLUMNS a quantity: frame, terminal, JSON, strip and page read this table.

A row holds what its token cost (`own`: the prediction made one position earlier) beside what its position predicts
(`prediction`). They are lined up here, once, by `rows_of`; nobody shifts afterwards.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sftviz.chat.rendering import Rendering
from sftviz.supervision import IGNORE
from sftviz.supervision.verdicts import Verdicts
from sftviz.words import Said

if TYPE_CHECKING:
    from sftviz.model import TokenLosses

Number = float | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a position predicts, the next token's label, and what that costs. Numbers are None where there are none."""

    target: int
    target_text: str
    nll: Number = None  # -log p(next token | tokens so far), nats, given whether it counts or not
    probability: Number = None
    rank: int | None = None
    entropy: Number = None  # nats
    grad_norm: Number = None  # |w (p - y)| of its own term of the summed loss; 0 where the target is -100
    grad_norm_hidden: Number = None  # |w W^T (p - y)|; None where the model bends its logits


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token: what it is, whether and why it is a target, what it cost, and what its position predicts."""

    position: int
    id: int
    text: str
    bytes: str
    box: int
    start: int
    end: int
    message: int | None
    role: str | None
    part: str
    supervised: bool
    weight: float
    reason: Said
    label: int
    control: bool
    forged: bool
    prediction: Prediction
    own: Prediction | None  # the prediction of this very token, made by the row before; None in the first row

    @property
    def cost(self) -> Number:
        """What this token cost, in nats."""
        return self.own.nll if self.own else None

    def __getitem__(self, name: str) -> Any:
        return COLUMNS[name].value(self)


@dataclass(frozen=True)
class Column:
    """A row of COLUMNS. `read` takes a TokenRow, or a Prediction where the column speaks of one."""

    name: str
    title: str
    unit: str
    speaks_of: Literal["token", "prediction"]
    read: Callable[[Any], Any]
    meaning: str = ""
    in_frame: bool = True
    highest: float | None = None  # end of the colour scale; None: the largest there is
    colours: bool = False  # offered as a colouring of the strip

    def value(self, row: TokenRow) -> Any:
        """As a table shows it: what this row's position predicts, or what its token is."""
        return self.read(row if self.speaks_of == "token" else row.prediction)

    def own(self, row: TokenRow) -> Any:
        """Of this row's own token: what it is, or what the position before predicted of it."""
        if self.speaks_of == "token":
            return self.read(row)
        return self.read(row.own) if row.own else None


def _rows(*rows: Column) -> dict[str, Column]:
    return {row.name: row for row in rows}


COLUMNS = _rows(
    Column("position", "position", "", "token", lambda r: r.position),
    Column("id", "id", "", "token", lambda r: r.id),
    Column("text", "text", "", "token", lambda r: r.text),
    Column("bytes", "bytes", "", "token", lambda r: r.bytes, in_frame=False),
    Column("box", "box", "", "token", lambda r: r.box, in_frame=False),
    Column("start", "start", "", "token", lambda r: r.start),
    Column("end", "end", "", "token", lambda r: r.end),
    Column("message", "message", "", "token", lambda r: r.message),
    Column("role", "role", "", "token", lambda r: r.role),
    Column("part", "part", "", "token", lambda r: r.part),
    Column("supervised", "supervised", "", "token", lambda r: r.supervised),
    Column("weight", "weight", "", "token", lambda r: r.weight, "what its cost is multiplied with"),
    Column("reason", "why", "", "token", lambda r: r.reason),
    Column("label", "label", "", "token", lambda r: r.label),
    Column("control", "control token", "", "token", lambda r: r.control, in_frame=False),
    Column("forged", "typed control token", "", "token", lambda r: r.forged, in_frame=False),
    Column("target", "target", "", "prediction", lambda p: p.target),
    Column("target_text", "target text", "", "prediction", lambda p: p.target_text),
    Column(
        "nll",
        "Loss",
        "nats",
        "prediction",
        lambda p: p.nll,
        "what this token cost when it was predicted: −log p",
        colours=True,
    ),
    Column(
        "probability",
        "Probability",
        "",
        "prediction",
        lambda p: p.probability,
        "how likely the model thought this token",
        highest=1.0,
        colours=True,
    ),
    Column("rank", "Rank", "", "prediction", lambda p: p.rank),
    Column(
        "entropy",
        "Entropy",
        "nats",
        "prediction",
        lambda p: p.entropy,
        "how undecided the model was before this token",
        colours=True,
    ),
    Column(
        "grad_norm",
        "Gradient",
        "‖p − y‖",
        "prediction",
        lambda p: p.grad_norm,
        "how hard this token's term pulls on the logits that predict it",
        colours=True,
    ),
    Column(
        "grad_norm_hidden",
        "Gradient on the hidden state",
        "‖Wᵀ(p − y)‖",
        "prediction",
        lambda p: p.grad_norm_hidden,
        in_frame=False,
    ),
    Column("cost", "cost", "nats", "token", lambda r: r.cost, "what this row's own token cost"),
)
FRAME = tuple(name for name, column in COLUMNS.items() if column.in_frame)


def rows_of(rendering: Rendering, verdicts: Verdicts, losses: "TokenLosses | None") -> list[TokenRow]:
    """The rows of a rendering, with every prediction lined up with the token it is of."""
    tokens = rendering.tokens
    predictions = _predictions(rendering, verdicts, losses)
    own: list[Prediction | None] = [None, *predictions[:-1]] if predictions else []
    hexes = {i: rendering.tokenizer.bytes_of(i).hex(" ").upper() for i in set(tokens.ids.tolist())}
    starts_in = tokens.first_span.tolist()
    columns = zip(
        tokens.ids.tolist(), tokens.texts, tokens.boxes.tolist(), tokens.starts.tolist(), tokens.ends.tolist(),
        starts_in, verdicts.supervised, verdicts.weights.tolist(), _reasons(verdicts), verdicts.labels,
        tokens.is_control.tolist(), tokens.is_forged.tolist(), predictions, own, strict=True,
    )  # fmt: skip
    rows: list[TokenRow] = []
    for t, (i, text, box, a, b, first, yes, weight, reason, label, control, forged, ahead, mine) in enumerate(columns):
        span = rendering.spans[first]
        rows.append(
            TokenRow(
                t, i, text, hexes[i], box, a, b, span.turn, span.role, span.part, yes, weight, reason, label, control,
                forged, ahead, mine,
            )
        )  # fmt: skip
    return rows


def _reasons(verdicts: Verdicts) -> list[Said]:
    """A verdict's reason serves all its tokens; only a token with a note of its own has a reason of its own."""
    noted = verdicts.straddles | verdicts.tokens.is_forged
    of_token = verdicts.of_token.tolist()
    return [
        verdicts.reason(t) if t == 0 or own else verdicts.verdicts[of_token[t]].reason
        for t, own in enumerate(noted.tolist())
    ]


def _predictions(rendering: Rendering, verdicts: Verdicts, losses: "TokenLosses | None") -> list[Prediction]:
    targets = verdicts.targets
    ahead = _target_texts(rendering, verdicts)
    if losses is None:
        return [Prediction(*pair) for pair in zip(targets, ahead, strict=True)]
    pull = [*abs(verdicts.weights[1:]).tolist(), 0.0][: len(targets)]
    nll = losses.nll.tolist()
    numbers = zip(
        nll, losses.rank.tolist(), losses.entropy.tolist(), losses.grad_norm_logits.tolist(),
        losses.grad_norm_hidden.tolist(), pull, strict=True,
    )  # fmt: skip
    return [
        Prediction(
            target, text, _number(n), _number(math.exp(-n)), _rank(r), _number(h), _number(g * w), _number(gh * w)
        )
        for target, text, (n, r, h, g, gh, w) in zip(targets, ahead, numbers, strict=True)
    ]


def _target_texts(rendering: Rendering, verdicts: Verdicts) -> list[str]:
    """What each position predicts, as text: the next token, or the label that a row of its own labels has there."""
    texts = rendering.tokens.box_texts
    ahead = [*texts[1:], ""] if texts else []
    ids, labels, tokenizer = rendering.tokens.ids, verdicts.label_ids, rendering.tokenizer
    for t in np.flatnonzero((labels != IGNORE) & (labels != ids)).tolist():
        label = int(labels[t])
        known = 0 <= label < len(tokenizer)
        if t:
            ahead[t - 1] = tokenizer.decode([label]) if known else f"‹{label}›"
    return ahead


def _number(value: float) -> Number:
    """None for NaN and infinity: JSON has neither, and a page that is sent one draws nothing."""
    return value if math.isfinite(value) else None


def _rank(value: float) -> int | None:
    return None if math.isnan(value) else int(value)
