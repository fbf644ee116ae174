"""Many samples at a glance: how long each is, how much of it is supervised, what was found."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sftviz.chat.files import FileSample
from sftviz.chat.messages import Chat, ChatError
from sftviz.chat.rendering import render_all
from sftviz.inspection import Inspection, inspection_of, tokenizer_for
from sftviz.supervision.checks import Finding
from sftviz.supervision.policies import Policy
from sftviz.words import SaidError

FIRST_WORDS = 60


@dataclass(frozen=True)
class Overview:
    """One sample's line. Where it cannot be read or written, `error` says why and the numbers are None."""

    sample: int  # from 1
    begins: str
    line: int | None = None  # of its file
    tokens: int | None = None
    supervised: int | None = None
    findings: tuple[Finding, ...] = ()
    unseen: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    error: SaidError | None = None

    @property
    def share(self) -> float | None:
        """Supervised tokens of all."""
        return self.supervised / self.tokens if self.tokens and self.supervised is not None else None

    @property
    def errors(self) -> int | None:
        return self._count("error")

    @property
    def warnings(self) -> int | None:
        return self._count("warning")

    def _count(self, severity: str) -> int | None:
        return None if self.error else sum(finding.severity == severity for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        names = ("sample", "line", "begins", "tokens", "supervised", "share", "errors", "warnings")
        told = {name: getattr(self, name) for name in names}
        return told | {"codes": [one.code for one in self.findings], "error": str(self.error) if self.error else None}


def overviews(
    samples: Iterable[FileSample],
    tokenizer: Any = None,
    template: str | None = None,
    policy: str | Policy = "assistant_only",
    model: Any = None,
    *,
    online: bool = False,
    **knobs: Any,
) -> Iterator[Overview]:
    """A line a sample, made as it is asked for, some hundred at a time; choices as for `inspect`.

    No model is run: a model's name says which tokenizer is meant where none is chosen.
    """
    waiting: deque[FileSample] = deque()
    rendered = render_all(_chats(samples, waiting), tokenizer_for(model, tokenizer), template, online=online)
    for found in rendered:
        one = waiting.popleft()
        try:
            if isinstance(found, SaidError):
                raise found
            yield _line(one, inspection_of(found, policy, **knobs))
        except SaidError as error:
            yield Overview(one.number, "", one.line, error=error)


def _chats(samples: Iterable[FileSample], waiting: deque[FileSample]) -> Iterator[Chat | SaidError]:
    for one in samples:
        waiting.append(one)
        yield one.read


def overview(samples: Sequence[Chat], which: Iterable[int] | None = None, **choices: Any) -> Iterator[Overview]:
    """The same of samples that are counted; which: indices of them, None for all."""
    return overviews(_numbered(samples, range(len(samples)) if which is None else which), **choices)


def _numbered(samples: Sequence[Chat], which: Iterable[int]) -> Iterator[FileSample]:
    for i in which:
        try:
            yield FileSample(i + 1, None, samples[i])
        except ChatError as error:
            yield FileSample(i + 1, None, error)


def _line(sample: FileSample, seen: Inspection) -> Overview:
    said = (message.content for message in seen.rendering.chat.messages)
    first = next((content for content in said if content.strip()), "")
    return Overview(
        sample.number,
        first.strip()[:FIRST_WORDS],
        sample.line,
        len(seen.rendering.tokens),
        int(seen.supervision.is_target.sum()),
        seen.findings,
        seen.unseen,
    )
