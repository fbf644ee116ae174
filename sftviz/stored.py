"""`inspect`, with the numbers that the package keeps for its samples: a first page needs no model, and no torch.

`make samples` writes sftviz/assets/samples.npz; a test compares it with a fresh inspection. What is
kept holds for weights of one digest and a row of the same ids: anything else is asked of the model.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from sftviz import assets
from sftviz.assets import smollm2
from sftviz.chat.formats import parse
from sftviz.chat.read.reading import Media, Side
from sftviz.chat.rendering import Rendering, render
from sftviz.inspection import Inspection, inspection_of, quantized, tokenizer_for
from sftviz.supervision import checks
from sftviz.supervision.policies import Policy
from sftviz.supervision.row import row_of
from sftviz.supervision.verdicts import apply

FILE = "samples.npz"
COLUMNS = (
    "nll",
    "entropy",
    "uniform_nll",
    "rank",
    "grad_norm_logits",
    "grad_norm_hidden",
    "top_ids",
    "top_probabilities",
)
FACTS = ("vocabulary", "priced", "context_length")
NORMALIZATIONS: tuple[str, ...] = ("token", "sample", "sequence")
BITS = "bits_per_byte"


@dataclass(frozen=True)
class Stored(Inspection):
    """An inspection that knows its losses, in nats by normalization, and its bits per byte.

    `losses` holds arrays in place of tensors; `whole` makes tensors of them. All else is a fresh inspection's.
    """

    kept: Mapping[str, float] = field(default_factory=dict[str, float])

    def loss(self, normalization: str = "token") -> float:
        return self.kept[normalization] if normalization in self.kept else super().loss(normalization)

    def bits_per_byte(self) -> float:
        return self.kept[BITS] if self.kept else super().bits_per_byte()


def inspect(
    chat: Any,
    tokenizer: Any = None,
    template: str | None = None,
    policy: str | Policy = "assistant_only",
    model: Any = "sftviz/tiny-sft",
    *,
    online: bool = False,
    side: Side | None = None,
    media: Media = "refuse",
    before_model: Callable[[], object] = lambda: None,
    **knobs: Any,
) -> Inspection:
    """`sftviz.inspect` of the same arguments, from what is kept where that is asked for.

    before_model: called where a model is needed, before anything imports torch.
    """
    read = parse(chat, side=side, media=media)
    rendering = render(read, tokenizer_for(model, tokenizer), template, online=online)
    found = _found(model, rendering)
    if found is None:
        if model is not None:
            before_model()
        return inspection_of(rendering, policy, model, online=online, **knobs)
    return _inspection(found, rendering, policy, model, **knobs)


def whole(seen: Inspection) -> Inspection:
    """The inspection as the model would give it, for whoever calculates with its losses: imports torch."""
    if not isinstance(seen, Stored):
        return seen
    import torch

    from sftviz.model import TokenLosses

    held: Any = seen.losses
    columns = {name: torch.from_numpy(getattr(held, name)) for name in COLUMNS}
    losses = TokenLosses(**columns, vocabulary=held.vocabulary, priced=held.priced)
    return Inspection(seen.rendering, seen.supervision, losses, seen.findings, seen.unseen)


def key(model: str, digest: str, ids: Any) -> str:
    """What a row's numbers are kept under."""
    row = hashlib.sha256(np.asarray(ids, dtype=np.int64).tobytes())
    return f"{model}:{digest[:16]}:{row.hexdigest()[:16]}"


def digest(model: str) -> str | None:
    """SHA-256 of a named model's weights; None where they are not there."""
    if model == assets.SMOLLM2:
        return smollm2.digest()
    weights = assets.HERE / model.removeprefix("sftviz/") / "model.safetensors"
    return _sha256(weights) if weights.is_file() else None


@cache
def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _found(model: Any, rendering: Rendering) -> dict[str, Any] | None:
    if assets.reads(model) is None or rendering.chat.tokenized is not None:
        return None
    weights = digest(model)
    return _held(assets.HERE / FILE).get(key(model, weights, rendering.ids)) if weights else None


@cache
def _held(file: Path) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    if file.is_file():
        with np.load(file, allow_pickle=False) as held:
            for name in held.files:
                row, _, column = name.rpartition("/")
                rows.setdefault(row, {})[column] = held[name]
    return rows


def _inspection(
    found: Mapping[str, Any], rendering: Rendering, policy: str | Policy, model: str, **knobs: Any
) -> Inspection:
    verdicts = apply(policy, rendering, **knobs)
    facts = {name: int(found[name]) for name in FACTS}
    losses: Any = SimpleNamespace(**{name: found[name] for name in COLUMNS}, **facts)
    report = checks.run(checks.Evidence(replace(row_of(rendering), **facts), verdicts))
    unchanged = np.array_equal(verdicts.label_ids, found["label_ids"]) and not verdicts.is_weighted
    kept = dict(zip((*NORMALIZATIONS, BITS), found["losses"].tolist(), strict=True)) if unchanged else {}
    return Stored(rendering, verdicts, losses, (*report.findings, *quantized(model)), report.unseen, kept)
