"""Measure the three checkpoints on held-out synsets and write MODEL_CARD.md: `python tools/build_tiny.py card`.

Where `build_tiny.py spread` has left assets/spread.json, the card says how the tuned pair varies with the seed (spread.py).
"""

import json
from collections import defaultdict
from itertools import islice, pairwise
from pathlib import Path

import spread
import wordnet

import sftviz
from sftviz import assets
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.model import load_model

COPYRIGHT = Path("/usr/share/doc/wordnet-base/copyright")
CHATS = 200
DOCUMENTS = 400

CARD = """\
# The embedded models

Three checkpoints of one small Llama (6 layers, width 192, 6 heads, {parameters:,} parameters, tied embeddings, 512
positions) and one byte-level BPE tokenizer of {vocabulary:,} entries. All are trained from nothing on WordNet 3.0 by `make model`;
nothing was downloaded and no other text was seen. They know short English definitions and little else: use them to
*see* a loss, not to answer questions.

The weights are kept in float16 and load in float32, in which they can be trained further. {controls} of the tokens are the control
tokens of common chat templates; of these `<think>`, `<tool_call>` and their kin are added and not special, so that a
decoder keeps them. Each role word is one token.

| checkpoint | made from | loss on | steps | peak learning rate |
|---|---|---|---|---|
| `sftviz/tiny-base` | random weights | every token of {synsets:,} synsets as plain text, 2,048 tokens a step | {base_steps:,} | 2e-3 |
| `sftviz/tiny-sft` | base | assistant tokens of chats made from the same synsets, 2,048 tokens a step | {tune_steps:,} | 8e-4 |
| `sftviz/tiny-unmasked` | base | every token of the same chats in the same order | {tune_steps:,} | 8e-4 |

AdamW (0.9, 0.95), weight decay 0.05 on matrices, linear warm-up over 4 % of the steps, cosine to a twentieth,
gradients clipped at norm 1, seed {seed}; weights and moments in float32, products in bfloat16. 2 % of the synsets, chosen by a checksum of their key, are held out.

## Held-out loss, nats per token

{chats} chats and {documents} plain texts made from held-out synsets; they are in `held_out.json`, and a test measures a part of them again.

| checkpoint | plain text | user tokens | assistant tokens |
|---|---|---|---|
{rows}

User tokens are the content of user messages; assistant tokens are what the policy assistant_only supervises. Tuned with the
mask, the mean token of an answer costs {tuned} than under the base. Tuned without it, it costs {answers} than
with it, and the mean token of a user {questions}: that checkpoint has also learned to write the user's lines.
{spread}
## Data and licence

WordNet 3.0, Copyright 2006 by Princeton University. Its licence, which allows use, copying, modification and distribution,
is in `WORDNET_LICENSE`. The weights and the tokenizer are under the project's MIT licence.
"""


def write_held_out(seed: int) -> None:
    """Chats and plain texts of held-out synsets, which no checkpoint is trained on."""
    synsets = [synset for synset in wordnet.synsets() if synset.held_out]
    found = {
        "chats": list(islice(wordnet.chats(synsets, seed), CHATS)),
        "documents": [wordnet.document(synset) for synset in synsets[:: len(synsets) // DOCUMENTS]][:DOCUMENTS],
    }
    path = assets.HERE / "held_out.json"
    path.write_text(json.dumps(found, ensure_ascii=False, indent=0), encoding="utf-8")


def write_card(base_steps: int, tune_steps: int, seed: int) -> None:
    chats, documents = assets.held_out().values()
    figures = {name: measured(name, chats, documents) for name in assets.MODELS}
    rows = "\n".join(
        f"| `{name}` | {f['plain']:.3f} | {f['user']:.3f} | {f['assistant']:.3f} |" for name, f in figures.items()
    )
    tokenizer = load_tokenizer(assets.TOKENIZER)
    card = CARD.format(
        parameters=load_model("sftviz/tiny-base").num_parameters(),
        vocabulary=len(tokenizer),
        controls=len(tokenizer.control_ids),
        synsets=sum(not synset.held_out for synset in wordnet.synsets()),
        base_steps=base_steps,
        tune_steps=tune_steps,
        seed=seed,
        chats=len(chats),
        documents=len(documents),
        rows=rows,
        spread=spread.section(assets.HERE / "spread.json", figures, seed),
        **compared(*figures.values()),
    )
    (assets.HERE / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    licence = COPYRIGHT.read_text(encoding="utf-8").split("Files: debian/*")[0]
    (assets.HERE / "WORDNET_LICENSE").write_text(licence, encoding="utf-8")
    print(rows)


def compared(base: dict[str, float], masked: dict[str, float], unmasked: dict[str, float]) -> dict[str, str]:
    """What the card says of the table's rows."""
    apart = {
        "tuned": masked["assistant"] - base["assistant"],
        "answers": unmasked["assistant"] - masked["assistant"],
        "questions": unmasked["user"] - masked["user"],
    }
    return {name: f"{abs(nats):.3f} nats {'more' if nats > 0 else 'less'}" for name, nats in apart.items()}


def measured(model: str, chats: list[dict], documents: list[str]) -> dict[str, float]:
    """Mean cost in nats per token: of plain text, of user content, of what assistant_only supervises."""
    costs: dict[str, list[float]] = defaultdict(list)
    for chat in chats:
        rows = sftviz.inspect(chat, model=model).rows()
        for before, row in pairwise(rows):
            if row["supervised"]:
                costs["assistant"].append(before["nll"])
            elif row["role"] == "user" and row["part"] == "content":
                costs["user"].append(before["nll"])
    for document in documents:
        costs["plain"] += [row["nll"] for row in sftviz.inspect(document, policy="pretrain", model=model).rows()[:-1]]
    return {name: sum(values) / len(values) for name, values in costs.items()}
