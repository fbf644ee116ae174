"""What Axolotl's chat_template strategy makes of a chat: `tokenize_prompt` of its own strategy object."""

import logging
from typing import Any

from axolotl.prompt_strategies.chat_template import StrategyLoader
from axolotl.utils.dict import DictDefault
from common import Golden, tokenizer

logging.disable(logging.CRITICAL)


def main() -> None:
    golden = Golden("axolotl", ("axolotl", "transformers", "tokenizers"), "Apache-2.0")

    def case(
        preset: str, template: str, config: Any = None, dataset: Any = None, change: Any = None, **more: Any
    ) -> None:
        tok = tokenizer(template)
        told = DictDefault(
            {"sequence_len": 4096, "train_on_inputs": False, "chat_template": "tokenizer_default", **(config or {})}
        )
        chosen = {"type": "chat_template", "field_messages": "messages", "chat_template": "tokenizer_default"}
        strategy = StrategyLoader()(tok, told, ds_cfg={**chosen, **(dataset or {})})

        def encode(messages: list[Any]) -> list[Any]:
            made = strategy.tokenize_prompt({"messages": change(messages) if change else messages})
            return [(made["input_ids"], made["labels"])]

        golden.run(preset, template, encode, **more)

    for template in ("chatml", "chatml_eos", "qwen3", "llama3", "gemma3", "qwen3_5", "phi3"):
        case("axolotl/default", template)
    for template in ("chatml", "qwen3", "llama3"):
        case("axolotl/train_on_inputs", template, {"train_on_inputs": True})
        for value in ("all", "last", "none"):
            case(f"axolotl/eos_{value}", template, None, {"train_on_eos": value})
        case("axolotl/user_too", template, None, {"roles_to_train": ["user", "assistant"]})
        case("axolotl/tool_too", template, None, {"roles_to_train": ["assistant", "tool"]})
    case("axolotl/legacy", "chatml", None, {"roles_to_train": [], "train_on_eos": None})
    case("axolotl/eot_tokens", "chatml_eos", {"eot_tokens": ["<|im_end|>"]})
    case("axolotl/eot_tokens", "llama3", {"eot_tokens": ["<|eot_id|>"]})

    def last_only(messages: list[Any]) -> list[Any]:
        return [{**one, "train": i == len(messages) - 1} for i, one in enumerate(messages)]

    case("axolotl/default", "chatml", None, {"message_field_training": "train"}, last_only, options={"train": "last"})
    golden.write()


if __name__ == "__main__":
    main()
