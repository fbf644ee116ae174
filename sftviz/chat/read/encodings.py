"""Bytes -> text: the encoding by its mark or by where its zero bytes stand; files that hold no text, by name."""

import codecs
import re

from sftviz.chat.messages import ChatError, Notice
from sftviz.words import Said

MARKS = (  # UTF-32's mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# Which of four bytes are zero in text that is mostly ASCII
ZEROS = {
    (False, True, True, True): "utf-32-le", (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le", (True, False, True, False): "utf-16-be",
}  # fmt: skip
BINARY = (
    (b"PAR1", "Parquet"), (b"ARROW1", "Arrow"), (b"PK\x03\x04", "ZIP"), (b"\x1f\x8b", "gzip"), (b"%PDF", "PDF"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"), (b"\x89HDF", "HDF5"), (b"SQLite format 3", "SQLite"), (b"\x93NUMPY", "NumPy"),
    (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"\x89PNG", "PNG"), (b"GGUF", "GGUF"),
)  # fmt: skip
FENCE = re.compile(r"\s*```[ \t]*(\w*)[ \t]*\r?\n(.*?)\r?\n?[ \t]*```\s*", re.DOTALL)
LEGACY = "cp1252"  # Latin-1 as files hold it


def decoded(data: bytes) -> tuple[str, list[Notice]]:
    """The text of a file, and what was noticed. Raises ChatError where it is no text."""
    refuse_binary(data)
    encoding = encoding_of(data)
    text = text_of(data, encoding)
    if "\0" in text:
        raise ChatError("nul_characters", Said("place.character", n=text.index("\0")))
    return text, [] if encoding == "utf-8" else [encoding_notice(encoding)]


def refuse_binary(head: bytes) -> None:
    for start, name in BINARY:
        if head.startswith(start):
            raise ChatError("binary_file", name=name)


def text_of(data: bytes, encoding: str) -> str:
    """Raises ChatError with the first byte that the encoding does not know; for UTF-8, what it would be in Latin-1."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise undecodable(data, error, encoding) from error


def undecodable(data: bytes, error: UnicodeDecodeError, encoding: str) -> ChatError:
    place = Said("place.byte", n=error.start)
    around = data[max(0, error.start - 12) : error.start + 12].decode(LEGACY, errors="replace")
    if encoding == "utf-8" and "\ufffd" not in around and "\0" not in around:
        return ChatError("encoding_latin", place, byte=f"0x{data[error.start]:02X}", around=repr(around))
    return ChatError("encoding", place, name=name_of(encoding))


def name_of(encoding: str) -> str:
    return encoding.upper()[:6] if encoding != "utf-8" else "UTF-8"


def encoding_notice(encoding: str) -> Notice:
    return Notice("encoding", None, {"name": name_of(encoding)}, "note")


def encoding_of(data: bytes) -> str:
    """UTF-8 unless a mark, or zero bytes where ASCII has them, say otherwise."""
    marked = next((encoding for mark, encoding in MARKS if data.startswith(mark)), None)
    if marked or b"\0" not in data[:4096]:
        return marked or "utf-8"
    shares = [data[i:4096:4].count(0) / max(1, len(data[i:4096:4])) for i in range(4)]
    return ZEROS.get((shares[0] > 0.4, shares[1] > 0.4, shares[2] > 0.4, shares[3] > 0.4), "utf-8")


def unfenced(text: str) -> tuple[str, str | None]:
    """(the inside of a Markdown code block round the whole text, its language), or (text, None)."""
    found = FENCE.fullmatch(text) if text.lstrip().startswith("```") else None
    return (found.group(2), found.group(1)) if found and "```" not in found.group(2) else (text, None)
