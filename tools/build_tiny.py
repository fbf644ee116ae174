"""Build the embedded tokenizer and its three checkpoints from WordNet: `python tools/build_tiny.py all`.

tokenizer   byte-level BPE trained on glosses and role words, with the control tokens of the usual chat templates
base        plain text only, next token on every token
sft         base, tuned on chats, loss on assistant tokens only
unmasked    base, tuned on the same chats in the same order, loss on every token
spread      the pair again with four more seeds of the chats: what of a difference is chance (spread.json, no weights)
card        the figures in MODEL_CARD.md, measured on held-out synsets
"""

import argparse
import json
import math
import time
from collections.abc import Iterable, Iterator
from itertools import cycle

import spread
import torch
import wordnet
from model_card import measured, write_card, write_held_out
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from sftviz import assets
from sftviz.chat.formats import parse
from sftviz.chat.rendering import render
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.chat.write.templates import TEMPLATES
from sftviz.loss import IGNORE
from sftviz.model import load_model
from sftviz.supervision.verdicts import apply

ASSETS = assets.HERE
TOKENIZER = ASSETS / "tiny"
VOCABULARY = 4096
POSITIONS = 512
TUNED = {"tiny-sft": "assistant_only", "tiny-unmasked": "pretrain"}
TUNE_BATCH = 4
SEED = 20261121
SEEDS = 5  # of the tuned pair: the first is the one that is kept
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
ROLES = ("system", "user", "assistant", "tool")
# Added, so never split, but not special: text that a decoder keeps, as in Qwen3's tokenizer.
PLAIN_TOKENS = (
    "<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<tools>", "</tools>",
)  # fmt: skip
# The first four are the embedded model's own; the rest give other templates' control tokens an id each.
CONTROL_TOKENS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>", *PLAIN_TOKENS,
    "<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>",
    "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]",
    "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]",
    "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>", "<|python_tag|>",
    "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>",
    "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|end|>", "<|observation|>", "[gMASK]", "<sop>",
    "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>",
    "<|start|>", "<|message|>", "<|channel|>", "<|return|>", "<|call|>",
)  # fmt: skip
PAD = CONTROL_TOKENS.index("<|pad|>")


def build_tokenizer() -> None:
    """Byte-level BPE: every text has an encoding, nothing is normalised away."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(CONTROL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(tokenizer_texts(), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=with_plain_tokens(backend),
        eos_token="<|im_end|>",
        pad_token="<|pad|>",
        model_max_length=POSITIONS,
    )
    special = [token for token in CONTROL_TOKENS if token not in PLAIN_TOKENS]
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    tokenizer.chat_template = TEMPLATES["chatml"].jinja()
    tokenizer.save_pretrained(TOKENIZER)


def tokenizer_texts() -> Iterator[str]:
    """What the merges are learned from; role words and JSON as often as a chat holds them."""
    all_synsets = wordnet.synsets()
    yield from (wordnet.document(synset) for synset in all_synsets if not synset.held_out)
    for chat in wordnet.chats(all_synsets, SEED):
        yield from (json.dumps(tool) for tool in chat.get("tools", ()))
        for turn in chat["messages"]:
            yield turn["role"]
            yield turn["content"]
            yield from (json.dumps(call["function"]) for call in turn.get("tool_calls", ()))


def with_plain_tokens(backend: Tokenizer) -> Tokenizer:
    """The same with `PLAIN_TOKENS` not special: the trainer knows special tokens only."""
    parts = json.loads(backend.to_str())
    for token in parts["added_tokens"]:
        token["special"] = token["content"] not in PLAIN_TOKENS
    return Tokenizer.from_str(json.dumps(parts))


def build_base(steps: int) -> None:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(TOKENIZER)
    documents = [wordnet.document(s) for s in wordnet.synsets() if not s.held_out]
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    encoded = [[*ids, end] for ids in tokenizer(documents)["input_ids"]]
    torch.manual_seed(SEED)
    model = LlamaForCausalLM(model_config())
    print(f"{model.num_parameters():,} parameters, {sum(map(len, encoded)):,} training tokens", flush=True)
    rows = packed_rows([(ids, ids) for ids in encoded], width=256)
    train(model, rows, steps, peak=2e-3)
    save(model, "tiny-base")


def tune(policy: str, steps: int, seed: int) -> LlamaForCausalLM:
    """The base checkpoint tuned on chats: the policy says which tokens carry loss, the seed which chats come."""
    pairs = tuning_pairs(policy, steps * TUNE_BATCH * POSITIONS, seed)
    print(f"{policy}, seed {seed}: {len(pairs):,} chats, {sum(len(ids) for ids, _ in pairs):,} tokens", flush=True)
    torch.manual_seed(seed)
    model = load_model(ASSETS / "tiny-base").requires_grad_(True)
    train(model, whole_rows(pairs, POSITIONS), steps, peak=8e-4, batch=TUNE_BATCH)
    return model


def tuning_pairs(policy: str, wanted: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """(ids, labels) of whole chats until that many tokens are there, or every synset has had its chat."""
    tokenizer = load_tokenizer(TOKENIZER)
    training = [synset for synset in wordnet.synsets() if not synset.held_out]
    pairs, tokens = [], 0
    for chat in wordnet.chats(training, seed):
        rendering = render(parse(chat), tokenizer)
        if len(rendering.ids) <= POSITIONS:
            pairs.append((rendering.ids, list(apply(policy, rendering).labels)))
            tokens += len(rendering.ids)
        if tokens >= wanted:
            break
    return pairs


def measure_spread(steps: int) -> None:
    """Held-out costs of the pair for every seed; the kept checkpoints give the first, and seeds measured stay."""
    chats, documents = assets.held_out().values()
    path = ASSETS / "spread.json"
    kept = {name: measured(f"sftviz/{name}", chats, documents) for name in TUNED}
    runs = spread.read(path, kept)
    for seed in range(SEED + len(runs[spread.MASKED]), SEED + SEEDS):
        for name, policy in TUNED.items():
            model = tune(policy, steps, seed).to("cpu").eval()
            runs[name].append(measured(model, chats, documents))
            print(name, seed, runs[name][-1], flush=True)
        path.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")


def whole_rows(pairs: list[tuple[list[int], list[int]]], width: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless (input_ids [T], labels [T]) of whole chats, each row beginning with one; the rest is padding."""
    ids: list[int] = []
    labels: list[int] = []
    for chat_ids, chat_labels in cycle(pairs):
        if len(ids) + len(chat_ids) > width:
            missing = width - len(ids)
            yield torch.tensor(ids + [PAD] * missing), torch.tensor(labels + [IGNORE] * missing)
            ids, labels = [], []
        ids, labels = ids + chat_ids, labels + chat_labels


