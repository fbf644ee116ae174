"""TRL's SFTTrainer: labels at preparation, from the assistant mask, from the completion, from both, or from neither."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from os.path import commonprefix

from sftviz.chat.rendering import Rendering, completion_start
from sftviz.supervision import IGNORE
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset, labels_of
from sftviz.supervision.frameworks.pieces import cut_rendering
from sftviz.supervision.frameworks.said import explained, why
from sftviz.supervision.frameworks.transformers import assistant_labels
from sftviz.supervision.frameworks.writer import Writer, writer

FRAMEWORK = Framework(
    "trl",
    "TRL",
    "trl 1.16.0",
    ("trainer/sft_trainer.py", "data_utils.py", "chat_template_utils.py"),
    "Apache-2.0",
    "ran",
)
PRESETS = (
    Preset("trl/plain", "TRL, plain", "every token, whoever wrote it: SFTConfig's defaults", {}),
    Preset(
        "trl/assistant_only",
        "TRL, assistant_only_loss",
        "the tokens of the template's generation blocks; for known templates without any TRL takes its own",
        {"assistant_only_loss": True},
    ),
    Preset(
        "trl/completion",
        "TRL, prompt-completion",
        "all after the prompt: from where the tokens of prompt and row part, tool results and line breaks too",
        {"completion": True},
    ),
    Preset(
        "trl/completion_assistant",
        "TRL, prompt-completion and assistant_only_loss",
        "what is in a generation block and after the prompt",
        {"completion": True, "assistant_only_loss": True},
    ),
)
MAX_LENGTH = 1024
# Templates that TRL swaps for its own with generation blocks: sha256 of the text, and the name of ours
SWAPPED = {
    "ba03a121d097859c": "llama3",
    "ecd6ae513fe103f0": "gemma",
    "7de1c58e208eda46": "gemma3",
    "9aeb7eac68ad87bb": "diffusion_gemma",
    "cd8e9439f0570856": "qwen2_5",
    "a0bc6f6fc7a29a80": "qwen2_5_vl",
    "a55ee1b1660128b7": "qwen3",
    "64f85b198065d0fb": "qwen3_instruct",
    "3636d0f0bd6bef02": "qwen3_vl",
    "a4aee8afcf2e0711": "qwen3_5",
    "273d8e0e683b8850": "qwen3_5_nothink",
    "e84f32a23fdda276": "qwen3_6",
    "c3cf9e34abf4f9e3": "qwen3_8",
    "dcaee66df77bfbb7": "phi3",
    "78d976a442bcde2f": "phi3_5",
    "563b1ce7d61d50a9": "deepseek_v3",
    "56a1447ad31926fd": "deepseek_r1",
    "44f815868bf02fa4": "glm4",
    "a4c9919cbbd4acdd": "gpt_oss",
    "90c33aee14aa2a22": "cohere",
    "2147c474f41b522b": "cohere2",
    "5504d163d879bfb6": "lfm2",
    "cef187400d62a595": "lfm2_first",
    "ab7813c3abdd9cb6": "nemotron_3_nano",
    "575fb74f54ed264d": "nemotron_3_super",
    "82753bef5cedc493": "nemotron_3_ultra",
    "58933db77d3099b4": "nemotron_3_5",
    "cfc67e5f349f3769": "muse_glimmer",
    "0d7e56ca41705b79": "idefics3",
    "830005085ddd94ce": "smolvlm",
    "2c17243a977fd064": "llava_next",
}


def encode(asked: Asked) -> Iterator[Labelled]:
    if asked.option("assistant_only_loss"):
        asked = _with_blocks(asked)
    one = writer(asked)
    rendering = one.rendering()
    trained = [True] * len(rendering.tokens)
    codes = ["fw_every_token"] * len(trained)
    if asked.option("completion"):
        start = _completion_begins(one, rendering)
        trained = [t >= start for t in range(len(trained))]
        codes = ["fw_completion" if yes else "fw_prompt" for yes in trained]
    if asked.option("assistant_only_loss"):
        inside = [label != IGNORE for label in assistant_labels(rendering)]
        if not any(inside):
            raise NoRow("no_assistant_token")
        trained = [a and b for a, b in zip(trained, inside, strict=True)]
        outside = why(rendering, labels_of(rendering.ids, inside), "fw_generated")
        codes = [
            code if code == "fw_prompt" else said.code.removeprefix("reason.")
            for code, said in zip(codes, outside, strict=True)
        ]
    labels = labels_of(rendering.ids, trained)
    keep = _kept(asked)
    if all(label == IGNORE for label in labels[keep]):
        empty = asked.option("completion") and completion_start(asked.chat) == len(asked.chat.messages)
        # the first key of a Python set tells TRL whether a row is a chat: of an empty completion it asks message 0
        raise NoRow("empty_completion" if empty else "nothing_trained", drops=True)
    cut = rendering if len(labels[keep]) == len(labels) else cut_rendering(rendering, keep)
    codes = codes[keep]
    yield Labelled(cut, labels[keep], explained(cut, labels[keep], lambda t: codes[t]))


def _kept(asked: Asked) -> slice:
    length = asked.option("max_length", MAX_LENGTH)
    return slice(-length, None) if asked.option("truncation_mode") == "keep_end" else slice(None, length)


def _completion_begins(one: Writer, rendering: Rendering) -> int:
    """The first token at which the prompt, written for generation, and the row part."""
    start = completion_start(one.chat)
    if start == 0:
        raise NoRow("no_prompt")
    prompt = one.encode(one.text(one.chat.messages[:start], generation_prompt=True)).ids.tolist()
    return len(commonprefix([prompt, rendering.ids]))


def _with_blocks(asked: Asked) -> Asked:
    """The template that TRL takes: the tokenizer's own where it marks what is generated, else its own for it."""
    template = writer(asked).template
    if template.has_generation:
        return asked
    known = SWAPPED.get(hashlib.sha256(template.jinja.encode()).hexdigest()[:16])
    if known is None:
        raise NoRow("template_without_blocks")
    return replace(asked, template=known)
