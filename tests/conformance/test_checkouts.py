"""NeMo-RL and nanochat, which no package index has: twelve chats, as their own functions labelled them in a checkout.

Those runs had an older vocabulary of ours, so texts with marks are compared, not ids.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sftviz.chat.write import templates
from sftviz.supervision.frameworks import make
from sftviz.supervision.frameworks.made import FrameworkRow
from tests.conformance import golden
from tests.conformance.rebuild.common import tokenizer_folder

LINES = [json.loads(line) for line in (golden.FOLDER / "checkouts.txt").read_text(encoding="utf-8").splitlines()[1:]]
MARKS = [f"<|{name}|>" for name in ("bos", "user_start", "user_end", "assistant_start", "assistant_end")]


@dataclass
class Marked:
    """The embedded tokenizer with nanochat's marks added behind its vocabulary."""

    inner: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @property
    def control_ids(self) -> frozenset[int]:
        return self.inner.control_ids | set(range(len(self.inner), len(self.inner) + len(MARKS)))

    def id_of(self, piece: str) -> int | None:
        return len(self.inner) + MARKS.index(piece) if piece in MARKS else self.inner.id_of(piece)

    def decode(self, ids: list[int]) -> str:
        size = len(self.inner)
        return "".join(MARKS[i - size] if i >= size else self.inner.decode([i]) for i in ids)

    def encode(self, text: str, *_: Any) -> Any:
        return self.inner.encode(text)

    def __len__(self) -> int:
        return len(self.inner)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokenizers")


def marked_text(row: FrameworkRow) -> str:
    text, inside = "", False
    for piece, trained in zip(row.rendering.tokens.texts, row.verdicts.supervised, strict=True):
        if trained != inside:
            text, inside = text + ("⟦" if trained else "⟧"), trained
        text += piece
    text += "⟧" if inside else ""
    for full, short in (("\n", "⏎"), ("<|im_start|>", "<S>"), ("<|im_end|>", "<E>"), ("<|bos|>", "<|endoftext|>")):
        text = text.replace(full, short)
    return text


@pytest.mark.parametrize("line", LINES, ids=[f"{one['p']} {one['t']} {one['c']}" for one in LINES])
def test_a_preset_gives_what_the_checkout_gave(line: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "_tokenizers_own", lambda text: templates.Template("tokenizer", text, trusted=True))
    template = "chatml" if line["t"] == "nanochat" else line["t"]
    tokenizer = golden.load_tokenizer(str(tokenizer_folder(template, folder / template)))
    asked = Marked(tokenizer) if line["t"] == "nanochat" else tokenizer
    made = make(line["p"], golden.chat(line["c"]), asked)
    if "e" in line:
        assert made.no_row is not None
        assert not made.drops
    else:
        assert [marked_text(row) for row in made.rows] == [line["text"]]
