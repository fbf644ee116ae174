"""Text as it can be seen: a mark for every character that would not be, or that would reorder its neighbours."""


def _characters(*ranges: tuple[int, int]) -> str:
    return "".join(chr(c) for first, last in ranges for c in range(first, last + 1))


# Nobody sees them, or they turn the order of others round: soft hyphen, Arabic letter mark, Mongolian vowel separator,
# zero width, line and paragraph separators, directions, word joiner and isolates, byte-order mark, annotations, tags
INVISIBLE = _characters(
    (0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x2069),
    (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xE0000, 0xE007F),
)  # fmt: skip
VISIBLE = {"\n": "⏎", "\t": "⇥", "\r": "␍", "\u00a0": "⍽"} | {
    chr(c): chr(0x2400 + c) for c in range(32) if c not in (9, 10, 13)
}
VISIBLE |= {chr(c): f"‹U+{c:04X}›" for c in (0x7F, *range(0x80, 0xA0), 0x3000, *range(0x2000, 0x200B))}
VISIBLE |= {character: f"‹U+{ord(character):04X}›" for character in INVISIBLE}


def visible(text: str) -> str:
    """The text with every character that would not be seen written as a mark.

    >>> visible("a\\n")
    'a⏎'
    """
    return "".join(VISIBLE.get(character, character) for character in text)
