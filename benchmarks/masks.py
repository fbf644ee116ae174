"""Masks of many rows beside what anybody must pay: `make bench`.

2,000 generated chats. Processor seconds of one thread, the least of five rounds, all of them in turn; a ratio is the
rate beside bare `encode_batch` on the strings that the template had written already.
"""

import os
import random
from typing import Any

os.environ["RAYON_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import tokenizers
from transformers import PreTrainedTokenizerFast

from benchmarks.measure import Ways, in_turn, machine
from sftviz import assets
from sftviz.chat.formats import parse
from sftviz.chat.rendering import render
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.chat.write.templates import TEMPLATES
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


def main() -> None:
    rows, tokenizer = chats(), load_tokenizer("sftviz/tiny")
    bare = tokenizers.Tokenizer.from_file(str(assets.HERE / "tiny" / "tokenizer.json"))
    theirs = PreTrainedTokenizerFast(tokenizer_object=bare, chat_template=TEMPLATES["chatml"].jinja())
    texts = [render(parse(row), tokenizer, "chatml").text for row in rows]

    def ours() -> list[Any]:
        return [apply("assistant_only", render(parse(row), tokenizer, "chatml")).label_ids for row in rows]

    def transformers() -> list[Any]:
        asked = {"return_dict": True, "return_assistant_tokens_mask": True}
        made = [theirs.apply_chat_template(row["messages"], **asked) for row in rows]
        return [np.where(one["assistant_masks"], one["input_ids"], IGNORE) for one in made]

    assert all(np.array_equal(a, b) for a, b in zip(ours(), transformers(), strict=True)), "labels differ"
    ways: Ways = {
        "encode_batch on ready strings": lambda: bare.encode_batch(texts, add_special_tokens=False),
        "transformers: labels": transformers,
        "sftviz: labels, parts and reasons": ours,
    }
    taken = {name: min(rounds) for name, rounds in in_turn(ways, ROUNDS).items()}
    tokens = sum(len(one.ids) for one in bare.encode_batch(texts, add_special_tokens=False))
    print(machine("sftviz", "tokenizers", "transformers", "numpy"))
    print(f"{CHATS:,} chats, {tokens / CHATS:.0f} tokens on average; labels identical")
    for name, seconds in taken.items():
        ratio = taken["encode_batch on ready strings"] / seconds
        print(f"{name:36} {seconds / CHATS * 1e3:6.2f} ms a chat   {ratio:.2f} of the bare rate")


if __name__ == "__main__":
    main()
