"""Price the package's samples with the models a first page opens with: sftviz/assets/samples.npz.

`make samples`, after the samples, the tokenizer, a model or the pricing have changed.
"""

import numpy as np

from sftviz import assets
from sftviz.chat.samples import SAMPLES
from sftviz.inspection import Inspection, inspect
from sftviz.model import pricing_model
from sftviz.stored import COLUMNS, FACTS, FILE, NORMALIZATIONS, digest, key

MODELS = ("sftviz/tiny-sft", assets.SMOLLM2)


def main() -> None:
    held: dict[str, np.ndarray] = {}
    for model in MODELS:
        weights = digest(model)
        if weights is None:
            raise SystemExit(f"{model} is not there: `sftviz model add {model}` brings it")
        for sample in SAMPLES.values():
            seen = inspect(sample.text, model=model)
            row = key(model, weights, seen.rendering.ids)
            held |= {f"{row}/{name}": column for name, column in columns(seen, model).items()}
    np.savez_compressed(assets.HERE / FILE, **held)  # pyright: ignore[reportArgumentType]


def columns(seen: Inspection, model: str) -> dict[str, np.ndarray]:
    """What is kept of an inspection."""
    losses, loaded = seen.losses, pricing_model(model)
    assert losses is not None
    made = {name: np.asarray(getattr(losses, name)) for name in COLUMNS}
    facts = {
        "vocabulary": losses.vocabulary,
        "priced": losses.priced,
        "context_length": loaded.config.max_position_embeddings,
    }
    return made | {
        "label_ids": seen.supervision.label_ids,
        "losses": np.array([*(seen.loss(name) for name in NORMALIZATIONS), seen.bits_per_byte()]),
        **{name: np.array(facts[name]) for name in FACTS},
    }


if __name__ == "__main__":
    main()
