"""Which text stands for a control token: asked of the tokenizer and of the template's row, then of its shape."""

import re
from collections.abc import Iterable
from functools import lru_cache
from weakref import WeakKeyDictionary

from sftviz.chat.tokenizers.protocol import Tokenizer

SHAPES = (
    r"<\|[^|<>\s]{1,40}\|?>|<[^|<>\s]{1,40}\|>|<[｜|][^｜|<>\n]{1,40}[｜|]>|<\[?/?[A-Za-z][\w.:-]{0,38}\]?>"
    r"|\[/?[A-Z][A-Z_]{1,30}\]|\[\|[^|\[\]\s]{1,30}\|\]|<</?[A-Z]+>>"
)
SAYS_END = re.compile(r"(?i)^</s>$|^<\|im_end|end|eo[stdm]|return|turn\|>|sep\b|stop|/(?!inst)")
THINK_BLOCK = re.compile(
    r"<(?P<tag>think|thinking|thought|reasoning|seed:think)>\s*</(?P=tag)>\s*"
    r"|\[THINK\]\s*\[/THINK\]\s*"
    r"|<\|START_THINKING\|>\s*<\|END_THINKING\|>\s*"
    r"|<\|channel>thought\s*<channel\|>\s*"
    r"|<\|think_start\|>\s*<\|think_end\|>\s*"
)
THINK_OPENS = re.compile(
    r"<(?:think|thinking|thought|reasoning|seed:think)>\s*$|\[THINK\]\s*$|<\|START_THINKING\|>\s*$"
)
THINK_CLOSES = re.compile(
    r"\s*(?:</(?:think|thinking|thought|reasoning|seed:think)>|\[/THINK\]|<\|END_THINKING\|>|<channel\|>)\s*"
)


def control_tokens(tokenizer: Tokenizer, *more: str) -> re.Pattern[str]:
    """A pattern of every text that is, or looks like, a control token: what the tokenizer has, `more`, and shapes."""
    return pattern(_pieces(tokenizer), tuple(sorted(set(more))))


_known = WeakKeyDictionary[Tokenizer, tuple[str, ...]]()


def _pieces(tokenizer: Tokenizer) -> tuple[str, ...]:
    if tokenizer not in _known:
        _known[tokenizer] = tuple(sorted(tokenizer.decode([i]) for i in tokenizer.control_ids))
    return _known[tokenizer]


@lru_cache(32)
def pattern(pieces: tuple[str, ...], more: tuple[str, ...]) -> re.Pattern[str]:
    literal = _alternatives(piece for piece in {*pieces, *more} if piece.strip())
    return re.compile(f"{literal}|{SHAPES}" if literal else SHAPES)


def _alternatives(pieces: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(pieces, key=len, reverse=True)))
