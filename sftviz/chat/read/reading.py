"""What a sample is read with, and what is told on the way: a key that nobody takes is told, none is lost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sftviz.chat.messages import Chat, Notice, Severity
from sftviz.chat.read.json_text import kind
from sftviz.chat.read.places import several
from sftviz.words import Said

Media = Literal["refuse", "placeholder"]
Side = Literal["chosen", "rejected"]
LONGEST_QUOTE = 40

# Keys that say where a sample or a turn comes from, not what it holds: told as a note
ABOUT = frozenset(
    [
        "id",
        "idx",
        "index",
        "uuid",
        "guid",
        "_id",
        "prompt_id",
        "question_id",
        "conversation_id",
        "session_id",
        "sample_id",
        "message_id",
        "dialog_id",
        "row_id",
        "source",
        "dataset",
        "dataset_name",
        "category",
        "topic",
        "domain",
        "language",
        "lang",
        "split",
        "url",
        "title",
        "name",
        "model",
        "timestamp",
        "time",
        "created",
        "created_at",
        "create_time",
        "update_time",
        "updated_at",
        "date",
        "num_turns",
        "turn",
        "n_turns",
        "version",
        "hash",
        "md5",
        "license",
        "author",
        "user",
        "status",
        "metadata",
        "meta",
        "object",
        "__index_level_0__",
    ]
)


def has_value(value: Any) -> bool:
    """False of what a file writes for nothing: null, blank text, an empty list or object."""
    return bool(value.strip()) if isinstance(value, str) else value is not None and value not in ([], {}, ())


@dataclass
class Reading:
    """The choices a sample is read with, and what is told of it: notices, and the keys that nobody took."""

    read_text: Callable[[str], Chat]  # training text that stands inside a value
    media: Media = "refuse"
    side: Side | None = None  # of a preference row; None: chosen
    notices: list[Notice] = field(default_factory=list[Notice])
    unread: dict[str, list[tuple[Said | None, Any]]] = field(default_factory=dict[str, list[tuple[Said | None, Any]]])

    def tell(self, code: str, where: Said | None = None, severity: Severity = "warning", **values: Any) -> None:
        self.notices.append(Notice(code, where, values, severity))

    def told(self, texts: frozenset[str] = frozenset()) -> tuple[Notice, ...]:
        """Every notice, folded; `texts` are the contents of the chat: a key that only repeats one is a note."""
        keys = [_key_not_read(key, held, texts) for key, held in self.unread.items()]
        return (*_folded(self.notices), *keys)


class Fields:
    """One object of a sample. What is taken from it is read; `close` tells every other key that holds a value."""

    def __init__(self, value: Mapping[str, Any], reading: Reading, where: Said | None = None):
        self.value, self.reading, self.where = value, reading, where
        self._taken: set[str] = set()

    def take(self, *names: str) -> Any:
        """The value under the first of these names that holds one, else None. The same value twice is read twice."""
        found = [name for name in names if has_value(self.value.get(name))]
        self._taken |= {name for name in names if name not in found}
        if not found:
            return None
        first = self.value[found[0]]
        self._taken |= {name for name in found if name == found[0] or self.value[name] == first}
        return first

    def raw(self, name: str) -> Any:
        """The value as it is, empty or not."""
        self._taken.add(name)
        return self.value.get(name)

    def holds(self, *names: str) -> bool:
        """True where every name holds a value. Nothing is taken."""
        return all(has_value(self.value.get(name)) for name in names)

    def first(self, *names: str) -> str | None:
        """The first of the names that is there, preferring one that holds a value. Nothing is taken."""
        there = [name for name in names if name in self.value]
        return next((name for name in there if has_value(self.value[name])), there[0] if there else None)

    def leave(self, *names: str) -> None:
        """Names that say nothing besides what is read: not told."""
        self._taken |= set(names)

    def within(self, value: Mapping[str, Any], where: Said | None = None) -> "Fields":
        return Fields(value, self.reading, where or self.where)

    def close(self) -> None:
        for key, value in self.value.items():
            if key not in self._taken and has_value(value):
                self.reading.unread.setdefault(str(key), []).append((self.where, value))


def quoted(value: Any) -> str | Said:
    """A value as a notice quotes it: a text's first characters, a number or boolean whole, else what sort it is."""
    if isinstance(value, str):
        return repr(value[:LONGEST_QUOTE]) + ("…" if len(value) > LONGEST_QUOTE else "")
    return str(value)[:LONGEST_QUOTE] if isinstance(value, bool | int | float) else kind(value)


def _key_not_read(key: str, held: list[tuple[Said | None, Any]], texts: frozenset[str]) -> Notice:
    values = [value for _, value in held]
    is_note = key in ABOUT or all(isinstance(value, str) and value.strip() in texts for value in values)
    where = several([place for place, _ in held])
    return Notice(
        "key_not_read", where, {"key": key[:80], "value": quoted(values[0])}, "note" if is_note else "warning"
    )


def _folded(notices: list[Notice]) -> list[Notice]:
    """Notices that differ only in their place become one that names the places."""
    groups: dict[Any, list[Notice]] = {}
    for notice in notices:
        groups.setdefault((notice.code, notice.severity, repr(notice.values)), []).append(notice)
    return [
        Notice(code, several([notice.where for notice in group]), group[0].values, severity)
        for (code, severity, _), group in groups.items()
    ]
