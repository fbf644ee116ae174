"""transformers: the assistant mask of chat templates, and what its collators make of labels."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from sftviz.chat.rendering import Rendering
from sftviz.supervision import IGNORE
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset, labels_of
from sftviz.supervision.frameworks.pieces import cut_rendering, one_after_another, padded
from sftviz.supervision.frameworks.said import of_token, why
from sftviz.supervision.frameworks.writer import writer
from sftviz.words import Said

FRAMEWORK = Framework(
    "transformers",
    "transformers",
    "transformers 5.23.0",
    ("tokenization_utils_base.py", "utils/chat_template_utils.py", "data/data_collator.py"),
    "Apache-2.0",
    "ran",
)
PRESETS = (
    Preset(
        "transformers/lm_collator",
        "transformers, language-modelling collator",
        "every token but padding, found by its id; labels that the row has are thrown away",
        {"collator": "lm"},
    ),
    Preset(
        "transformers/assistant_mask",
        "transformers, assistant mask",
        "the tokens of the template's generation blocks",
        {"labels": "assistant_mask"},
    ),
    Preset(
        "transformers/lm_collator_pad_eos",
        "transformers, language-modelling collator, pad = eos",
        "every token but those with the pad token's id: with pad = eos no end-of-turn is ever trained",
        {"collator": "lm", "pad_token": "eos"},
    ),
    Preset(
        "transformers/seq2seq",
        "transformers, Seq2Seq collator",
        "labels as they are; padding gets -100 by its place, so pad = eos does no harm",
        {"labels": "assistant_mask", "collator": "seq2seq", "pad_token": "eos"},
    ),
    Preset(
        "transformers/flattening",
        "transformers, flattening collator",
        "rows one after another, positions that restart, the first label of each row -100, no attention mask",
        {"labels": "assistant_mask", "collator": "flattening"},
    ),
)


def encode(asked: Asked) -> Iterator[Labelled]:
    whole = writer(asked).rendering()
    length = asked.option("max_length", len(whole.tokens))
    rendering = whole if length >= len(whole.tokens) else cut_rendering(whole, slice(0, length))
    if asked.option("labels") != "assistant_mask":
        yield _by_id(asked, rendering)
        return
    labels = assistant_labels(whole, length)
    made = Labelled(rendering, labels, why(rendering, labels, "fw_generated"))
    if asked.option("collator") == "seq2seq":
        made = _padded(asked, made)
    if asked.option("collator") == "flattening":
        made = flattened([made] * asked.option("copies", 1))
    yield made


def assistant_labels(rendering: Rendering, length: int | None = None) -> list[int]:
    """Labels of the generation blocks, of the first `length` tokens. A token that straddles a block's start is trained.

    A block whose last character stands in token 0 trains the whole row, for its end, 0, is taken for "not found"; one
    whose end is cut off runs to the end of the row.
    """
    ids = rendering.ids[:length]
    trained = [False] * len(ids)
    for start, end in blocks(rendering):
        first, last = (token_at(rendering, at, len(ids)) for at in (start, end - 1))
        if first is None:
            break
        until = last + 1 if last else len(ids)
        trained[first:until] = [True] * (until - first)
    return labels_of(ids, trained)


def blocks(rendering: Rendering) -> Iterator[tuple[int, int]]:
    """Characters [start, end) of what the template marks as generated."""
    for (inside, _), run in groupby(rendering.spans, lambda span: (bool(span.generated), span.turn)):
        spans = list(run)
        if inside:
            yield spans[0].start, spans[-1].end


def token_at(rendering: Rendering, character: int, length: int) -> int | None:
    """The first of `length` tokens that covers a character."""
    tokens = rendering.tokens
    covers = (tokens.starts[:length] <= character) & (character < tokens.ends[:length])
    return int(covers.argmax()) if covers.any() else None


def flattened(rows: Sequence[Labelled]) -> Labelled:
    """One row of all, the first label of each -100, positions that restart."""
    labels = [label for row in rows for label in (IGNORE, *row.labels[1:])]
    reasons = [said for row in rows for said in (Said("reason.fw_seam", what=_first(row)), *row.reasons[1:])]
    positions = [t for row in rows for t in range(len(row.labels))]
    whole = rows[0].rendering if len(rows) == 1 else one_after_another([row.rendering for row in rows])
    return Labelled(whole, labels, reasons, position_ids=positions)


def _first(row: Labelled) -> Said:
    return of_token(row.rendering, 0)


def _pad_id(asked: Asked) -> int:
    tokenizer = asked.tokenizer
    pad = tokenizer.eos_id if asked.option("pad_token") == "eos" else tokenizer.pad_id
    if pad is None:
        raise NoRow("no_pad_token")
    return pad


def _missing(asked: Asked, size: int) -> int:
    several = asked.option("pad_to_multiple_of")
    return -size % several if several else 0


def _by_id(asked: Asked, rendering: Rendering) -> Labelled:
    pad, size = _pad_id(asked), len(rendering.tokens)
    rendering = padded(rendering, _missing(asked, size), pad)
    labels = [IGNORE if token == pad else token for token in rendering.ids]
    reasons = _id_reasons(rendering, labels, size)
    return Labelled(rendering, labels, reasons, attention_mask=_attention(size, len(labels)))


def _id_reasons(rendering: Rendering, labels: Sequence[int], size: int) -> list[Said]:
    plain = why(rendering, labels, "fw_every_token")
    return [
        Said("reason.fw_is_pad_id", what=of_token(rendering, t)) if label == IGNORE and t < size else plain[t]
        for t, label in enumerate(labels)
    ]


def _padded(asked: Asked, made: Labelled) -> Labelled:
    size, pad = len(made.labels), _pad_id(asked)
    rendering = padded(made.rendering, _missing(asked, size), pad)
    more = len(rendering.tokens) - size
    reasons = [*made.reasons, *([Said("reason.fw_padding", what=Said("part.padding"))] * more)]
    return Labelled(rendering, [*made.labels, *[IGNORE] * more], reasons, attention_mask=_attention(size, size + more))


def _attention(tokens: int, size: int) -> list[int]:
    return [1] * tokens + [0] * (size - tokens)
