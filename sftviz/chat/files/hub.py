"""Data sets by their address: `org/name:train[17]`, or a folder in the Hub's layout; and folders that were saved."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sftviz.assets.border import border
from sftviz.chat.files.data import DataFile, skipping
from sftviz.chat.messages import ChatError
from sftviz.chat.read.lists import sample_place
from sftviz.chat.read.pastes import Choices
from sftviz.chat.read.python_values import plain_value
from sftviz.chat.read.samples import Item
from sftviz.extras import Needed

ADDRESS = re.compile(
    r"(?P<repo>[^:\[\]]+)(?::(?P<config>[\w.-]+))?:(?P<split>[A-Za-z][\w.-]*)(?:\[(?P<index>\d{1,9})\])?"
)
SAVED = ("state.json", "dataset_dict.json")  # what `save_to_disk` writes


def is_address(source: str | Path) -> bool:
    return ADDRESS.fullmatch(str(source)) is not None and not Path(source).exists()


def open_address(address: str, choices: Choices, *, online: bool) -> DataFile:
    """Stream one split. The number in brackets counts from 0, as `datasets` does; `repo:config:split` names a config.

    Raises ChatError for a data set that is no folder here, unless `online`.
    """
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise ValueError(f"{address!r} is no address of a data set")
    repo, split = found["repo"], found["split"]
    if Path(repo).is_dir():
        rows = _saved(Path(repo), split) if _is_saved(Path(repo)) else _streamed(repo, found["config"], split)
    elif not online:
        raise ChatError("dataset_offline", name=repo)
    else:
        rows = _streamed(repo, found["config"], split)
    only = None if found["index"] is None else int(found["index"])
    return DataFile(address, partial(_items_from, rows), choices.read, only=only)


def open_saved(folder: Path, choices: Choices) -> DataFile:
    """A data set that was saved to disk, as trainers cache them."""
    if not _is_saved(folder):
        raise ChatError("file_is_folder", name=str(folder))
    return DataFile(str(folder), partial(_items_from, _saved(folder, None)), choices.read)


def _is_saved(folder: Path) -> bool:
    return any((folder / name).is_file() for name in SAVED)


def _saved(folder: Path, split: str | None) -> Any:
    with border(_broken):
        held = _library().load_from_disk(str(folder))
        if not isinstance(held, dict):
            return held
        if split is None:
            raise ChatError("splits_of_folder", folder=str(folder), splits=tuple(map(str, held)))  # pyright: ignore[reportUnknownArgumentType]
        return held[split]  # pyright: ignore[reportUnknownVariableType]


def _streamed(repo: str, config: str | None, split: str) -> Any:
    with border(_broken):
        return _library().load_dataset(repo, config, split=split, streaming=True)


def _library() -> Any:
    with Needed():
        import datasets  # pyright: ignore[reportMissingTypeStubs]

        return datasets


def _items_from(rows: Any, n: int) -> Iterator[Item]:
    return skipping(_items(rows), n)


def _items(rows: Any) -> Iterator[Item]:
    with border(_broken):
        for number, row in enumerate(rows, 1):
            yield Item(sample_place(number), partial(plain_value, row))


def _broken(reason: str) -> ChatError:
    return ChatError("dataset", what=reason)
