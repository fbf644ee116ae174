"""Text as it can be seen: a mark for every character that would not be, or that would reorder its neighbours."""

VISIBLE = {"\n": "⏎", "\t": "⇥", "\r": "␍", "\u00a0": "⍽"} | {
    chr(c): chr(0x2400 + c) for c in range(32) if c not in (9, 10, 13)
}
VISIBLE |= {
    chr(c): f"‹U+{c:04X}›"
    for c in (0x7F, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
}


def visible(text: str) -> str:
    """The text with every character that would not be seen written as a mark.

    >>> visible("a\\n")
    'a⏎'
    """
    return "".join(VISIBLE.get(character, character) for character in text)
