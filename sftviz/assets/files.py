"""A folder's files, looked at before any library opens them: their size, where they lie, whether they are JSON."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from sftviz.assets import SourceError, source_error
from sftviz.assets.border import border
from sftviz.words import Said

Kind = Literal["tokenizer", "model"]

LARGEST = {  # bytes; the largest vocabularies in use come to 35 MB
    "tokenizer.json": 50 * 2**20,
    "chat_template.jinja": 64 * 2**10,
}
LARGEST_OTHER = 8 * 2**20  # of a JSON file that holds settings
JSON_KINDS = {str: "string", bool: "boolean", int: "number", float: "number", list: "list", dict: "object"}


@dataclass(frozen=True)
class Folder:
    """The folder of a tokenizer or model, and the name that errors call it by."""

    path: Path
    name: str
    kind: Kind

    def has(self, file: str) -> bool:
        return (self.path / file).exists()

    def error(self, code: str, **values: Any) -> SourceError:
        return source_error(code, name=self.name, kind=self.kind, **values)

    def text(self, file: str) -> str | None:
        """The file's text, None where there is none. Raises SourceError for one too large, or a link elsewhere."""
        path = self.path / file
        if not path.exists() and not path.is_symlink():
            return None
        with border(lambda reason: self.error("source_file", file=file, reason=reason)):
            self._check(path)
            return path.read_text(encoding="utf-8")

    def json(self, file: str) -> dict[str, Any]:
        """The file's JSON object, empty where there is no file."""
        text = self.text(file)
        if text is None:
            return {}
        with border(lambda reason: self.error("source_file", file=file, reason=reason)):
            found: Any = json.loads(text)
        if not isinstance(found, dict):
            kind = JSON_KINDS.get(type(found), "null")
            raise self.error("source_no_object", file=file, found=Said(f"kind.{kind}"))
        return as_object(found)

    def wrong_field(self, file: str, field: str, value: Any, wanted: str) -> SourceError:
        shown = json.dumps(value, ensure_ascii=False)[:60]
        return self.error("source_field", file=file, field=field, value=shown, wanted=Said(f"wanted.{wanted}"))

    def _check(self, path: Path) -> None:
        if not path.resolve().is_relative_to(self._root()):
            raise self.error("source_link", file=path.name)
        size, limit = path.stat().st_size, LARGEST.get(path.name, LARGEST_OTHER)
        if size > limit:
            raise self.error("source_large", file=path.name, size=size, limit=limit)

    def _root(self) -> Path:
        """Links may lead within the folder; in the Hub's cache, from snapshots/… to the blobs beside them."""
        resolved = self.path.resolve()
        return resolved.parent.parent if resolved.parent.name == "snapshots" else resolved


def as_object(value: Any) -> dict[str, Any]:
    """A JSON object as it is; empty for anything else, which the library that reads the file will name."""
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}
