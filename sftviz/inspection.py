"""The main job: chat -> rendering -> verdicts -> losses, joined into one row per token."""

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import nlargest
from os import PathLike
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sftviz import assets, extras
from sftviz.chat.formats import parse
from sftviz.chat.read.reading import Media, Side
from sftviz.chat.rendering import Rendering, render
from sftviz.chat.tokenizers import load_tokenizer, same_vocabulary
from sftviz.columns import COLUMNS, FRAME, TokenRow, rows_of
from sftviz.extras import Needed
from sftviz.strip import static, terminal
from sftviz.strip.sentence import summary
from sftviz.supervision import IGNORE, checks
from sftviz.supervision.checks import Evidence, Finding
from sftviz.supervision.policies import Policy
from sftviz.supervision.row import Row, row_of
from sftviz.supervision.verdicts import Verdicts, apply
from sftviz.words import Said

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from transformers import PreTrainedModel

    from sftviz.model import TokenLosses
    from sftviz.supervision.packing import Batch

EXPECTED = 5  # likeliest tokens shown in a token's place


@dataclass(frozen=True)
class Inspection:
    """A chat with every token's supervision and cost. In Jupyter and in a terminal it shows itself as a strip."""

    rendering: Rendering
    supervision: Verdicts
    losses: "TokenLosses | None"
    findings: tuple[Finding, ...]
    unseen: Mapping[str, tuple[str, ...]]  # checks that could not look -> what they lacked

    def rows(self) -> list[TokenRow]:
        """One row a token. `row["nll"]` reads any column of `sftviz.columns.COLUMNS`."""
        return list(self._rows)

    def frame(self) -> "pd.DataFrame":
        """One row per token, with the columns of `sftviz.columns.FRAME`.

        `supervised`, `weight`, `label` and `cost` speak of this row's own token; `target`, `nll`, `probability`,
        `rank`, `entropy` and `grad_norm` of the next one, which this position predicts. `nll` and `cost` are nats,
        given whether the token is supervised or not. `grad_norm` is the norm of the gradient of the row's own term of
        the summed loss with respect to its logits: |w (p - y)| where the target counts, 0 where it is -100. Loss
        columns are NaN without a model, and where nothing is predicted.
        """
        with Needed():
            import pandas as pd

        table = pd.DataFrame({name: [COLUMNS[name].value(row) for row in self._rows] for name in FRAME})
        table["reason"] = table["reason"].map(str)
        numbers = ["nll", "probability", "rank", "entropy", "grad_norm", "cost", "weight"]
        return table.astype({"message": "Int64"} | dict.fromkeys(numbers, "float64"))

    def loss(self, normalization: str = "token") -> float:
        """The loss in nats under a normalization of `sftviz.loss.NORMALIZATIONS`: token, sample or sequence.

        The sample's own weights multiply the costs; the divisor counts targets. Targets beyond the model's context have
        no cost and are left out. NaN without a model; 0 where nothing is supervised. Raises ValueError for an unknown
        normalization.
        """
        with Needed():
            import torch

        from sftviz.loss import NORMALIZATIONS, reduce_nll

        if normalization not in NORMALIZATIONS:
            raise ValueError(f"normalization {normalization!r} is unknown; use one of {', '.join(NORMALIZATIONS)}")
        if self.losses is None:
            return math.nan
        nll = torch.as_tensor(self.losses.nll[:-1], dtype=torch.float64)[None]
        labels = torch.from_numpy(self.supervision.label_ids)[None].clone()
        labels[:, 1:][nll.isnan()] = IGNORE  # beyond the model's context: the finding not_priced says so
        counted = labels[:, 1:] != IGNORE
        if not counted.any():
            return 0.0
        weights = torch.from_numpy(self.supervision.weights)[None] if self.supervision.is_weighted else None
        return float(reduce_nll(torch.where(counted, nll, 0.0), labels, normalization, weights=weights))

    def perplexity(self) -> float:
        """exp of the loss per supervised token: the number of equally likely tokens it is worth.

        NaN where nothing is supervised or priced: it is undefined. inf beyond 709 nats.
        """
        if not any(row.supervised and row.cost is not None for row in self._rows):
            return math.nan
        loss = self.loss("token")
        return math.exp(loss) if not loss > 709 else math.inf

    def bits_per_byte(self) -> float:
        """The cost of the supervised text in bits per byte of its UTF-8, its end-of-turns apart.

        Comparable between tokenizers, as nats per token are not. NaN where no text is supervised or priced.
        """
        from sftviz.loss.metrics import bits_per_byte

        said = [row for row in self._rows if row.supervised and row.part not in ("end", "after_end")]
        priced = [(row.cost, row.text) for row in said if row.cost is not None]
        size = sum(len(text.encode()) for _, text in priced)
        return bits_per_byte(math.fsum(cost for cost, _ in priced), size) if size else math.nan

    def by_role(self) -> "pd.DataFrame":
        """One row per role: tokens, supervised, share (supervised / tokens) and nll, the mean cost of its tokens."""
        return self._by("role", [row.role or "template" for row in self._rows])

    def by_part(self) -> "pd.DataFrame":
        """The same per part of a turn: header, content, reasoning, tool_call, end, …"""
        return self._by("part", [row.part for row in self._rows])

    def _by(self, name: str, values: Sequence[str]) -> "pd.DataFrame":
        with Needed():
            import pandas as pd

        rows = pd.DataFrame(
            {
                name: values,
                "supervised": [row.supervised for row in self._rows],
                "cost": pd.Series([row.cost for row in self._rows], dtype="float64"),
            }
        )
        grouped = rows.groupby(name, sort=False)
        table = grouped.agg(tokens=(name, "size"), supervised=("supervised", "sum"), nll=("cost", "mean"))
        table.insert(2, "share", table["supervised"] / table["tokens"])
        return table.reset_index()

    def alternatives(self, position: int, most: int = 10) -> list[tuple[str, float]]:
        """The likeliest next tokens at a position, text and probability, likeliest first; empty without a model."""
        if self.losses is None or not 0 <= position < len(self._rows) - 1:
            return []
        if self._rows[position].prediction.nll is None:
            return []
        tokenizer = self.rendering.tokenizer
        ids, probabilities = self.losses.top_ids[position][:most], self.losses.top_probabilities[position][:most]
        return [(tokenizer.decode([int(i)]), float(p)) for i, p in zip(ids, probabilities, strict=True)]

    def expected(self, position: int) -> list[tuple[str, float, bool]]:
        """What the model thought likeliest in this token's place: text, probability, and whether it is this token.

        Likeliest first; the token itself comes last where it is not among them. Empty without a model.
        """
        own = self._rows[position].own if 0 <= position < len(self._rows) else None
        if own is None or own.rank is None or own.probability is None:
            return []
        likeliest = self.alternatives(position - 1, EXPECTED)
        made = [(text, share, place == own.rank) for place, (text, share) in enumerate(likeliest, start=1)]
        return made if own.rank <= len(made) else [*made, (own.target_text, own.probability, True)]

    def dearest(self, count: int) -> list[int]:
        """Positions of the supervised tokens that add most to the loss: weight times cost, the dearest first."""
        priced = [row for row in self._rows if row.supervised and row.cost is not None]
        return [row.position for row in nlargest(count, priced, key=lambda row: row.weight * (row.cost or 0.0))]

    def to_json(self) -> str:
        """As JSON: its sentence, its settings, losses, findings, and every token with the columns of FRAME."""
        document = {
            "summary": str(summary(self)),
            "template": self.rendering.template.name,
            "tokenizer": self.rendering.tokenizer.name,
            "policy": self.supervision.policy.name,
            "loss": None
            if self.losses is None
            else {name: self.loss(name) for name in ("token", "sample", "sequence")},
            "findings": [finding.to_dict() for finding in self.findings],
            "not_checked": dict(self.unseen),
            "tokens": [{name: _plain(row[name]) for name in FRAME} for row in self._rows],
        }
        return json.dumps(document, ensure_ascii=False, indent=1)

    def headline(self) -> Said:
        """How many tokens are supervised, and what they cost."""
        counts = {
            "supervised": sum(self.supervision.supervised),
            "total": len(self.rendering.tokens),
            "policy": Said("headline.own_labels") if self.has_own_labels else self.supervision.policy.name,
        }
        if self.losses is None:
            return Said("headline.supervised", **counts)
        if math.isnan(self.perplexity()):
            return Said("headline.undefined", **counts)
        return Said("headline.priced", **counts, loss=self.loss(), perplexity=self.perplexity())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """In a notebook the strip that answers to a click, where anywidget is installed; HTML beside it, for others."""
        still = {"text/html": self._repr_html_(), "text/plain": repr(self)}
        if not (extras.has("anywidget") and in_a_kernel()):
            return still
        from sftviz.strip.widget import widget

        shown: Any = widget(self)._repr_mimebundle_() or {}
        return (shown[0] if isinstance(shown, tuple) else shown) | still

    def _display_(self) -> Any:
        """What marimo shows: the strip that answers to a click, where anywidget is installed, else HTML."""
        if not extras.has("anywidget"):
            return SimpleNamespace(_repr_html_=self._repr_html_)
        from sftviz.strip.widget import widget

        return widget(self)

    def _repr_html_(self) -> str:
        return static.to_html(self._rows, self.headline(), self.findings)

    def __rich__(self) -> Any:
        return terminal.to_rich(self._rows, self.headline(), self.findings)

    def __repr__(self) -> str:
        return terminal.to_terminal(self, colour=sys.stdout.isatty())

    @property
    def has_own_labels(self) -> bool:
        """True where the row came with labels: they stand, whatever the policy says."""
        given = self.rendering.chat.tokenized
        return given is not None and given.labels is not None

    @cached_property
    def _rows(self) -> list[TokenRow]:
        return rows_of(self.rendering, self.supervision, self.losses)


