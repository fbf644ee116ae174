"""What TRL's SFTTrainer prepares: the labels of its own train_dataset."""

from typing import Any

import datasets
from chats import CHATS, LENGTHS, PACKED, reply, user
from common import Golden, tokenizer
from datasets import Dataset
from packs import Packs
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import logging
from trl import SFTConfig, SFTTrainer

datasets.disable_progress_bars()
logging.set_verbosity_error()


def smallest(vocabulary: int) -> Any:
    """A model that is never run: the trainer asks for one."""
    config = AutoConfig.for_model(
        "llama", vocab_size=vocabulary, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    return AutoModelForCausalLM.from_config(config)


def language_modelling(messages: list[Any]) -> dict[str, Any]:
    return {"messages": messages}


def prompt_completion(messages: list[Any]) -> dict[str, Any]:
    """Split after the last message that is no reply and no tool result."""
    asked = [i for i, message in enumerate(messages) if message["role"] not in ("assistant", "tool")]
    start = asked[-1] + 1 if asked else 0
    return {"prompt": messages[:start], "completion": messages[start:]}


def main() -> None:
    golden = Golden("trl", ("trl", "transformers", "datasets", "tokenizers"), "Apache-2.0")
    model = None

    def case(preset: str, template: str, shape: Any, options: dict[str, Any] | None = None, **config: Any) -> None:
        nonlocal model
        tok = tokenizer(template)
        model = model or smallest(len(tok))
        settings = (options or {}) | config
        args = SFTConfig(
            output_dir="/tmp/trl", report_to=[], use_cpu=True, bf16=False, gradient_checkpointing=False, **settings
        )

        # One trainer, whose own preparation is then asked chat by chat: a data set that is left empty has no trainer
        first = Dataset.from_list([shape([user("Hi"), reply("Hello")])])
        trainer = SFTTrainer(model=model, args=args, train_dataset=first, processing_class=tok)

        def encode(messages: list[Any]) -> list[Any]:
            row = Dataset.from_list([shape(messages)])
            made = trainer._prepare_dataset(row, tok, args, args.packing, None, "train")
            return [(r["input_ids"], r["labels"]) for r in made]

        golden.run(preset, template, encode, options)

    for template in ("chatml", "qwen3", "qwen3_training", "llama3", "gemma3", "qwen3_5", "phi3"):
        case("trl/plain", template, language_modelling)
        case("trl/assistant_only", template, language_modelling, assistant_only_loss=True)
        case("trl/completion", template, prompt_completion)
        case("trl/completion_assistant", template, prompt_completion, assistant_only_loss=True)
    for length in (10, 30):
        case("trl/assistant_only", "chatml", language_modelling, {"max_length": length}, assistant_only_loss=True)
        case("trl/completion", "chatml", prompt_completion, {"max_length": length})
    options = {"max_length": 30, "truncation_mode": "keep_end"}
    case("trl/assistant_only", "chatml", language_modelling, options, assistant_only_loss=True)
    golden.write()
    packed(model)


def packed(model: Any) -> None:
    tok = tokenizer("chatml")
    packs = Packs("trl")
    rows = Dataset.from_list([language_modelling(CHATS[name]) for name in PACKED])
    for strategy in ("bfd", "bfd_split", "wrapped"):
        for length in LENGTHS:
            args = SFTConfig(
                output_dir="/tmp/trl", report_to=[], use_cpu=True, bf16=False, gradient_checkpointing=False,
                packing=True, packing_strategy=strategy, max_length=length, assistant_only_loss=True,
            )  # fmt: skip
            trainer = SFTTrainer(model=model, args=args, train_dataset=rows, processing_class=tok)
            made = []
            for row in trainer.train_dataset:
                batch = trainer.data_collator([row])
                columns = [batch.get(name) for name in ("input_ids", "labels", "position_ids", "attention_mask")]
                made.append([None if column is None else column[0].tolist() for column in columns])
            packs.add(f"trl/{strategy}", "trl/assistant_only", length, made)
    packs.write()


if __name__ == "__main__":
    main()
