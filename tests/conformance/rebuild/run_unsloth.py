"""What Unsloth's train_on_responses_only makes of a rendered chat."""

import importlib
import sys
import types
from importlib.metadata import distribution
from typing import Any

from common import Golden, tokenizer

# The package's own __init__ asks for an accelerator and for `unsloth`; the one module needs neither
package = types.ModuleType("unsloth_zoo")
package.__path__ = [str(distribution("unsloth_zoo").locate_file("unsloth_zoo"))]
sys.modules["unsloth_zoo"] = package
train_on_responses_only = importlib.import_module("unsloth_zoo.dataset_utils").train_on_responses_only


def main() -> None:
    golden = Golden("unsloth", ("unsloth_zoo", "transformers", "tokenizers"), "LGPL-3.0-or-later (facts only)")

    def case(preset: str, template: str, options: dict[str, Any] | None = None, **more: Any) -> None:
        tok = tokenizer(template)
        mask = train_on_responses_only(None, tokenizer=tok, return_function=True, **more)

        def encode(messages: list[Any]) -> list[Any]:
            ids = tok.apply_chat_template(messages, tokenize=True, return_dict=True)["input_ids"]
            return [(ids, mask({"input_ids": [ids]})["labels"][0])]

        golden.run(preset, template, encode, options)

    for template in ("chatml", "chatml_eos", "qwen3", "llama3", "gemma3", "qwen3_5", "phi3"):
        case("unsloth/responses", template)
        case("unsloth/last_response", template, last_response_only=True)
    parts = {"instruction_part": "<|im_start|>user", "response_part": "<|im_start|>assistant"}
    case("unsloth/responses", "chatml", parts, **parts)
    parts = {"instruction_part": "<|start_header_id|>user", "response_part": "<|start_header_id|>assistant"}
    case("unsloth/responses", "chatml", parts, **parts)
    golden.write()


if __name__ == "__main__":
    main()
