"""The main job: chat -> rendering -> supervision -> losses, joined into one row per token."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import Any

import pandas as pd
import torch
from transformers import PreTrainedModel

from sftviz import assets
from sftviz.chat.formats import parse
from sftviz.chat.messages import Chat
from sftviz.chat.rendering import Rendering, render
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.figures import strip
from sftviz.loss import IGNORE, NORMALIZATIONS, reduce_nll
from sftviz.model import TokenLosses, load_model, token_losses
from sftviz.supervision import checks, policies
from sftviz.supervision.checks import Checked, Finding
from sftviz.supervision.packing import Batch, Sample, pad
from sftviz.supervision.policies import Policy, Supervision

COLUMNS = (
    "position", "id", "text", "start", "end", "message", "role", "part", "supervised", "reason",
    "label", "target", "target_text", "nll", "probability", "rank", "entropy", "grad_norm",
)  # fmt: skip


@dataclass(frozen=True)
class Inspection:
    """A chat with every token's supervision and cost. In Jupyter and in a terminal it shows itself as a strip."""

    rendering: Rendering
    supervision: Supervision
    losses: TokenLosses | None
    findings: tuple[Finding, ...]

    def frame(self) -> pd.DataFrame:
        """One row per token, with the columns of COLUMNS.

        `supervised` and `label` speak of this row's token as a target; `target` is what this position predicts: the
        next row's label, -100 in the last row. `nll` (nats) is -log p(next token | tokens so far), given whether the
        next token is supervised or not. `grad_norm` is the norm of the gradient of the row's own term of the summed
        loss with respect to its logits: |p - y| where the target counts, 0 where it is -100. Loss columns are NaN
        without a model and in the last row.
        """
        rows = pd.DataFrame(self._rows).reindex(columns=list(COLUMNS))
        losses = ["nll", "probability", "rank", "entropy", "grad_norm"]
        return rows.astype({"message": "Int64"} | dict.fromkeys(losses, "float64"))

    def rows(self) -> list[dict[str, Any]]:
        """The frame's rows and what the strip draws besides: bytes, box, control, forged, gradient norms."""
        return [dict(row) for row in self._rows]

    def loss(self, normalization: str = "token") -> float:
        """The loss in nats under a normalization of `sftviz.loss.NORMALIZATIONS`: token, sample or sequence.

        NaN without a model; 0 where nothing is supervised. Raises ValueError for an unknown normalization.
        """
        if normalization not in NORMALIZATIONS:
            raise ValueError(f"normalization {normalization!r} is unknown; use one of {', '.join(NORMALIZATIONS)}")
        if self.losses is None:
            return math.nan
        labels = torch.tensor([self.supervision.labels])
        counted = labels[:, 1:] != IGNORE
        nll = torch.where(counted, torch.as_tensor(self.losses.nll[:-1], dtype=torch.float64)[None], 0.0)
        return float(reduce_nll(nll, labels, normalization))

    def perplexity(self) -> float:
        """exp of the loss per supervised token: the number of equally likely tokens it is worth."""
        return math.exp(self.loss("token"))

    def by_role(self) -> pd.DataFrame:
        """One row per role: tokens, supervised, share (supervised / tokens) and nll, the mean cost of its tokens."""
        rows = pd.DataFrame(self._rows)
        cost = rows["nll"].astype("float64").shift(1)  # a token's own cost stands in the row before it
        grouped = rows.assign(role=rows["role"].fillna("template"), cost=cost).groupby("role", sort=False)
        table = grouped.agg(tokens=("id", "size"), supervised=("supervised", "sum"), nll=("cost", "mean"))
        table.insert(2, "share", table["supervised"] / table["tokens"])
        return table.reset_index()

    def alternatives(self, position: int) -> list[tuple[str, float]]:
        """The likeliest next tokens at a position, text and probability, likeliest first; empty without a model."""
        if self.losses is None or not 0 <= position < len(self._rows) - 1:
            return []
        tokenizer = self.rendering.tokenizer
        ids, probabilities = self.losses.top_ids[position], self.losses.top_probabilities[position]
        return [(tokenizer.decode([int(i)]), float(p)) for i, p in zip(ids, probabilities, strict=True)]

    def _repr_html_(self) -> str:
        return strip.to_html(self._rows, self._headline(), self.findings)

    def __rich__(self) -> Any:
        return strip.to_rich(self._rows, self._headline(), self.findings)

    def __repr__(self) -> str:
        return strip.to_terminal(self, colour=sys.stdout.isatty())

    def _headline(self) -> str:
        supervised, total = sum(self.supervision.supervised), len(self._rows)
        line = f"{supervised} of {total} tokens supervised by {self.supervision.policy.name}"
        if self.losses is None:
            return line
        return f"{line}; loss {self.loss():.4f} nats per supervised token, perplexity {self.perplexity():.2f}"

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        texts = _box_texts(self.rendering)
        return [self._row(position, texts) for position in range(len(self.rendering.tokens))]

    def _row(self, position: int, texts: Sequence[str]) -> dict[str, Any]:
        token = self.rendering.tokens[position]
        span = self.rendering.span_of(token)
        target = self.supervision.targets[position]
        return {
            "position": position,
            "id": token.id,
            "text": token.text,
            "bytes": self.rendering.tokenizer.bytes_of(token.id).hex(" ").upper(),
            "box": token.box,
            "start": token.start,
            "end": token.end,
            "message": span.turn,
            "role": span.role,
            "part": span.part,
            "supervised": self.supervision.supervised[position],
            "reason": self.supervision.reasons[position],
            "label": self.supervision.labels[position],
            "target": target,
            "target_text": texts[position + 1] if position + 1 < len(texts) else "",
            "control": token.is_control,
            "forged": token.is_forged,
            **self._costs(position, target),
        }

    def _costs(self, position: int, target: int) -> dict[str, float | None]:
        losses = self.losses
        if losses is None or position == len(self.rendering.tokens) - 1:
            return dict.fromkeys(("nll", "probability", "rank", "entropy", "grad_norm", "grad_norm_hidden"))
        counts = target != IGNORE
        return {
            "nll": float(losses.nll[position]),
            "probability": math.exp(-float(losses.nll[position])),
            "rank": int(losses.rank[position]),
            "entropy": float(losses.entropy[position]),
            "grad_norm": float(losses.grad_norm_logits[position]) if counts else 0.0,
            "grad_norm_hidden": float(losses.grad_norm_hidden[position]) if counts else 0.0,
        }


