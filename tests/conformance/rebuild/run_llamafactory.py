"""What LLaMA-Factory's converter and supervised processor make of a chat in ShareGPT or OpenAI form."""

import importlib.machinery
import json
import logging
import sys
import types
from typing import Any

from chats import CHATS, LENGTHS, PACKED
from common import Golden, tokenizer
from packs import Packs

# Its import of torchaudio is not needed for text
audio = types.ModuleType("torchaudio")
audio.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
sys.modules.setdefault("torchaudio", audio)
from llamafactory.data.converter import OpenAIDatasetConverter, SharegptDatasetConverter  # noqa: E402
from llamafactory.data.parser import DatasetAttr  # noqa: E402
from llamafactory.data.processor.supervised import PackedSupervisedDatasetProcessor, SupervisedDatasetProcessor  # noqa: E402
from llamafactory.data.template import get_template_and_fix_tokenizer  # noqa: E402
from llamafactory.hparams import DataArguments  # noqa: E402

logging.disable(logging.CRITICAL)
ROLES = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}


def described(form: str) -> Any:
    made = DatasetAttr("file", "x")
    made.formatting = form
    if form == "openai":
        made.messages, made.role_tag, made.content_tag, made.user_tag = "messages", "role", "content", "user"
        made.assistant_tag, made.observation_tag, made.function_tag = "assistant", "tool", "tool_call"
        made.system_tag, made.tools, made.system = "system", "tools", None
    else:
        made.messages = "conversations"
    return made


def sharegpt(messages: list[Any]) -> dict[str, Any]:
    turns = []
    for message in messages:
        if message.get("tool_calls"):
            calls = [
                {"name": one["function"]["name"], "arguments": one["function"]["arguments"]}
                for one in message["tool_calls"]
            ]
            turns.append({"from": "function_call", "value": json.dumps(calls, ensure_ascii=False)})
            continue
        text = message["content"]
        if message.get("reasoning_content"):
            text = f"<think>\n{message['reasoning_content']}\n</think>\n\n{text}"
        turns.append({"from": ROLES[message["role"]], "value": text})
    return {"conversations": turns}


def main() -> None:
    golden = Golden("llamafactory", ("llamafactory", "transformers", "tokenizers"), "Apache-2.0")

    def case(
        preset: str, template: str, form: str = "sharegpt", options: Any = None, tok: str = "chatml", **more: Any
    ) -> None:
        cut = {"cutoff_len": (options or {}).get("max_length", 4096)}
        told = DataArguments(template=template, **cut, **more)
        convert = {"openai": OpenAIDatasetConverter, "sharegpt": SharegptDatasetConverter}[form](described(form), told)

        def encode(messages: list[Any]) -> list[Any]:
            made = tokenizer(tok)
            theirs = get_template_and_fix_tokenizer(made, told)
            row = convert({"messages": messages, "tools": None} if form == "openai" else sharegpt(messages))
            processor = SupervisedDatasetProcessor(template=theirs, tokenizer=made, processor=None, data_args=told)
            out = processor.preprocess_dataset({key: [value] for key, value in row.items()})
            return list(zip(out.get("input_ids", []), out.get("labels", []), strict=True))

        golden.run(preset, template, encode, options)

    for template in ("chatml", "qwen3", "qwen3_nothink", "llama3"):
        tok = "llama3" if template == "llama3" else "chatml"
        case("llamafactory/default", template, tok=tok)
        case("llamafactory/train_on_prompt", template, tok=tok, train_on_prompt=True)
        case("llamafactory/mask_history", template, tok=tok, mask_history=True)
    case("llamafactory/no_thinking", "qwen3", enable_thinking=False)
    case("llamafactory/openai", "chatml", "openai")
    for template in ("alpaca", "default", "glm4", "falcon"):
        case("llamafactory/default", template)
    for length in (10, 20, 30):
        options = {"max_length": length}
        case("llamafactory/default", "chatml", options=options)
        case("llamafactory/mask_history", "chatml", options=options, mask_history=True)
        case("llamafactory/default", "glm4", options=options)
    golden.write()
    packed()


def packed() -> None:
    packs = Packs("llamafactory")
    for neat in (False, True):
        for length in LENGTHS:
            # the arguments take one off for packing, and rows are filled up to one more
            told = DataArguments(template="chatml", packing=True, neat_packing=neat, cutoff_len=length + 1)
            made = tokenizer("chatml")
            theirs = get_template_and_fix_tokenizer(made, told)
            convert = SharegptDatasetConverter(described("sharegpt"), told)
            rows = [convert(sharegpt(CHATS[name])) for name in PACKED]
            processor = PackedSupervisedDatasetProcessor(
                template=theirs, tokenizer=made, processor=None, data_args=told
            )
            out = processor.preprocess_dataset({key: [row[key] for row in rows] for key in rows[0]})
            columns = [out[name] for name in ("input_ids", "labels", "position_ids", "attention_mask")]
            name = "llamafactory/neat_packing" if neat else "llamafactory/packing"
            packs.add(name, "llamafactory/default", length, zip(*columns, strict=True))
    packs.write()


if __name__ == "__main__":
    main()
