"""What OpenRLHF's SFTDataset makes of a chat. Its file alone is loaded; the mask speaks of the predicting position."""

import importlib.util
import sys
import types
from importlib.metadata import distribution
from types import SimpleNamespace as Namespace
from typing import Any

import datasets
from common import IGNORE, Golden, tokenizer
from datasets import Dataset

datasets.disable_progress_bars()


def loaded() -> Any:
    """openrlhf/datasets/sft_dataset.py; the one padding function that it imports is not called here."""
    for name in ("openrlhf", "openrlhf.utils", "openrlhf.utils.utils"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["openrlhf.utils.utils"].zero_pad_sequences = None
    path = distribution("openrlhf").locate_file("openrlhf/datasets/sft_dataset.py")
    spec = importlib.util.spec_from_file_location("sft_dataset", str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    golden = Golden("openrlhf", ("openrlhf", "transformers", "tokenizers"), "Apache-2.0")
    dataset = loaded().SFTDataset

    def case(preset: str, template: str, options: dict[str, Any] | None = None, multiturn: bool = False) -> None:
        tok = tokenizer(template)
        told = {
            "input_key": "messages",
            "output_key": None,
            "apply_chat_template": True,
            "tokenizer_chat_template": None,
        }
        strategy = Namespace(args=Namespace(data=Namespace(**told)))
        length = (options or {}).get("max_length", 4096)

        def encode(messages: list[Any]) -> list[Any]:
            rows = dataset(
                Dataset.from_list([{"messages": messages}]),
                tok,
                length,
                strategy,
                multiturn=multiturn,
                num_processors=None,
            )
            if len(rows) == 0:
                return []
            ids, _, predicts = rows[0]
            ids, predicts = ids[0].tolist(), predicts[0].tolist()
            after = [i if yes else IGNORE for i, yes in zip(ids[1:], predicts[:-1], strict=True)]
            return [(ids, [IGNORE, *after])]

        golden.run(preset, template, encode, options)

    for template in ("chatml", "chatml_eos", "qwen3", "llama3", "qwen3_5", "phi3"):
        case("openrlhf/last", template)
        case("openrlhf/multiturn", template, multiturn=True)
    for length in (18, 21, 30):
        case("openrlhf/last", "chatml", {"max_length": length})
        case("openrlhf/multiturn", "chatml", {"max_length": length}, multiturn=True)
    golden.write()


if __name__ == "__main__":
    main()