def model_config() -> LlamaConfig:
    return LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=6,
        num_attention_heads=6,
        num_key_value_heads=6,
        max_position_embeddings=POSITIONS,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=CONTROL_TOKENS.index("<|im_end|>"),
        pad_token_id=PAD,
    )


def packed_rows(pairs: list[tuple[list[int], list[int]]], width: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless (input_ids [T], labels [T]), the samples concatenated in a new order each epoch."""
    generator = torch.Generator().manual_seed(SEED)
    ids: list[int] = []
    labels: list[int] = []
    while True:
        for index in torch.randperm(len(pairs), generator=generator).tolist():
            ids += pairs[index][0]
            labels += pairs[index][1]
            while len(ids) >= width:
                yield torch.tensor(ids[:width]), torch.tensor(labels[:width])
                ids, labels = ids[width:], labels[width:]


def train(model: LlamaForCausalLM, rows: Iterable, steps: int, peak: float, batch: int = 8) -> None:
    """AdamW, linear warm-up over 4 % of the steps, cosine to a twentieth of the peak, clipping at 1.

    Weights and moments are float32, products bfloat16.
    """
    model.to(DEVICE)
    decayed = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))
    warmup = max(1, steps // 25)
    feed = iter(rows)
    forward = torch.compile(model)
    started = time.monotonic()
    model.train()
    for step in range(steps):
        progress = max(0.0, (step - warmup) / max(1, steps - warmup))
        scale = min(1.0, (step + 1) / warmup) * (0.525 + 0.475 * math.cos(math.pi * progress))
        for group in optimizer.param_groups:
            group["lr"] = peak * scale
        drawn = [next(feed) for _ in range(batch)]
        ids, labels = (torch.stack(tensors).to(DEVICE) for tensors in zip(*drawn, strict=True))
        with torch.autocast(DEVICE, torch.bfloat16):
            loss = forward(input_ids=ids, labels=labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 50 == 0 or step == steps - 1:
            print(f"step {step} of {steps}: {loss.item():.3f} nats, {time.monotonic() - started:.0f} s", flush=True)


def save(model: LlamaForCausalLM, name: str) -> None:
    """Kept in float16, for its size; the config says float32, since a trainer that took float16 would reach NaN."""
    model.to("cpu", torch.float16).save_pretrained(ASSETS / name)
    path = ASSETS / name / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | {"dtype": "float32"}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (ASSETS / name / "generation_config.json").unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("all", "tokenizer", "base", "sft", "unmasked", "spread", "card"))
    parser.add_argument("--base-steps", type=int, default=10_800)
    parser.add_argument("--tune-steps", type=int, default=1400)
    chosen = parser.parse_args()
    if chosen.stage in ("all", "tokenizer"):
        write_held_out(SEED)
        build_tokenizer()
    if chosen.stage in ("all", "base"):
        build_base(chosen.base_steps)
    for name, policy in TUNED.items():
        if chosen.stage in ("all", name.removeprefix("tiny-")):
            save(tune(policy, chosen.tune_steps, SEED), name)
    if chosen.stage in ("all", "spread"):
        measure_spread(chosen.tune_steps)
    if chosen.stage in ("all", "card"):
        write_card(chosen.base_steps, chosen.tune_steps, SEED)


if __name__ == "__main__":
    main()
