"""What the package carries (a tokenizer and three checkpoints), and where any other one is looked for."""

import json
import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TOKENIZER = "sftviz/tiny"
HUB_ID = re.compile(r"(?:\w(?:[\w.-]*\w)?/)?\w(?:[\w.-]*\w)?", re.ASCII)
LONGEST_HUB_ID = 96


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
OFFLINE = f"offline work: {TOKENIZER}, {', '.join(MODELS)}, or a local folder"


class SourceError(ValueError):
    """A tokenizer or model that cannot be found or loaded."""


def held_out() -> dict[str, list[Any]]:
    """Chats and plain texts the embedded models never trained on: {"chats": […], "documents": […]}."""
    return json.loads((HERE / "held_out.json").read_text(encoding="utf-8"))


def is_embedded_model(source: Any) -> bool:
    return isinstance(source, str) and source in MODELS


def locate(name: str, *, online: bool = False) -> Path | str:
    """The folder of an embedded name or of a local path; otherwise a well-formed Hub id, as it is.

    Raises SourceError for anything else: a URL, an empty name, a path that is not there.

    >>> locate("sftviz/tiny").name
    'tiny'
    """
    if name == TOKENIZER or name in MODELS:
        folder = HERE / name.removeprefix("sftviz/")
        if not folder.is_dir():
            raise SourceError(f"{name} is not in this installation ({folder} is missing); build it with `make model`")
        return folder
    folder = local_folder(name)
    if folder:
        return folder
    if len(name) > LONGEST_HUB_ID or not HUB_ID.fullmatch(name) or ".." in name or "--" in name:
        raise SourceError(
            f"{name[:LONGEST_HUB_ID]!r} is neither a folder on this computer nor a Hub id (owner/name); {OFFLINE}"
        )
    return name


def local_folder(name: str) -> Path | None:
    """The folder of that name on this computer, if there is one; `~` is the home folder."""
    try:
        folder = Path(name).expanduser()
        return folder if name and folder.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # too long for a path; ~nobody; NUL
        return None


def pretrained_options(online: bool) -> dict[str, Any]:
    """What every `from_pretrained` is called with: nobody's code is run, the network is used only when asked for."""
    return {"local_files_only": not online, "trust_remote_code": False}


def load_error(kind: str, name: str | PathLike[str], error: Exception, online: bool) -> SourceError:
    """What to tell somebody whose tokenizer or model did not load."""
    if isinstance(error, OSError) and not local_folder(str(name)) and not online:
        return SourceError(
            f"{kind} {str(name)!r} is not on this computer, and downloading is switched off: pass online=True "
            f"(--online) to allow it; {OFFLINE}"
        )
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return SourceError(f"{kind} {str(name)!r} could not be loaded: {first_line}; {OFFLINE}")
