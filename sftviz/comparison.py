"""Two settings of one chat side by side: which tokens only one of them trains, by reason, and what each cost.

The tokens of the one are found again in the other by who wrote their characters: see `chat.alignment`.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from sftviz.chat.alignment import aligned
from sftviz.columns import TokenRow
from sftviz.inspection import Inspection
from sftviz.words import Said

Differs = Literal["", "+", "-"]  # "+": only the other trains it, "-": only this one


@dataclass(frozen=True)
class Group:
    """Tokens that differ for one reason: the reason that the setting gives which leaves them out."""

    said: Said
    positions: tuple[int, ...]  # of the first setting's tokens; empty where they are in the other text only


@dataclass(frozen=True)
class Comparison:
    """Of every token of `this` what `that` makes of it. title: what the other setting is called."""

    this: Inspection
    that: Inspection
    title: str

    @cached_property
    def found(self) -> list[int | None]:
        """Each token of this row -> the token of the other in which its first character stands; None where in none."""
        return aligned(self.this.rendering, self.that.rendering)

    @cached_property
    def other(self) -> list[TokenRow | None]:
        rows = self.that.rows()
        return [None if t is None else rows[t] for t in self.found]

    @cached_property
    def differs(self) -> list[Differs]:
        """A token that is not in the other text differs where it is trained here."""
        made: list[Differs] = []
        for mine, there in zip(self.this.rows(), self.other, strict=True):
            trained = there is not None and there.supervised
            made.append("" if mine.supervised == trained else "-" if mine.supervised else "+")
        return made

    @cached_property
    def only_there(self) -> tuple[int, ...]:
        """Tokens of the other row that are trained there, and are not in this text."""
        met = {t for t in self.found if t is not None}
        return tuple(row.position for row in self.that.rows() if row.supervised and row.position not in met)

    @cached_property
    def cost_difference(self) -> list[float | None]:
        """What a token costs there minus what it costs here, nats; None where it is not the same token."""
        pairs = zip(self.this.rows(), self.other, strict=True)
        return [_difference(mine, there) if there and there.id == mine.id else None for mine, there in pairs]

    @property
    def gained(self) -> int:
        """How many tokens the other setting trains that this one does not."""
        return self.differs.count("+") + len(self.only_there)

    @property
    def lost(self) -> int:
        return self.differs.count("-")

    def sentence(self) -> Said:
        code = "compare.same" if not self.gained and not self.lost else "compare.differ"
        return Said(code, title=self.title, gained=self.gained, lost=self.lost)

    def groups(self) -> list[Group]:
        """What differs, sorted by reason, the largest group first."""
        left_out: dict[Any, list[int]] = defaultdict(list)
        for mine, there, differs in zip(self.this.rows(), self.other, self.differs, strict=True):
            if differs == "+":
                left_out["+", mine.reason].append(mine.position)
            elif differs == "-":
                left_out["-", there.reason if there else None].append(mine.position)
        made = [Group(_grouped(sign, reason, len(which)), tuple(which)) for (sign, reason), which in left_out.items()]
        if self.only_there:
            made.append(Group(Said("compare.only_there", count=len(self.only_there), title=self.title), ()))
        return sorted(made, key=lambda group: -len(group.positions))


def compare(chat: Any, *settings: dict[str, Any]) -> list[Comparison]:
    """One chat under several settings of `inspect`: each but the first beside the first.

    >>> chat = "User: Hi\\nAssistant: Hello"
    >>> [one] = compare(chat, {"model": None}, {"model": None, "policy": "pretrain"})
    >>> one.gained > 0, one.lost
    (True, 0)
    """
    from sftviz.inspection import inspect

    first, *others = [inspect(chat, **setting) for setting in settings]
    titles = [_title(settings[0], setting) for setting in settings[1:]]
    return [Comparison(first, other, title) for other, title in zip(others, titles, strict=True)]


def _difference(mine: TokenRow, there: TokenRow) -> float | None:
    return None if mine.cost is None or there.cost is None else there.cost - mine.cost


def _grouped(sign: str, reason: Said | None, count: int) -> Said:
    if reason is None:
        return Said("compare.not_there", count=count)
    return Said("compare.gained" if sign == "+" else "compare.lost", count=count, reason=reason)


def _title(first: dict[str, Any], other: dict[str, Any]) -> str:
    """What is different of the other setting."""
    changed = {name: value for name, value in other.items() if first.get(name) != value}
    return ", ".join(f"{name}={value}" for name, value in changed.items()) or "the same"
