"""Pasted text, files and Python values -> Chat. FORMATS lists every form that is recognised."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sftviz.chat.files import open_data
from sftviz.chat.messages import Chat
from sftviz.chat.read import lists
from sftviz.chat.read.format import Format
from sftviz.chat.read.json_text import from_python_literal, looks_like_json
from sftviz.chat.read.pastes import LONGEST_FILE, Choices, Paste, header_of, open_paste
from sftviz.chat.read.reading import Media, Side
from sftviz.chat.read.samples import first_of
from sftviz.chat.read.texts import TEXT_FORMATS
from sftviz.chat.read.values import LONGEST_CHAT, VALUE_FORMATS

__all__ = ["FORMATS", "LONGEST_CHAT", "LONGEST_FILE", "Format", "from_python_literal", "parse", "parse_all"]


def parse(pasted: Any, *, media: Media = "refuse", side: Side | None = None) -> Chat:
    """Read a chat in any form of FORMATS: text, a path, bytes of a file, a list of message dicts, a data set's row.

    Of many samples the first; the others stand beside it as `others`. media: "placeholder" shows a named chip in the
    place of an image or a sound, refused otherwise. side: "rejected" reads the other side of a preference row.
    Raises ChatError naming what is wrong, where, and what to do.

    >>> parse("User: What is 2 + 2?\\nAssistant: 4").messages[1].content
    '4'
    """
    if isinstance(pasted, Chat):
        return pasted
    paste = _opened(pasted, Choices(media, side))
    chat = first_of(paste.samples)
    return replace(chat, notices=(*paste.notices, *chat.notices)) if paste.notices else chat


def parse_all(pasted: Any, *, media: Media = "refuse", side: Side | None = None) -> Sequence[Chat]:
    """Every sample of a paste, each read when it is asked for: a bad one raises ChatError then, and hides no other.

    >>> len(parse_all('{"text": "One."}\\n{"text": "Two."}'))
    2
    """
    if isinstance(pasted, Chat):
        return (pasted, *pasted.others)
    return _opened(pasted, Choices(media, side)).samples


def _opened(pasted: Any, choices: Choices) -> Paste:
    if not hasattr(pasted, "read_bytes"):
        return open_paste(pasted, choices)
    return open_data(pasted, media=choices.media, side=choices.side).paste()


# In the order tried: what looks like JSON is looked for among the values, other text among the texts
FORMATS: dict[str, Format] = {
    **TEXT_FORMATS,
    **VALUE_FORMATS,
    "jsonl": Format(
        "jsonl",
        "JSON Lines",
        '{"messages": […]}\n{"messages": […]}',
        "One sample a line, each in any of the forms; the first is shown, the others are kept beside it.",
        lambda text: isinstance(text, str) and looks_like_json(text) and lists.items_of_lines(text) is not None,
        parse,
        is_text=True,
    ),
    "csv": Format(
        "csv",
        "CSV or TSV",
        "prompt,completion\nHi,Hello\nMore?,Sure\n",
        "A table whose header names the columns of one of the forms, one sample a row; or one message a row.",
        lambda text: isinstance(text, str) and header_of(text) is not None,
        parse,
        is_text=True,
    ),
}
