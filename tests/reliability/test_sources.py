"""Rows M: what is no tokenizer and no model opens nothing; a damaged model is refused by name and runs no code."""

import time
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

import sftviz
from sftviz.assets import SourceError
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.model import load_model
from tests.model.test_pricing import CONFIG
from tests.reliability.sources import DAMAGED_MODELS, NO_SOURCE

ONE_TEXT = "neither a folder with a tokenizer or a model nor a Hub id (owner/name); offline work: sftviz/tiny, "


@pytest.mark.parametrize("load", [load_tokenizer, load_model], ids=["tokenizer", "model"])
@pytest.mark.parametrize("case", NO_SOURCE)
def test_what_is_no_source_is_told_the_same_whatever_there_is(case: str, load, monkeypatch) -> None:  # pyright: ignore
    name = NO_SOURCE[case]
    monkeypatch.setattr("sftviz.assets.files.Folder.text", lambda folder, file: pytest.fail(f"{folder} was opened"))
    with pytest.raises(SourceError) as told:
        load(name)
    assert told.value.code == "source_unknown"
    assert str(told.value).startswith(f"{name[:96]!r} is {ONE_TEXT}")


@pytest.mark.parametrize("case", ["M02 tokenizer", "M02 model"])
def test_an_id_nobody_has_fails_at_once_and_lists_what_works_offline(case: str) -> None:
    what = {case.removeprefix("M02 "): "nobody/nothing-here"}
    started = time.process_time()
    with pytest.raises(SourceError, match=r"is not on this computer, and downloading .*online=True.*sftviz/tiny-sft"):
        sftviz.inspect("User: hi\nAssistant: yo", **what)
    assert time.process_time() - started < 3


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("whole")
    LlamaForCausalLM(CONFIG).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("case", DAMAGED_MODELS)
def test_a_damaged_model_is_refused_by_name_and_runs_nothing(
    case: str, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, words = DAMAGED_MODELS[case]
    for file in whole.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    change(tmp_path)
    with pytest.raises(SourceError, match=words) as told:
        load_model(tmp_path)
    assert told.value.remedy
    assert not (tmp_path / "canary").exists()


def test_the_whole_one_loads(whole: Path) -> None:
    assert load_model(whole).config.vocab_size == 97
