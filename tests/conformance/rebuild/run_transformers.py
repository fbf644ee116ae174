"""What transformers' assistant mask marks, and what its collators make of labels."""

from typing import Any

from common import IGNORE, Golden, tokenizer
from transformers import DataCollatorForLanguageModeling, DataCollatorForSeq2Seq, DataCollatorWithFlattening
from transformers.utils import logging

logging.set_verbosity_error()


def main() -> None:
    golden = Golden("transformers", ("transformers", "tokenizers"), "Apache-2.0")
    for template in ("chatml", "qwen3_training", "llama3", "qwen3", "gemma3"):
        tok = tokenizer(template)

        def given(messages: list[Any], tok: Any = tok, **more: Any) -> dict[str, list[int]]:
            out = tok.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True, **more)
            marks = out["assistant_masks"]
            labels = [i if yes else IGNORE for i, yes in zip(out["input_ids"], marks, strict=True)]
            return {"input_ids": list(out["input_ids"]), "labels": labels}

        def ids_only(messages: list[Any], tok: Any = tok) -> dict[str, list[int]]:
            return {"input_ids": tok.apply_chat_template(messages, return_dict=True)["input_ids"]}

        def rows(batch: Any) -> list[Any]:
            return list(zip(batch["input_ids"].tolist(), batch["labels"].tolist(), strict=True))

        def lm(messages: list[Any], pad: str = "<|pad|>", several: int | None = None, tok: Any = tok) -> list[Any]:
            tok.pad_token = pad
            collate = DataCollatorForLanguageModeling(tok, mlm=False, pad_to_multiple_of=several)
            return rows(collate([ids_only(messages)]))

        def lm_eos(messages: list[Any], several: int | None = None, tok: Any = tok) -> list[Any]:
            return lm(messages, tok.eos_token, several, tok)

        def seq2seq(messages: list[Any], several: int | None = None, tok: Any = tok) -> list[Any]:
            tok.pad_token = tok.eos_token
            return rows(DataCollatorForSeq2Seq(tok, pad_to_multiple_of=several)([given(messages)]))

        def flat(messages: list[Any]) -> list[Any]:
            return rows(DataCollatorWithFlattening()([given(messages), given(messages)]))

        if template in ("chatml", "qwen3_training"):
            golden.run("transformers/assistant_mask", template, lambda m: [tuple(given(m).values())])
            for length in (10, 20, 30):
                cut = {"max_length": length}
                golden.run(
                    "transformers/assistant_mask", template,
                    lambda m, cut=cut: [tuple(given(m, truncation=True, **cut).values())], cut,
                )  # fmt: skip
            golden.run("transformers/seq2seq", template, seq2seq)
            golden.run("transformers/seq2seq", template, lambda m: seq2seq(m, 32), {"pad_to_multiple_of": 32})
            golden.run("transformers/flattening", template, flat, {"copies": 2})
        golden.run("transformers/lm_collator", template, lm)
        golden.run("transformers/lm_collator_pad_eos", template, lm_eos)
        golden.run("transformers/lm_collator_pad_eos", template, lambda m: lm_eos(m, 32), {"pad_to_multiple_of": 32})
    golden.write()


if __name__ == "__main__":
    main()
