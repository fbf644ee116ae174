"""What every kata's judge needs: a typical wrong form with its cause, and the sentences that all of them say."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sftviz.course.questions import Said

Made = TypeVar("Made", bound=Callable[..., object])

NO_RETURN = Said(en="the function gave None: is a return missing?", zh="函数返回 None：是不是漏了 return？")
UNWRITTEN = Said(
    en="The function still gives `...`: write its body, then check again.",
    zh="函数还在返回 `...`：先写函数体，再检查一次。",
)


@dataclass(frozen=True)
class Slip(Generic[Made]):
    """A typical wrong form: what it would give, and its cause in words.

    asks: where the slip is a wrong alignment, the token that a position t is asked for, counted from t.
    """

    made: Made
    en: str
    zh: str
    asks: int | None = None

    def told(self, length: int) -> Said:
        """The cause in words; of a wrong alignment of `length` tokens also drawn."""
        if self.asks is None:
            return Said(en=self.en, zh=self.zh)
        drawn = alignment(self.asks, length)
        return Said(en=f"{self.en}\n{drawn.en}", zh=f"{self.zh}\n{drawn.zh}")


def filled(said: Said, **seen: object) -> Said:
    """A sentence of both languages with its holes filled."""
    return Said(en=said.en.format(**seen), zh=said.zh.format(**seen))


def nothing(given: object) -> Said | None:
    """What to say of a function that gave `...` or None; None where it gave something."""
    if given is ...:
        return UNWRITTEN
    return NO_RETURN if given is None else None


def alignment(asks: int, length: int) -> Said:
    """A learner's alignment under the right one: which token every position was compared with.

    >>> print(alignment(0, 3).en)
    position   0  1  2
    yours      0  1  2
    right      1  2  –
    """
    places = range(length)

    def row(name: str, width: int, of: int | None) -> str:
        tokens = ["–" if of and not 0 <= at + of < length else str(at + (of or 0)) for at in places]
        return name + " " * (9 - width) + "".join(f"{token:>3}" for token in tokens)

    english, chinese = ("position", "yours", "right"), ("位置", "你的", "正确")
    shifts = (None, asks, 1)
    return Said(
        en="\n".join(row(name, len(name), of) for name, of in zip(english, shifts, strict=True)),
        zh="\n".join(row(name, 2 * len(name), of) for name, of in zip(chinese, shifts, strict=True)),
    )
