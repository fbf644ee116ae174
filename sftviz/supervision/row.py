"""One row as a model is given it: ids, and what is known besides. From a rendering, a data set, a collator's batch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sftviz.chat.rendering import Rendering
from sftviz.chat.tokenizers import Tokenizer
from sftviz.chat.tokenizers.protocol import Ints


@dataclass(frozen=True)
class Row:
    """ids [T]; every other part may be missing. Labels are unshifted: a label speaks of its own token, -100 is none."""

    ids: Ints
    labels: Ints | None = None
    weights: NDArray[np.float64] | None = None  # multiply the token's own cost
    rendering: Rendering | None = None  # turns, spans and template
    tokenizer: Tokenizer | None = None
    attention_mask: Ints | None = None  # 1 on tokens, 0 on padding
    position_ids: Ints | None = None
    vocabulary: int | None = None  # of the model
    context_length: int | None = None  # positions the model was trained on
    priced: int | None = None  # tokens that the model has read: the first so many

    @property
    def knows(self) -> frozenset[str]:
        """What a check may ask for: "labels", "tokenizer", "turns", "template", "batch", "model"."""
        chat = self.rendering and self.rendering.chat
        turns = chat is not None and (chat.tokenized is None or chat.written is not None)
        known = {
            "labels": self.labels is not None,
            "tokenizer": self.tokenizer is not None,
            "turns": turns,
            "template": turns and self.rendering is not None and not self.rendering.as_written,
            "batch": self.attention_mask is not None or self.position_ids is not None,
            "model": self.vocabulary is not None or self.context_length is not None,
        }
        return frozenset(name for name, is_known in known.items() if is_known)


def row_of(rendering: Rendering) -> Row:
    """The row of a rendering; what a tokenized sample brought along comes with it."""
    given = rendering.chat.tokenized
    return Row(
        rendering.tokens.ids,
        labels=_ints(given and given.labels),
        rendering=rendering,
        tokenizer=rendering.tokenizer,
        attention_mask=_ints(given and given.attention_mask),
        position_ids=_ints(given and given.position_ids),
    )


def _ints(values: tuple[int, ...] | None) -> Ints | None:
    return None if values is None else np.array(values, dtype=np.int64)
