"""Rows that no template writes: a training text as it was pasted, and one that was tokenized before it came."""

from collections.abc import Sequence

from sftviz.chat.messages import DOCUMENT, Chat
from sftviz.chat.spans import Span
from sftviz.chat.tokenizers.protocol import Encoded, Tokenizer


def completion_at(spans: Sequence[Span], start: int, length: int) -> int:
    """The first character behind the header of the first message of the completion."""
    completion = [span for span in spans if span.turn is not None and span.turn >= start]
    if not completion:
        return length
    if start == 0:
        return 0
    return next((span.start for span in completion if span.part != "header"), completion[-1].end)


def decoded(ids: Sequence[int], tokenizer: Tokenizer) -> tuple[str, Encoded]:
    """The text of a row of ids, and the characters each token covers.

    Tokens that are a character only together all cover it, so they share a box. Bytes that are no text become U+FFFD.
    """
    text, tokens, waiting = "", list[tuple[int, int, int]](), list[int]()
    pieces, length, held = list[str](), 0, b""
    for token in ids:
        held += tokenizer.bytes_of(token)
        waiting.append(token)
        if _is_cut(held):
            continue
        piece = held.decode("utf-8", errors="replace")
        tokens += [(one, length, length + len(piece)) for one in waiting]
        pieces.append(piece)
        length, held, waiting = length + len(piece), b"", []
    piece = held.decode("utf-8", errors="replace")
    tokens += [(one, length, length + len(piece)) for one in waiting]
    text = "".join([*pieces, piece])
    return text, Encoded.of(tokens)


def one_span(chat: Chat, text: str) -> tuple[Span, ...]:
    """Nobody says who wrote what, so all of it is one span of the document."""
    if not text:
        return ()
    turn = 0 if chat.messages else None
    role = chat.messages[0].role if chat.messages else DOCUMENT
    return (Span(0, len(text), turn, role, "content", turn, "content"),)


def _is_cut(held: bytes) -> bool:
    """True where the bytes end inside a character that more bytes may complete."""
    try:
        held.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and len(held) - error.start < 4
    return False
