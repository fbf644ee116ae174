"""What torchtune's SFTTransform makes of a chat, with its Qwen 2 and Llama 3 tokenizers over sftviz's vocabulary."""

import json
import tempfile
from pathlib import Path
from typing import Any

from chats import CHATS, LENGTHS, PACKED
from common import Golden, tokenizer, tokenizer_folder
from packs import Packs
from torchtune.data import OpenAIToMessages
from torchtune.datasets import PackedDataset
from torchtune.datasets._sft import SFTTransform
from torchtune.models.llama3._tokenizer import Llama3Tokenizer
from torchtune.models.qwen2._tokenizer import Qwen2Tokenizer


def qwen(folder: Path, special: dict[str, int], length: int | None = None) -> Any:
    return Qwen2Tokenizer(
        str(folder / "vocab.json"),
        str(folder / "merges.txt"),
        special_tokens=special,
        unk_token=None,
        max_seq_len=length,
    )


class Llama3OnOurs(Llama3Tokenizer):
    """Their tokenizer, over our vocabulary: only the text encoder is replaced."""

    def __init__(self, tok: Any, special: dict[str, int], length: int | None = None):
        class Vocabulary:
            def encode(self, text: str, add_bos: bool = False, add_eos: bool = False, **_: Any) -> list[int]:
                return tok.encode(text, add_special_tokens=False, split_special_tokens=True)

        self.tt_model, self.special_tokens = Vocabulary(), special
        names = {"bos": "<|begin_of_text|>", "eos": "<|endoftext|>", "eot": "<|eot_id|>", "eom": "<|eom_id|>",
                 "start_header": "<|start_header_id|>", "end_header": "<|end_header_id|>"}  # fmt: skip
        for name, piece in names.items():
            setattr(self, f"{name}_id", special[piece])
        self.python_tag, self.max_seq_len, self.prompt_template = special["<|python_tag|>"], length, None
        self.truncation_type = "right"


def main() -> None:
    golden = Golden("torchtune", ("torchtune",), "BSD-3-Clause")
    folder = tokenizer_folder("chatml", Path(tempfile.mkdtemp()))
    backend = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    merges = [one if isinstance(one, str) else " ".join(one) for one in backend["model"]["merges"]]
    (folder / "vocab.json").write_text(json.dumps(backend["model"]["vocab"]), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8")
    special = {token["content"]: token["id"] for token in backend["added_tokens"]}
    tok = tokenizer("chatml")

    def case(preset: str, template: str, made: Any, options: dict[str, Any] | None = None, **more: Any) -> None:
        transform = SFTTransform(message_transform=OpenAIToMessages(**more), model_transform=made)

        def encode(messages: list[Any]) -> list[Any]:
            out = transform({"messages": messages})
            return [(out["tokens"], out["labels"])]

        golden.run(preset, template, encode, options)

    case("torchtune/default", "chatml", qwen(folder, special))
    case("torchtune/train_on_input", "chatml", qwen(folder, special), train_on_input=True)
    case("torchtune/default", "llama3", Llama3OnOurs(tok, special))
    for length in (20, 30, 100):
        case("torchtune/default", "chatml", qwen(folder, special, length), {"max_length": length})
        case("torchtune/default", "llama3", Llama3OnOurs(tok, special, length), {"max_length": length})
    golden.write()
    packed(
        SFTTransform(message_transform=OpenAIToMessages(), model_transform=qwen(folder, special)), special["<|pad|>"]
    )


def packed(transform: Any, pad: int) -> None:
    packs = Packs("torchtune")
    made = [transform({"messages": json.loads(json.dumps(CHATS[name]))}) for name in PACKED]
    rows = [{key: [int(one) for one in row[key]] for key in ("tokens", "labels")} for row in made]
    for split in (False, True):
        for length in LENGTHS:
            some = rows if split else [row for row in rows if len(row["tokens"]) <= length]
            dataset = PackedDataset(some, max_seq_len=length, padding_idx=pad, split_across_pack=split)
            out = [dataset[i] for i in range(len(dataset))]
            name = "torchtune/split_across_pack" if split else "torchtune/packed"
            columns = [[row[key].tolist() for key in ("tokens", "labels", "input_pos")] for row in out]
            packs.add(name, "torchtune/default", length, [[*one, None] for one in columns])
    packs.write()


if __name__ == "__main__":
    main()
