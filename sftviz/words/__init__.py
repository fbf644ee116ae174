"""What sftviz says, as codes with values. Sentences are made at the edge, in English or Chinese.

`Said("reason.other_role", role="user")` is a value: checks, policies and readers make it, tests compare it. `say` makes
the sentence, from the files en/*.toml and zh/*.toml, whose tables are the first half of the code. A value that is Said
itself is said in the same language; a text stays as it is, for it is somebody's.
"""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
HERE = Path(__file__).parent

_spoken: ContextVar[Language] = ContextVar("language", default="en")


@dataclass(frozen=True)
class Said:
    """A code, "table.name", and the values its sentence has holes for.

    >>> Said("place.message", n=2) == Said("place.message", n=2)
    True
    >>> str(Said("place.message", n=2))
    'message 2'
    """

    code: str
    values: tuple[tuple[str, Any], ...]

    def __init__(self, code: str, /, **values: Any):
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "values", tuple(sorted((key, _frozen(value)) for key, value in values.items())))

    def __getitem__(self, name: str) -> Any:
        return dict(self.values)[name]

    def __str__(self) -> str:
        return say(self)


@dataclass(frozen=True)
class Title:
    """A value of a sentence: a table row's title, in the language that is spoken."""

    table: str
    name: str
    english: str

    @classmethod
    def of(cls, table: str, row: Any) -> "Title":
        return cls(table, row.name, row.title)


def say(said: Said, language: Language | None = None) -> str:
    """The sentence, in the language asked for, else the one `using` has set, else English.

    Raises KeyError for a code without a sentence: a test finds it first.
    """
    spoken = language or _spoken.get()
    holes = {name: _worded(value, spoken) for name, value in said.values}
    return sentences(spoken)[said.code].format_map(holes)


def tell(code: str, /, **values: Any) -> str:
    """`say` of a code and its values, in the language that `using` has set, else English.

    >>> tell("place.message", n=2)
    'message 2'
    """
    return say(Said(code, **values))


def known(code: str) -> bool:
    """True where the code has a sentence."""
    return code in sentences("en")


def row(table: str, row: Any, field: str, language: Language | None = None) -> str:
    """A table row's own words: its English stands in the row, its Chinese under [table.name] of zh/*.toml.

    >>> from sftviz.loss import LOSSES
    >>> row("loss", LOSSES["cross_entropy"], "title") == LOSSES["cross_entropy"].title
    True
    """
    return named(table, f"{row.name}.{field}", getattr(row, field), language)


def named(table: str, name: str, english: str, language: Language | None = None) -> str:
    """The words of one entry of a table that is no row: its English is given, its Chinese stands under [table].

    >>> named("level", "L1", "basics", "zh")
    '基础'
    """
    spoken = language or _spoken.get()
    return english if spoken == "en" or not english else sentences(spoken).get(f"{table}.{name}", english)


def language() -> Language:
    return _spoken.get()


@contextmanager
def using(language: Language) -> Iterator[None]:
    """Speak a language within the block."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


@cache
def sentences(language: Language) -> Mapping[str, str]:
    """code -> sentence of every file of a language. Raises ValueError for a code that two files hold."""
    found: dict[str, str] = {}
    for file in sorted((HERE / language).glob("*.toml")):
        for code, sentence in _flat(tomllib.loads(file.read_text(encoding="utf-8"))):
            if code in found:
                raise ValueError(f"{file.name}: {code} has a sentence already")
            found[code] = sentence
    return found


class SaidError(ValueError):
    """A mistake told as values: `code`, `what`, `where` it is, and the `remedy`. str() is the English sentence.

    The sentences are error.<code> and remedy.<code>; both may use the values.
    """

    def __init__(self, code: str, where: Said | None = None, /, **values: Any):
        self.code, self.where = code, where
        self.what = Said(f"error.{code}", **values)
        self.remedy = Said(f"remedy.{code}", **values) if known(f"remedy.{code}") else None
        super().__init__(code)

    def __str__(self) -> str:
        return self.sentence("en")

    def sentence(self, language: Language | None = None) -> str:
        place, what = self.where and say(self.where, language), say(self.what, language)
        told = say(Said("error.at", where=place, what=what), language) if place else what
        return say(Said("error.with_remedy", what=told, remedy=self.remedy), language) if self.remedy else told


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield prefix + key, value


def _frozen(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return tuple(sorted(value))
    return tuple(value) if isinstance(value, list) else value


def _worded(value: Any, language: Language) -> Any:
    if isinstance(value, Said):
        return say(value, language)
    if isinstance(value, Title):
        return named(value.table, f"{value.name}.title", value.english, language)
    if isinstance(value, tuple):
        return _listed([str(_worded(item, language)) for item in value], language)
    return value


def _listed(items: list[str], language: Language) -> str:
    if len(items) < 2:
        return "".join(items)
    words = sentences(language)
    return words["list.comma"].join(items[:-1]) + words["list.and"] + items[-1]