def inspect(
    chat: Any,
    tokenizer: Any = None,
    template: str | None = None,
    policy: str | Policy = "assistant_only",
    model: "str | PathLike[str] | PreTrainedModel | None" = "sftviz/tiny-sft",
    *,
    online: bool = False,
    side: Side | None = None,
    media: Media = "refuse",
    **knobs: Any,
) -> Inspection:
    """See what a chat's loss is made of.

    chat: text in any recognised form, a list of message dicts, a data set's row (NumPy, pandas and Arrow values too),
    or a Chat. tokenizer and model: a name, a folder, a Hub id (with online=True), or the loaded object; model=None
    skips the forward pass; tokenizer=None is the one that a named model reads, else "sftviz/tiny". template: a name,
    "tokenizer", or Jinja text; None leaves training text as it stands, and writes anything else with the tokenizer's
    own. side: of a preference row, "chosen" or "rejected". media: "refuse", or "placeholder" for a chip in the place of
    an image. knobs: fields of the policy, as roles={"user"}, end="none".

    Raises ChatError where the chat cannot be read or the template refuses it, ValueError for an unknown name.
    """
    read = parse(chat, side=side, media=media)
    rendering = render(read, tokenizer_for(model, tokenizer), template, online=online)
    return inspection_of(rendering, policy, model, online=online, **knobs)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def in_a_kernel() -> bool:
    """True where a notebook's kernel runs us; one whose outputs are kept in a file asks for HTML by SFTVIZ_STATIC."""
    return "ipykernel" in sys.modules and not os.environ.get("SFTVIZ_STATIC")


