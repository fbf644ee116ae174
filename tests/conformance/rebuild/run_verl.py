"""What verl's MultiTurnSFTDataset makes of a chat."""

import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pandas as pd
from common import IGNORE, Golden, tokenizer

for name in ("ray", "ray.util", "ray.util.collective", "ray.experimental", "ray.experimental.state",
             "ray.experimental.state.api", "ray.actor", "ray.util.placement_group",
             "ray.util.scheduling_strategies"):  # fmt: skip
    sys.modules.setdefault(name, MagicMock())
from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset  # noqa: E402


def main() -> None:
    golden = Golden("verl", ("verl", "transformers", "tokenizers"), "Apache-2.0")
    file = str(Path(tempfile.mkdtemp()) / "one.parquet")

    def case(preset: str, template: str, options: dict[str, Any] | None = None, **more: Any) -> None:
        tok = tokenizer(template)
        cut = {"max_length": 4096, "truncation": "error"} | (options or {})

        def encode(messages: list[Any]) -> list[Any]:
            pd.DataFrame({"messages": [messages]}).to_parquet(file)
            row = MultiTurnSFTDataset([file], tok, {"pad_mode": "no_padding", **cut, **more})[0]
            ids, trained = row["input_ids"].tolist(), row["loss_mask"].tolist()
            return [(ids, [i if yes else IGNORE for i, yes in zip(ids, trained, strict=True)])]

        golden.run(preset, template, encode, options)

    for template in ("chatml", "qwen3", "llama3", "gemma3", "qwen3_5", "phi3"):
        case("verl/multiturn", template)
    case("verl/ignore_mismatch", "qwen3", ignore_input_ids_mismatch=True)
    case("verl/ignore_mismatch", "llama3", ignore_input_ids_mismatch=True)
    for side in ("left", "right", "error"):
        case("verl/multiturn", "chatml", {"max_length": 30, "truncation": side})
    golden.write()


if __name__ == "__main__":
    main()
