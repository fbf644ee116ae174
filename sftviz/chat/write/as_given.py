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
    bytes_of = {token: tokenizer.bytes_of(token) for token in set(ids)}
    is_cut = {token: _is_cut(held) for token, held in bytes_of.items()}
    text_of = {token: held.decode("utf-8", errors="replace") for token, held in bytes_of.items()}
    tokens, pieces, length = list[tuple[int, int, int]](), list[str](), 0
    waiting, held = list[int](), b""
    for token in ids:
        if not held and not is_cut[token]:
            piece, together = text_of[token], [token]
        else:
            held += bytes_of[token]
            waiting.append(token)
            if _is_cut(held):
                continue
            piece, together = held.decode("utf-8", errors="replace"), waiting
            held, waiting = b"", []
        tokens += [(one, length, length + len(piece)) for one in together]
        pieces.append(piece)
        length += len(piece)
    piece = held.decode("utf-8", errors="replace")
    tokens += [(one, length, length + len(piece)) for one in waiting]
    return "".join([*pieces, piece]), Encoded.of(tokens)


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
