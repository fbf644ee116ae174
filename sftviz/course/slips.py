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
    """A typical wrong form: what it would give, and its cause in words."""

    made: Made
    en: str
    zh: str


def filled(said: Said, **seen: object) -> Said:
    """A sentence of both languages with its holes filled."""
    return Said(en=said.en.format(**seen), zh=said.zh.format(**seen))


def nothing(given: object) -> Said | None:
    """What to say of a function that gave `...` or None; None where it gave something."""
    if given is ...:
        return UNWRITTEN
    return NO_RETURN if given is None else None