def inspect(
    chat: str | bytes | list[Any] | dict[str, Any] | Chat,
    tokenizer: Any = "sftviz/tiny",
    template: str | None = None,
    policy: str | Policy = "assistant_only",
    model: str | PathLike[str] | PreTrainedModel | None = "sftviz/tiny-sft",
    *,
    online: bool = False,
    **knobs: Any,
) -> Inspection:
    """See what a chat's loss is made of.

    chat: text in any recognised form, a list of message dicts, or a Chat. tokenizer and model: a name, a folder, a Hub
    id (with online=True), or the loaded object; model=None skips the forward pass. template: a name, "tokenizer", or
    Jinja text. knobs: fields of the policy, as roles={"assistant"}, header=True, end="none".

    Raises ChatError where the chat cannot be read or the template refuses it, ValueError for an unknown name.
    """
    rendering = render(parse(chat), load_tokenizer(tokenizer, online=online), template, online=online)
    supervision = policies.apply(policy, rendering, **knobs)
    misfit = _misfit(model, rendering)
    loaded = None if model is None or misfit else load_model(model, online=online)
    losses = token_losses(loaded, rendering.ids) if loaded else None
    context = getattr(loaded.config, "max_position_embeddings", None) if loaded else None
    findings = checks.run(Checked(rendering, supervision, context))
    return Inspection(rendering, supervision, losses, (*misfit, *findings))


def batched(seen: Sequence[Inspection]) -> tuple[Batch, torch.Tensor]:
    """Inspected chats padded to one batch, and their costs: nll [B, T-1] in nats, 0 on padding.

    Raises ValueError where a chat was inspected without a model.
    """
    if any(one.losses is None for one in seen):
        raise ValueError("a chat was inspected without a model, so there are no costs to put into a batch")
    samples = [Sample(tuple(one.rendering.ids), tuple(one.supervision.labels)) for one in seen]
    batch = pad(samples, seen[0].rendering.tokenizer.pad_id or 0 if seen else 0)
    nll = torch.zeros(len(seen), max(0, batch.input_ids.shape[1] - 1), dtype=torch.float64)
    for row, one in enumerate(seen):
        if one.losses is not None:
            nll[row, : len(one.losses.nll) - 1] = one.losses.nll[:-1]
    return batch, nll


def _misfit(model: Any, rendering: Rendering) -> tuple[Finding, ...]:
    """An embedded model reads the embedded tokenizer's ids only: any other ids would give numbers without meaning."""
    if not assets.is_embedded_model(model) or rendering.tokenizer.name == assets.TOKENIZER:
        return ()
    return (
        Finding(
            "model_reads_other_ids",
            "error",
            f"model {model} reads the ids of {assets.TOKENIZER}, not those of {rendering.tokenizer.name}: no loss",
            "pass the model that belongs to this tokenizer, or model=None",
        ),
    )


def _box_texts(rendering: Rendering) -> list[str]:
    """What to show for a token that shares a character with the one before it: that character."""
    shown: dict[int, str] = {}
    for token in rendering.tokens:
        shown[token.box] = shown.get(token.box, "") + token.text
    return [token.text or shown[token.box] for token in rendering.tokens]
