"""Many samples at a glance: how long each is, how much of it is supervised, and what the checks found."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sftviz.chat.messages import Chat
from sftviz.inspection import inspect
from sftviz.words import SaidError

FIRST_WORDS = 60


@dataclass(frozen=True)
class Overview:
    """One sample's line. Where it cannot be read or written, `error` says why and the numbers are None."""

    sample: int  # from 1
    begins: str
    tokens: int | None = None
    supervised: int | None = None
    errors: int | None = None  # findings by severity
    warnings: int | None = None
    error: SaidError | None = None

    @property
    def share(self) -> float | None:
        """Supervised tokens of all."""
        return self.supervised / self.tokens if self.tokens and self.supervised is not None else None


def overview(samples: Sequence[Chat], which: Iterable[int] | None = None, **choices: Any) -> Iterator[Overview]:
    """A line a sample, made as it is asked for. `choices` are `inspect`'s own; no model is run.

    which: indices of the samples; None for all.
    """
    for i in range(len(samples)) if which is None else which:
        try:
            yield _line(i, samples[i], choices)
        except SaidError as error:
            yield Overview(i + 1, "", error=error)


def _line(i: int, chat: Chat, choices: dict[str, Any]) -> Overview:
    seen = inspect(chat, **{**choices, "model": None})
    severities = [finding.severity for finding in seen.findings]
    first = next((message.content for message in chat.messages if message.content.strip()), "")
    return Overview(
        i + 1,
        first.strip()[:FIRST_WORDS],
        len(seen.rendering.tokens),
        sum(seen.supervision.supervised),
        severities.count("error"),
        severities.count("warning"),
    )
