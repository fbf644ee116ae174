"""A folder read by `tokenizers` alone is what transformers makes of it; a damaged one is refused by name."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from sftviz import assets
from sftviz.assets import SourceError
from sftviz.chat import tokenizers
from sftviz.chat.tokenizers import fingerprint, load_tokenizer, same_vocabulary
from sftviz.chat.tokenizers.fast import from_transformers
from sftviz.words import say

from .folders import DAMAGED, FAILING, WHOLE, embedded

TEXTS = [
    "the owl is a bird", "  two  spaces ", "näive 你好 🙂 e\u0301", "<s>a</s><unk> <late> [MASK]x <|end|><image>",
    "", "\n\n\t", "zzz <a><b> <audio> <|im_end|>\n",
]  # fmt: skip


@pytest.mark.parametrize("kind", WHOLE)
def test_ids_characters_variables_and_template_are_transformers(kind: str, tmp_path: Path) -> None:
    folder = WHOLE[kind](tmp_path / kind)
    ours, theirs = load_tokenizer(folder), from_transformers(AutoTokenizer.from_pretrained(folder), "theirs")
    for text in TEXTS:
        a, b = ours.encode(text), theirs.encode(text)
        assert [column.tolist() for column in vars(a).values()] == [column.tolist() for column in vars(b).values()]
        assert ours.decode(a.ids.tolist()) == theirs.decode(a.ids.tolist())
    for name in ("variables", "chat_template", "control_ids", "eos_id", "pad_id", "unknown_id", "max_length"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert len(ours) == len(theirs)
    assert same_vocabulary(ours, theirs)


@pytest.mark.parametrize("kind", WHOLE)
def test_many_texts_at_once_are_each_text_alone(kind: str, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(WHOLE[kind](tmp_path / kind))
    texts = [*TEXTS, "你好🙂👩‍👩‍👧" * 20, "a\ud800b", "naïve\u0301 İ", "\x00\x7f\u0080"]
    for text, one in zip(texts, tokenizer.encode_all(texts), strict=True):
        alone = tokenizer.encode(text)
        assert [c.tolist() for c in vars(one).values()] == [c.tolist() for c in vars(alone).values()], text


@pytest.mark.parametrize("kind", WHOLE)
def test_the_whole_folders_need_no_transformers(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = WHOLE[kind](tmp_path / kind)
    monkeypatch.setattr(tokenizers, "_load_by_transformers", lambda *given: pytest.fail("transformers was asked"))
    load_tokenizer(folder)


def test_a_class_of_its_own_is_left_to_transformers(tmp_path: Path) -> None:
    folder = embedded(tmp_path / "x")
    settings = folder / "tokenizer_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"tokenizer_class": "GPT2Tokenizer"}))
    ours, theirs = load_tokenizer(folder), from_transformers(AutoTokenizer.from_pretrained(folder), "theirs")
    assert same_vocabulary(ours, theirs)
    assert ours.encode(TEXTS[0]).ids.tolist() == theirs.encode(TEXTS[0]).ids.tolist()


@pytest.mark.parametrize("case", DAMAGED, ids="M06 {}".format)
def test_a_damaged_folder_is_refused_by_name_or_loads(case: str, tmp_path: Path) -> None:
    change, words = DAMAGED[case]
    folder = embedded(tmp_path / "x")
    change(folder)
    started = time.monotonic()
    try:
        ids = load_tokenizer(folder).encode("the owl").ids
    except SourceError as error:
        assert words is not None, str(error)
        assert re.search(words, str(error)), str(error)
        assert ": ;" not in str(error)
        assert re.search("[\u4e00-\u9fff]", error.sentence("zh"))
        assert "secret" not in str(error)
    else:
        assert words is None
        assert len(ids)
    assert time.monotonic() - started < 20


def test_forty_folders_are_damaged() -> None:
    assert len(DAMAGED) >= 40


@pytest.mark.parametrize("case", FAILING)
def test_a_tokenizer_that_fails_on_a_text_is_named(case: str, tmp_path: Path) -> None:
    folder = embedded(tmp_path / "x")
    backend = json.loads((folder / "tokenizer.json").read_text())
    backend |= {"model": FAILING[case], "added_tokens": [], "pre_tokenizer": None, "normalizer": None, "decoder": None}
    (folder / "tokenizer.json").write_text(json.dumps(backend))
    (folder / "tokenizer_config.json").write_text("{}")
    with pytest.raises(SourceError, match=r"failed on the text: .*(UNK|unk)"):
        load_tokenizer(folder).encode("the owl")


def test_half_a_character_is_read_as_the_replacement_character() -> None:
    tiny = load_tokenizer("sftviz/tiny")
    half, whole = tiny.encode("a\ud800b"), tiny.encode("a\ufffdb")
    assert half.ids.tolist() == whole.ids.tolist()
    assert half.ends.tolist() == whole.ends.tolist()


def test_ids_that_are_none_are_named() -> None:
    with pytest.raises(SourceError, match="tokenizer 'sftviz/tiny' failed on ids: OverflowError"):
        load_tokenizer("sftviz/tiny").decode([-1])


@pytest.mark.parametrize("source", [None, 5, 2.5, [], {"a": 1}, object()])
def test_what_is_no_tokenizer_is_refused(source: object) -> None:
    with pytest.raises(SourceError, match=r"is no tokenizer; give a name, a folder, a Hub id"):
        load_tokenizer(source)


def test_a_name_of_mistrals_that_is_none_lists_the_known() -> None:
    with pytest.raises(SourceError, match="'mistral:v99' is unknown; known by name: mistral:v1, mistral:v2"):
        load_tokenizer("mistral:v99")


def test_tokenizers_are_compared_by_vocabulary_and_not_by_name(tmp_path: Path) -> None:
    tiny, copied = load_tokenizer("sftviz/tiny"), load_tokenizer(embedded(tmp_path / "copy"))
    assert same_vocabulary(tiny, copied)
    assert fingerprint(tiny) == assets.FINGERPRINT
    assert not same_vocabulary(tiny, load_tokenizer(WHOLE["byte_level"](tmp_path / "other")))


def test_one_changed_piece_is_another_vocabulary(tmp_path: Path) -> None:
    folder = embedded(tmp_path / "x")
    text = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(text.replace("<|observation|>", "<|observatiom|>"))
    (folder / "tokenizer_config.json").write_text("{}")
    assert not same_vocabulary(load_tokenizer(folder), load_tokenizer("sftviz/tiny"))


def test_a_folder_that_has_changed_is_loaded_anew(tmp_path: Path) -> None:
    folder = embedded(tmp_path / "x")
    assert load_tokenizer(folder) is load_tokenizer(folder)
    (folder / "chat_template.jinja").write_text("changed")
    assert load_tokenizer(folder).chat_template == "changed"


def test_a_tokenizer_that_is_there_waits_for_no_slow_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_tokenizer("sftviz/tiny")
    slow, fast, waiting = embedded(tmp_path / "slow"), embedded(tmp_path / "fast"), threading.Event()
    load = tokenizers._load_located

    def slowly(located: Path, name: str, online: bool) -> object:
        if name == str(slow):
            waiting.wait(30)
        return load(located, name, online)

    monkeypatch.setattr(tokenizers, "_load_located", slowly)
    with ThreadPoolExecutor(3) as threads:
        held = threads.submit(load_tokenizer, slow)
        try:
            assert threads.submit(load_tokenizer, "sftviz/tiny").result(timeout=10).name == "sftviz/tiny"
            assert threads.submit(load_tokenizer, fast).result(timeout=10).name == str(fast)
            assert not held.done()
        finally:
            waiting.set()


def test_the_mask_path_loads_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, sftviz.chat.rendering, sftviz.model, sftviz.supervision;"
        "from sftviz.chat.tokenizers import load_tokenizer; load_tokenizer('sftviz/tiny').encode('hi');"
        "print([name for name in ('torch', 'transformers', 'pandas', 'scipy') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


NO_ROUTE = """
import time
from sftviz.assets import SourceError
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.model import load_model
for load in (load_tokenizer, load_model):
    started = time.monotonic()
    try:
        load("acme/tok", online=True)
    except SourceError as error:
        print(error.code, time.monotonic() - started < 8, error)
"""


def test_a_hub_that_does_not_answer_is_given_up_after_three_seconds() -> None:
    with socket.socket() as silent:  # takes the connection, and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        given = {"HF_ENDPOINT": endpoint, "PATH": "", "HF_HUB_OFFLINE": "0"}
        told = subprocess.run([sys.executable, "-c", NO_ROUTE], capture_output=True, text=True, env=given, check=True)
    lines = told.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("source_no_route True") for line in lines), lines
    assert f"the Hub ({endpoint}) cannot be reached, or did not answer within 3 s" in lines[0]


def test_every_sentence_of_sources_can_be_said_in_both_languages() -> None:
    error = assets.source_error("source_not_here", name="a/b", kind="model")
    assert say(error.what, "zh").startswith("这台电脑上没有模型")
    assert "sftviz/tiny-sft" in error.sentence("zh")
