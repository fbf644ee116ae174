"""A row of FORMATS: how one form of a chat is recognised and read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sftviz.chat.messages import Chat


@dataclass(frozen=True)
class Format:
    """A row of FORMATS. `reads` says whether the pasted value or text has this form; `read` makes the chat."""

    name: str
    title: str
    example: str
    meaning: str
    reads: Callable[[Any], bool]
    read: Callable[..., Chat]  # of the text; of the value and the Reading it is read with
    is_text: bool = False  # recognised in the text itself; the others in the value of its JSON
