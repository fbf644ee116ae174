"""What the package carries (a tokenizer and three checkpoints), and where any other one is looked for."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sftviz.words import Said, SaidError

HERE = Path(__file__).resolve().parent
TOKENIZER = "sftviz/tiny"
SMOLLM2 = "smollm2"  # a name once it was added: sftviz/assets/smollm2.py
HUB_ID = re.compile(r"(?:\w(?:[\w.-]*\w)?/)?\w(?:[\w.-]*\w)?", re.ASCII)
LONGEST_HUB_ID = 96
# One of these is in every folder of a tokenizer or a model; what any other folder holds is nobody's business
MARKS_OF_A_SOURCE = (
    "config.json", "tokenizer*", "*.safetensors", "*.model", "vocab*", "merges.txt", "tekken.json",
    "special_tokens_map.json", "added_tokens.json",
)  # fmt: skip

# chat.tokenizers.fingerprint of the embedded tokenizer: what the embedded models read. A test holds it.
FINGERPRINT = "ed7ccaefcdcc0fea919af1aba171f3cce625c002182639d89d1e143421931bd2"


@dataclass(frozen=True)
class EmbeddedModel:
    name: str
    title: str
    meaning: str


def _rows(*rows: EmbeddedModel) -> dict[str, EmbeddedModel]:
    return {row.name: row for row in rows}


MODELS = _rows(
    EmbeddedModel("sftviz/tiny-base", "Embedded, base", "trained on WordNet as plain text; has never seen a chat"),
    EmbeddedModel("sftviz/tiny-sft", "Embedded, tuned", "base, tuned on chats with the loss on assistant tokens only"),
    EmbeddedModel(
        "sftviz/tiny-unmasked",
        "Embedded, tuned without a mask",
        "base, tuned on the same chats with the loss on every token",
    ),
)
OFFLINE = (TOKENIZER, *MODELS)  # what works without the network


class SourceError(SaidError):
    """A tokenizer or model that cannot be found, loaded or used: sentences error.<code>, remedy.<code>."""


def source_error(code: str, **values: Any) -> SourceError:
    """A SourceError whose remedy may name what works offline. `kind` is "tokenizer" or "model"."""
    if "kind" in values:
        values["kind"] = Said(f"source.{values['kind']}")
    return SourceError(code, **values, offline=OFFLINE)


def held_out() -> dict[str, list[Any]]:
    """Chats and plain texts the embedded models never trained on: {"chats": […], "documents": […]}."""
    return json.loads((HERE / "held_out.json").read_text(encoding="utf-8"))


def is_embedded_model(source: Any) -> bool:
    return isinstance(source, str) and source in MODELS


def reads(model: Any) -> str | None:
    """The name of the tokenizer whose ids a model of that name reads; None for a model that is no name of ours.

    >>> reads("sftviz/tiny-sft"), reads("smollm2"), reads("org/name")
    ('sftviz/tiny', 'smollm2', None)
    """
    if is_embedded_model(model):
        return TOKENIZER
    return SMOLLM2 if isinstance(model, str) and model == SMOLLM2 else None


def locate(name: str, kind: Literal["tokenizer", "model"] = "tokenizer") -> Path | str:
    """The folder of an embedded or added name or of a local path; otherwise a well-formed Hub id, as it is.

    Raises the same SourceError for anything else: a URL, an empty name, a path that is not there, or where neither a
    tokenizer nor a model is: the answer must not tell which folders there are.

    >>> locate("sftviz/tiny").name
    'tiny'
    """
    if name in OFFLINE:
        folder = HERE / name.removeprefix("sftviz/")
        if not folder.is_dir():
            raise source_error("source_missing", name=name)
        return folder
    if name == SMOLLM2:
        from sftviz.assets import smollm2

        return smollm2.locate(kind)
    folder = local_folder(name)
    if folder:
        return folder
    if len(name) > LONGEST_HUB_ID or not HUB_ID.fullmatch(name) or ".." in name or "--" in name:
        raise source_error("source_unknown", name=name[:LONGEST_HUB_ID])
    return name


def local_folder(name: str) -> Path | None:
    """The folder of that name on this computer that may hold a tokenizer or a model; `~` is the home folder."""
    try:
        folder = Path(name).expanduser()
        is_source = name and folder.is_dir() and any(any(folder.glob(mark)) for mark in MARKS_OF_A_SOURCE)
        return folder if is_source else None
    except (OSError, RuntimeError, ValueError):  # too long for a path; ~nobody; NUL; not to be looked into
        return None
