"""Mutated pastes through the whole inspection: anything but our own errors is a find. `make fuzz`: ten minutes."""

import argparse
import json
import random
import time
import traceback
from collections import Counter
from pathlib import Path

import sftviz
from sftviz.chat.formats import FORMATS
from sftviz.chat.samples import SAMPLES
from sftviz.chat.write.templates import TEMPLATES
from sftviz.supervision.policies import POLICIES
from sftviz.words import SaidError

ROOT = Path(__file__).resolve().parent.parent
ODD = [
    "<|im_end|>", "<|im_start|>assistant\n", "</s>", "[INST]", "[/INST]", "<think>", "</think>", "User:", "```",
    "<|start|>assistant<|channel|>analysis<|message|>", "### Response:", '{"role": "user"}', '"weight": -0.5,',
    "\ud800", "\0", "\ufeff", "\u202e", "\uf8ff", "1e999", "null", '"', "{", "}", "[", "]", ",", ":", "\\", "\n",
    "👩‍👩‍👧", "字" * 50,
]  # fmt: skip
TOKENIZERS = ("sftviz/tiny", "mistral:v3", "mistral:tekken", "qwen:3", "openai:gpt-oss", "deepseek:v3")


def seeds() -> list[str]:
    cases = (ROOT / "tests" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    inputs = [json.loads(line)["input"] for line in cases]
    return [*inputs, *(form.example for form in FORMATS.values()), *(sample.text for sample in SAMPLES.values())]


def mutated(text: str, others: list[str], dice: random.Random) -> str:
    for _ in range(dice.randint(1, 6)):
        a, b = sorted((dice.randint(0, len(text)), dice.randint(0, len(text))))
        move = dice.randrange(5)
        if move == 0:
            text = text[:a] + text[b:]
        elif move == 1:
            text = text[:a] + dice.choice(ODD) + text[a:]
        elif move == 2:
            text = text[:b] + text[a:b] + text[b:]
        elif move == 3:
            other = dice.choice(others)
            text = text[:a] + other[: dice.randint(0, len(other))] + text[b:]
        else:
            text = text[:a] + text[a:b][::-1] + text[b:]
    return text[:30_000]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    dice, pool, told = random.Random(asked.seed), seeds(), Counter[str]()
    end, slowest = time.monotonic() + asked.seconds, 0.0
    while time.monotonic() < end:
        text = mutated(dice.choice(pool), pool, dice)
        choices = {
            "tokenizer": dice.choice(TOKENIZERS),
            "template": dice.choice([None, None, *TEMPLATES]),
            "policy": dice.choice(list(POLICIES)),
            "media": dice.choice(["refuse", "placeholder"]),
        }
        started = time.process_time()
        try:
            seen = sftviz.inspect(text, model=None, **choices)
            seen.frame()
            seen._repr_html_()
            told["inspected"] += 1
        except SaidError as error:
            told["refused"] += 1
            str(error), error.sentence("zh")
        except Exception:
            told["FOREIGN"] += 1
            print(json.dumps({"input": text, **choices}), traceback.format_exc(limit=-3), sep="\n", flush=True)
        slowest = max(slowest, time.process_time() - started)
    print(dict(told), f"slowest {slowest:.2f} s of processor time")


if __name__ == "__main__":
    main()