def tokenizer_for(model: Any, tokenizer: Any = None) -> Any:
    """The tokenizer that was chosen; of none the one that a named model reads, else the embedded one.

    >>> tokenizer_for("sftviz/tiny-base")
    'sftviz/tiny'
    """
    return (assets.reads(model) or assets.TOKENIZER) if tokenizer is None else tokenizer


def inspection_of(
    rendering: Rendering, policy: str | Policy, model: Any = None, *, online: bool = False, **knobs: Any
) -> Inspection:
    """The inspection of a chat that is rendered already; see `inspect`."""
    verdicts = apply(policy, rendering, **knobs)
    misfit = _misfit(model, rendering)
    loaded, losses = (None, None) if model is None or misfit else _priced(model, rendering, online)
    report = checks.run(Evidence(_row(rendering, loaded, losses), verdicts))
    findings = (*misfit, *report.findings, *(quantized(model) if losses is not None else ()))
    return Inspection(rendering, verdicts, losses, findings, report.unseen)


def batched(seen: Sequence[Inspection]) -> "tuple[Batch, torch.Tensor]":
    """Inspected chats padded to one batch, and their costs: nll [B, T-1] in nats, 0 on padding.

    Raises ValueError where a chat was inspected without a model.
    """
    import torch

    from sftviz.supervision.packing import Sample, pad

    if any(one.losses is None for one in seen):
        raise ValueError("a chat was inspected without a model, so there are no costs to put into a batch")
    samples = [Sample(tuple(one.rendering.ids), one.supervision.labels) for one in seen]
    batch = pad(samples, seen[0].rendering.tokenizer.pad_id or 0 if seen else 0)
    nll = torch.zeros(len(seen), max(0, batch.input_ids.shape[1] - 1), dtype=torch.float64)
    for row, one in enumerate(seen):
        if one.losses is not None:
            nll[row, : len(one.losses.nll) - 1] = one.losses.nll[:-1]
    return batch, nll


def _priced(model: Any, rendering: Rendering, online: bool) -> "tuple[PreTrainedModel, TokenLosses]":
    """The loaded model and what it says of the row, as far as its context goes: further it would be guesswork."""
    from sftviz.model import pricing_model, token_losses

    loaded = pricing_model(model, online=online)
    labels = rendering.chat.tokenized and rendering.chat.tokenized.labels
    return loaded, token_losses(loaded, rendering.ids, at_most=_context(loaded), labels=labels)


def _context(model: Any) -> int | None:
    return getattr(model.config, "max_position_embeddings", None)


def _row(rendering: Rendering, model: Any, losses: Any) -> Row:
    row = row_of(rendering)
    if model is None:
        return row
    return replace(
        row,
        vocabulary=model.get_input_embeddings().weight.shape[0],
        context_length=_context(model),
        priced=losses.priced,
    )


def _misfit(model: Any, rendering: Rendering) -> tuple[Finding, ...]:
    """A named model reads its own tokenizer's ids only: any other ids would give numbers without meaning."""
    reads = assets.reads(model)
    # by vocabulary, not by name: a copy in a folder is the same tokenizer
    if reads is None or same_vocabulary(rendering.tokenizer, load_tokenizer(reads)):
        return ()
    values = {"model": model, "reads": reads, "tokenizer": rendering.tokenizer.name}
    return (Finding("model_reads_other_ids", "error", values),)


def quantized(model: Any) -> tuple[Finding, ...]:
    """What is to be said of a model whose weights were rounded."""
    if assets.reads(model) != assets.SMOLLM2:
        return ()
    from sftviz.assets.smollm2 import QUANTIZATION, TITLE

    return (Finding("model_was_quantized", "note", {"model": TITLE, "quantization": QUANTIZATION}),)
