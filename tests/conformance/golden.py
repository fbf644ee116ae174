"""Golden files: what frameworks made of the chats. Written by tests/conformance/rebuild, read here."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sftviz.chat.formats import parse
from sftviz.chat.messages import Chat
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.supervision import IGNORE
from tests.conformance.rebuild.chats import CHATS

FOLDER = Path(__file__).parent / "golden"
Row = tuple[list[int], list[int]]


@dataclass(frozen=True)
class Case:
    """One preset, template and options, on all chats. rows: of each chat, or the error's first words."""

    preset: str
    template: str
    options: tuple[tuple[str, Any], ...]
    rows: dict[str, list[Row] | str]

    @property
    def framework(self) -> str:
        return self.preset.partition("/")[0]

    @property
    def title(self) -> str:
        return " ".join([self.preset, self.template, *(f"{key}={value}" for key, value in self.options)])


@cache
def head(framework: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{framework}.jsonl").read_text(encoding="utf-8").partition("\n")[0])


@cache
def cases(framework: str) -> list[Case]:
    found: dict[Any, Case] = {}
    ids: list[list[int]] = []
    for line in (FOLDER / f"{framework}.jsonl").read_text(encoding="utf-8").splitlines()[1:]:
        row = json.loads(line)
        if "ids" in row:
            ids.append(row["ids"])
            continue
        key = (row["p"], row["t"], tuple(sorted(row["o"].items())))
        case = found.setdefault(key, Case(*key, rows={}))
        case.rows[row["c"]] = row["e"] if "e" in row else [_row(ids[n], own, other) for n, own, other in row["r"]]
    return list(found.values())


def _row(ids: list[int], own: list[list[int]], other: list[list[int]]) -> Row:
    labels = [IGNORE] * len(ids)
    for start, end in own:
        labels[start:end] = ids[start:end]
    for position, label in other:
        labels[position] = label
    return ids, labels


@cache
def chat(name: str, train: str = "") -> Chat:
    """train: "last" marks the last message for training, and every other against it."""
    messages = CHATS[name]
    if train == "last":
        messages = [{**one, "train": i == len(messages) - 1} for i, one in enumerate(messages)]
    return parse(json.dumps({"messages": messages}))


@cache
def tokenizer(template: str, folder: Path) -> Any:
    from tests.conformance.rebuild.common import tokenizer_folder

    return load_tokenizer(str(tokenizer_folder(template, folder / template)))


def tokenizers_template(case: Case) -> str:
    """The tokenizer that the framework was given: by the template, or of one's own, by its marks."""
    if case.framework in ("llamafactory", "swift", "torchtune"):
        return "llama3" if case.template == "llama3" and case.framework != "torchtune" else "chatml"
    return "qwen3" if case.framework == "tinker" else case.template


def frameworks() -> Iterator[str]:
    yield from sorted(path.stem for path in FOLDER.glob("*.jsonl"))
