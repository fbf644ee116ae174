"""What every script shares: tokenizers of sftviz's own, and golden files. Runs in a framework's environment.

A golden file is JSON Lines. The first line says what ran: framework, versions, licence, when a label is a token's own.
Then `{"ids": [...]}` lines, counted from 0, and one line a case: p preset, t template, o options, c chat, and either
r, rows of [number of its ids, stretches [from, to) whose label is the token's own id, [position, label] of any other
label], or e, the first words of the error that the framework raised. No row at all: the framework drops the chat.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # chats.py stands beside

from chats import CHATS  # noqa: E402

TINY = HERE.parents[2] / "sftviz" / "assets" / "tiny"
GOLDEN = HERE.parent / "golden"
IGNORE = -100
# Not special in the tokenizers that have them, so that "as text" leaves them whole
MERELY_ADDED = ("<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
# A template by name: the file that holds it, and the tokens its tokenizer is given
TEMPLATES: dict[str, tuple[str, dict[str, str]]] = {
    "chatml": ("own:chatml.jinja", {"eos_token": "<|im_end|>"}),
    "chatml_eos": ("own:chatml.jinja", {"eos_token": "<|endoftext|>"}),
    "qwen3": ("trl:qwen3.jinja", {"eos_token": "<|im_end|>"}),
    "qwen3_training": ("trl:qwen3_training.jinja", {"eos_token": "<|im_end|>"}),
    "llama3": ("trl:llama3.jinja", {"eos_token": "<|eot_id|>", "bos_token": "<|begin_of_text|>"}),
    "qwen3_5": ("trl:qwen3_5_think.jinja", {"eos_token": "<|im_end|>"}),
    "phi3": ("trl:phi3.jinja", {"eos_token": "<|endoftext|>"}),
    "gemma3": ("trl:gemma3.jinja", {"eos_token": "<eos>", "bos_token": "<bos>"}),
}


def template_text(name: str) -> str:
    where, _, file = TEMPLATES[name][0].partition(":")
    if where == "own":
        return (TINY.parent / "templates" / file).read_text(encoding="utf-8")
    import importlib.util

    folder = os.environ.get("TRL_TEMPLATES")
    if folder is None:
        spec = importlib.util.find_spec("trl")
        assert spec is not None
        assert spec.submodule_search_locations
        folder = f"{spec.submodule_search_locations[0]}/chat_templates"
    return (Path(folder) / file).read_text(encoding="utf-8")


def tokenizer_folder(template: str, to: Path) -> Path:
    """A folder with the embedded tokenizer, its think and tool tokens merely added, and this chat template."""
    to.mkdir(parents=True, exist_ok=True)
    backend = json.loads((TINY / "tokenizer.json").read_text(encoding="utf-8"))
    for token in backend["added_tokens"]:
        token["special"] = token["special"] and token["content"] not in MERELY_ADDED
    (to / "tokenizer.json").write_text(json.dumps(backend, ensure_ascii=False), encoding="utf-8")
    config = json.loads((TINY / "tokenizer_config.json").read_text(encoding="utf-8"))
    config |= TEMPLATES[template][1]
    kept = [piece for piece in config["extra_special_tokens"] if piece not in MERELY_ADDED]
    (to / "tokenizer_config.json").write_text(json.dumps(config | {"extra_special_tokens": kept}), encoding="utf-8")
    (to / "chat_template.jinja").write_text(template_text(template), encoding="utf-8")
    return to


def tokenizer(template: str) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tokenizer_folder(template, Path(tempfile.mkdtemp())))


Row = tuple[Sequence[int], Sequence[int]]  # ids and labels, unshifted


class Golden:
    """Collects cases, and writes the file."""

    def __init__(self, framework: str, packages: Iterable[str], licence: str):
        self.framework = framework
        head = {"framework": framework, "versions": {name: version(name) for name in packages}, "licence": licence}
        self.lines = [json.dumps(head, ensure_ascii=False)]
        self.numbers: dict[tuple[int, ...], int] = {}

    def run(
        self,
        preset: str,
        template: str,
        encode: Callable[[list[Any]], Iterable[Row]],
        options: dict[str, Any] | None = None,
        chats: Iterable[str] = (),
    ) -> None:
        """One preset on every chat, or on those named. encode: a chat's messages -> rows; it may raise."""
        for name in chats or CHATS:
            case: dict[str, Any] = {"p": preset, "t": template, "o": options or {}, "c": name}
            try:
                rows = [self._row(list(map(int, ids)), list(map(int, labels))) for ids, labels in encode(_copy(name))]
                self.lines.append(_line(case | {"r": rows}))
            except Exception as error:
                self.lines.append(_line(case | {"e": f"{type(error).__name__}: {error}"[:120]}))

    def write(self) -> None:
        GOLDEN.mkdir(exist_ok=True)
        path = GOLDEN / f"{self.framework}.jsonl"
        path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        print(f"{path.name}: {len(self.lines)} lines, {path.stat().st_size} bytes", flush=True)

    def _row(self, ids: list[int], labels: list[int]) -> list[Any]:
        own, other = list[list[int]](), list[list[int]]()
        for t, (token, label) in enumerate(zip(ids, labels, strict=True)):
            if label == token:
                if own and own[-1][1] == t:
                    own[-1][1] = t + 1
                else:
                    own.append([t, t + 1])
            elif label != IGNORE:
                other.append([t, label])
        if tuple(ids) not in self.numbers:
            self.numbers[tuple(ids)] = len(self.numbers)
            self.lines.append(_line({"ids": ids}))
        return [self.numbers[tuple(ids)], own, other]


def _copy(name: str) -> list[Any]:
    return json.loads(json.dumps(CHATS[name]))


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
