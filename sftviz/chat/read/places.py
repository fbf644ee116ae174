"""Where in the data something stands, as Said; and an error told from one level up."""

from collections.abc import Sequence
from typing import Any

from sftviz.chat.messages import ChatError
from sftviz.words import Said

MOST_NAMED = 8


def message_place(n: int) -> Said:
    return Said("place.message", n=n)


def key_place(key: str) -> Said:
    return Said("place.key", key=key)


def within(outer: Said | None, inner: Said | None) -> Said | None:
    """The inner place seen from outside: message 2, tool call 1."""
    return Said("place.within", outer=outer, inner=inner) if outer and inner else outer or inner


def placed(error: ChatError, outer: Said | None) -> ChatError:
    """The same error, told from one level up."""
    values: dict[str, Any] = dict(error.what.values)
    return ChatError(error.code, within(outer, error.where), **values)


def several(places: Sequence[Said | None]) -> Said | None:
    """Many places as one: the first of them named, the others counted."""
    named = tuple(dict.fromkeys(place for place in places if place))
    if len(named) <= 1:
        return named[0] if named else None
    if len(named) <= MOST_NAMED:
        return Said("place.list", places=named)
    return Said("place.list_and_more", places=named[:MOST_NAMED], more=len(named) - MOST_NAMED)
