"""What a tokenizer's files may say, looked at before a library opens them: numbers that would take minutes or GB."""

from collections.abc import Iterator
from typing import Any, cast

from sftviz.assets.files import Folder, as_object

LARGEST_ID = 2**22  # the largest vocabularies in use have 2^18 tokens
MOST_ADDED = 100_000
MOST_GROWTH = 1_000  # characters that a normalizer may make of one; Unicode's own largest is 18
MOST_SHOWN = 10**12


def check(folder: Folder) -> None:
    """Raise SourceError for files that are too large, lead elsewhere, or say what no tokenizer can be."""
    for file in ("chat_template.jinja", "special_tokens_map.json"):
        folder.text(file)
    _check_settings(folder, folder.json("tokenizer_config.json"))
    _check_backend(folder, folder.json("tokenizer.json"))


WANTED: dict[str, tuple[tuple[type, ...], str]] = {
    "tokenizer_class": ((str,), "text"),
    "model_max_length": ((int, float), "number"),
    "chat_template": ((str, list, dict), "template"),
    "added_tokens_decoder": ((dict,), "object"),
}


def _check_settings(folder: Folder, config: dict[str, Any]) -> None:
    for field, (types, wanted) in WANTED.items():
        value = config.get(field)
        if value is not None and (not isinstance(value, types) or isinstance(value, bool)):
            raise folder.wrong_field("tokenizer_config.json", field, value, wanted)


def _check_backend(folder: Folder, backend: dict[str, Any]) -> None:
    added = _list(backend.get("added_tokens"))
    if len(added) > MOST_ADDED:
        raise folder.error("tokenizer_added", count=len(added), limit=MOST_ADDED)
    for piece, number in _ids(backend):
        if not 0 <= number <= LARGEST_ID:
            raise folder.error("tokenizer_id", piece=piece, id=number, limit=LARGEST_ID)
    growth = _growth(as_object(backend.get("normalizer")))
    if growth > MOST_GROWTH:
        raise folder.error("tokenizer_grows", factor=growth)


def _ids(backend: dict[str, Any]) -> Iterator[tuple[str, int]]:
    vocabulary = as_object(as_object(backend.get("model")).get("vocab"))
    yield from ((piece, number) for piece, number in vocabulary.items() if isinstance(number, int))
    for token in map(as_object, _list(backend.get("added_tokens"))):
        if isinstance(token.get("id"), int):
            yield str(token.get("content")), token["id"]


def _growth(normalizer: dict[str, Any]) -> int:
    """How many characters one may become: each replacement by a longer text multiplies."""
    factor = 1
    for part in _list(normalizer.get("normalizers")):
        factor = min(factor * _growth(as_object(part)), MOST_SHOWN)
    replaced = str(as_object(normalizer.get("pattern")).get("String") or "x")
    return max(factor, -(-len(str(normalizer.get("content") or "")) // len(replaced)))


def _list(value: Any) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []
