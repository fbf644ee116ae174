"""The border to a library: whatever it raises becomes one of our errors, with the library's own words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sftviz.extras import missing_extra
from sftviz.words import SaidError

LONGEST_REASON = 300
SPEAK_FOR_THEMSELVES = (OSError, ValueError)  # and plain Exception: their message says what is wrong


@contextmanager
def border(to_error: Callable[[str], Exception]) -> Iterator[None]:
    """Turn any exception of a library within the block into `to_error(its own words)`; ours pass as they are.

    A strange file can raise anything (ZeroDivisionError included), and a panic of Rust code is no Exception at all.
    """
    try:
        yield
    except SaidError:
        raise
    except Exception as error:
        if (missing := missing_extra(error)) is not None:
            raise missing from error
        raise to_error(reason(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise to_error(reason(error)) from error


def reason(error: BaseException) -> str:
    """The first line of an error that says something: a line that ends in a colon takes the next one along.

    >>> reason(ValueError("Validation error for field 'n':\\n    expected int, got str"))
    "Validation error for field 'n': expected int, got str"
    >>> reason(KeyError("evil"))
    "KeyError: 'evil'"
    >>> reason(ValueError())
    'ValueError'
    """
    told: list[str] = []
    for line in filter(None, map(str.strip, str(error).splitlines())):
        told.append(line)
        if not line.endswith(":"):
            break
    words = " ".join(told).rstrip(" :;,.")[:LONGEST_REASON]
    if not words:
        return type(error).__name__
    plain = type(error) is Exception or isinstance(error, SPEAK_FOR_THEMSELVES)
    return words if plain else f"{type(error).__name__}: {words}"
