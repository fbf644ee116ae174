"""Masks of many rows beside what anybody must pay: `make bench`.

2,000 generated chats, labels identical. Processor seconds of one thread, the least of five rounds, all in turn; a ratio
is the rate beside bare `encode_batch` on the strings that the template had written already. Then two processes beside
TRL's whole preparation of the same rows (building its trainer), in seconds of the clock: on a quiet machine only.
"""

import os
import random
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

os.environ["RAYON_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import tokenizers
from transformers import PreTrainedTokenizerFast

from benchmarks.measure import Ways, in_turn, machine
from sftviz import assets
from sftviz.chat.formats import parse
from sftviz.chat.rendering import Rendering, render, render_all
from sftviz.chat.write.templates import TEMPLATES
from sftviz.model import load_model
from sftviz.supervision import IGNORE
from sftviz.supervision.verdicts import apply

CHATS, ROUNDS = 2000, 5


def chats(seed: int = 7) -> list[dict[str, Any]]:
    """Chats of one to five pairs, three of ten with a system prompt, of held-out text."""
    texts = assets.held_out()["documents"]
    rng = random.Random(seed)

    def one() -> dict[str, Any]:
        turns = [{"role": "system", "content": rng.choice(texts)[:80]}] if rng.random() < 0.3 else []
        for _ in range(rng.randint(1, 5)):
            turns.append({"role": "user", "content": rng.choice(texts)[: rng.randint(20, 200)]})
            turns.append({"role": "assistant", "content": " ".join(rng.choices(texts, k=rng.randint(1, 4)))})
        return {"messages": turns}

    return [one() for _ in range(CHATS)]


def labels_of(rows: Iterable[dict[str, Any]]) -> list[Any]:
    """Labels, with the part and the reason of every token beside them."""
    rendered = render_all(map(parse, rows), "sftviz/tiny", "chatml")
    return [apply("assistant_only", one).label_ids for one in rendered if isinstance(one, Rendering)]


def one_at_a_time(rows: Iterable[dict[str, Any]]) -> list[Any]:
    return [apply("assistant_only", render(parse(row), "sftviz/tiny", "chatml")).label_ids for row in rows]


def main() -> None:
    rows = chats()
    bare = tokenizers.Tokenizer.from_file(str(assets.HERE / "tiny" / "tokenizer.json"))
    pieces = {"eos_token": "<|im_end|>", "pad_token": "<|pad|>", "chat_template": TEMPLATES["chatml"].jinja()}
    theirs = PreTrainedTokenizerFast(tokenizer_object=bare, **pieces)
    texts = [render(parse(row), "sftviz/tiny", "chatml").text for row in rows]

    def transformers() -> list[Any]:
        asked = {"return_dict": True, "return_assistant_tokens_mask": True}
        made = [theirs.apply_chat_template(row["messages"], **asked) for row in rows]
        return [np.where(one["assistant_masks"], one["input_ids"], IGNORE) for one in made]

    check_same(labels_of(rows), transformers())
    check_same(one_at_a_time(rows), transformers())
    ways: Ways = {
        "encode_batch on ready strings": lambda: bare.encode_batch(texts, add_special_tokens=False),
        "transformers: labels": transformers,
        "sftviz, one chat at a time": lambda: one_at_a_time(rows),
        "sftviz, many at once": lambda: labels_of(rows),
    }
    taken = {name: min(rounds) for name, rounds in in_turn(ways, ROUNDS).items()}
    tokens = sum(len(one.ids) for one in bare.encode_batch(texts, add_special_tokens=False))
    print(machine("sftviz", "tokenizers", "transformers", "trl", "numpy"))
    print(f"{CHATS:,} chats, {tokens / CHATS:.0f} tokens on average; labels identical; ours with parts and reasons")
    for name, seconds in taken.items():
        ratio = taken["encode_batch on ready strings"] / seconds
        print(f"{name:36} {seconds / CHATS * 1e3:6.2f} ms a chat   {ratio:.2f} of the bare rate")
    beside_trl(rows, theirs)


def check_same(ours: list[Any], others: list[Any]) -> None:
    assert all(np.array_equal(a, b) for a, b in zip(ours, others, strict=True)), "labels differ"


def beside_trl(rows: list[dict[str, Any]], tokenizer: Any) -> None:
    from datasets import Dataset, disable_caching, disable_progress_bars
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    disable_caching()
    disable_progress_bars()
    model, data = load_model("sftviz/tiny-base"), Dataset.from_list(rows)
    halves = [rows[: CHATS // 2], rows[CHATS // 2 :]]
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2, get_context("spawn")) as two:
        asked = {"assistant_only_loss": True, "max_length": None, "report_to": "none", "use_cpu": True}

        def trainer() -> list[Any]:
            config = SFTConfig(output_dir=folder, **asked)
            return SFTTrainer(model, config, train_dataset=data, processing_class=tokenizer).train_dataset["labels"]

        def pool() -> list[Any]:
            return [labels for half in two.map(labels_of, halves) for labels in half]

        check_same(pool(), trainer())
        taken = in_turn({"trl": trainer, "pool": pool}, ROUNDS, time.monotonic)
    times = min(taken["trl"]) / min(taken["pool"])
    print(f"two processes of sftviz beside TRL's preparation: {times:.1f} times its rate")


if __name__ == "__main__":
    main()
