"""What ms-swift's templates make of a chat in their training mode."""

import dataclasses
import json
import logging
from types import SimpleNamespace
from typing import Any

import torch
from common import Golden, tokenizer
from swift.model import ModelInfo
from swift.template import get_template

logging.disable(logging.CRITICAL)


def their_template(template: str, tok_name: str, **settings: Any) -> Any:
    tok = tokenizer(tok_name)
    known = {field.name for field in dataclasses.fields(ModelInfo)}
    info = {
        "model_type": "llama", "model_dir": tok.name_or_path, "torch_dtype": torch.float32, "max_model_len": 4096,
        "quant_method": None, "quant_bits": None,
    }  # fmt: skip
    tok.model_info = ModelInfo(**{key: value for key, value in info.items() if key in known})
    tok.model_info.task_type = "causal_lm"
    tok.model_meta = SimpleNamespace(
        template=template, candidate_templates=[template], model_type="llama", is_multimodal=False,
        task_type="causal_lm", is_reward=False, is_reranker=False, additional_saved_files=[],
    )  # fmt: skip
    made = get_template(tok, template_type=template, **settings)
    made.set_mode("train")
    return made


def converted(messages: list[Any]) -> list[Any]:
    made = []
    for message in messages:
        text = message["content"]
        if message.get("reasoning_content"):
            text = f"<think>\n{message['reasoning_content']}\n</think>\n\n{text}"
        if message.get("tool_calls"):
            if text:
                made.append({"role": "assistant", "content": text})
            for call in message["tool_calls"]:
                made.append({"role": "tool_call", "content": json.dumps(call["function"], ensure_ascii=False)})
        elif message["role"] == "tool":
            made.append({"role": "tool_response", "content": text})
        else:
            made.append({"role": message["role"], "content": text})
    return made


def main() -> None:
    golden = Golden("swift", ("ms-swift", "transformers", "tokenizers"), "Apache-2.0")

    def case(
        preset: str, template: str, options: dict[str, Any] | None = None, tok: str = "chatml", **more: Any
    ) -> None:
        def encode(messages: list[Any]) -> list[Any]:
            made = their_template(template, tok, **more).encode({"messages": converted(messages)})
            return [(made["input_ids"], made["labels"])]

        golden.run(preset, template, encode, options)

    for template, tok in (("chatml", "chatml"), ("qwen3", "chatml"), ("llama3", "llama3")):
        case("swift/default", template, tok=tok)
        case("swift/last_round", template, tok=tok, loss_scale="last_round")
        case("swift/all", template, tok=tok, loss_scale="all")
    case("swift/ignore_empty_think", "qwen3", loss_scale="default+ignore_empty_think")
    for side in ("left", "right", "raise"):
        options = {"max_length": 30, "truncation": side}
        case("swift/default", "chatml", options, max_length=30, truncation_strategy=side)
    golden.write()


if __name__ == "__main__":
    main()
