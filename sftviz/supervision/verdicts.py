"""Row -> verdicts: one a span, and every token points to its own. Each verdict says why, as a value."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sftviz.chat.rendering import Rendering
from sftviz.chat.spans import Span, Spans, Tokens
from sftviz.chat.tokenizers.protocol import Ints
from sftviz.supervision import IGNORE
from sftviz.supervision.judge import Judged, Verdict, judge, of_span
from sftviz.supervision.policies import Policy, PolicyError, chosen
from sftviz.words import Said


@dataclass(frozen=True)
class Verdicts:
    """What a policy, or the row's own labels, make of a row. Labels travel unshifted, [T]."""

    policy: Policy
    spans: Spans  # the rendering's, cut where the verdict changes inside one
    verdicts: tuple[Verdict, ...]  # one a span
    tokens: Tokens
    of_token: Ints  # [T] -> index of the token's verdict
    label_ids: Ints  # [T] its id, or IGNORE
    weights: NDArray[np.float64]  # [T] what its cost is multiplied with; 0 where it is no target

    @cached_property
    def is_target(self) -> NDArray[np.bool_]:
        return self.label_ids != IGNORE

    @cached_property
    def labels(self) -> tuple[int, ...]:
        return tuple(self.label_ids.tolist())

    @cached_property
    def supervised(self) -> tuple[bool, ...]:
        return tuple(self.is_target.tolist())

    @cached_property
    def targets(self) -> tuple[int, ...]:
        """What each position predicts: the next token's label; the last position has none."""
        return (*self.labels[1:], IGNORE) if self.labels else ()

    @cached_property
    def straddles(self) -> NDArray[np.bool_]:
        """True of a token that touches more than one span, [T]."""
        first, last = self.spans.touched(self.tokens.starts, self.tokens.ends)
        return first != last

    @property
    def is_weighted(self) -> bool:
        """True where a target's weight is not 1."""
        return bool((self.weights[self.is_target] != 1).any())

    def reason(self, position: int) -> Said:
        """Why this token is, or is not, a target."""
        index = int(self.of_token[position])
        return _with_notes(self.verdicts[index].reason, list(self._notes(position, index)))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every token's reason as a sentence."""
        return tuple(str(self.reason(t)) for t in range(len(self.tokens)))

    def _notes(self, position: int, index: int) -> Iterator[Said]:
        touched = self.spans.within(int(self.tokens.starts[position]), int(self.tokens.ends[position]))
        others = dict.fromkeys(of_span(self.spans[i]) for i in touched if i != index)
        others.pop(of_span(self.spans[index]), None)
        if others:
            yield Said("reason.also_covers", what=tuple(others))
        if self.tokens.is_forged[position]:
            yield Said("reason.forged")
        if position == 0 and self.is_target[0]:
            yield Said("reason.first_token")


def apply(policy: str | Policy, rendering: Rendering, **knobs: Any) -> Verdicts:
    """Decide every token of a rendering; `knobs` are fields of Policy to turn.

    A row that brought its own labels keeps them. Raises PolicyError for a policy or a knob that does not exist or would
    have no effect, and where completion_only has no prompt because the template refuses to write one.
    """
    messages = rendering.chat.messages
    turned = chosen(policy, knobs, {message.role for message in messages})
    tokenized = rendering.chat.tokenized
    if tokenized is not None and tokenized.labels is not None:
        return _as_given(turned, rendering, np.array(tokenized.labels, dtype=np.int64))
    if turned.scope == "completion" and rendering.prompt_error is not None:
        raise PolicyError("no_prompt", policy=turned.name, told=rendering.prompt_error)
    spans, judged = judge(turned, rendering)
    made = _verdicts(turned, rendering.tokens, spans, judged)
    return _without_padding(made, tokenized.attention_mask) if tokenized and tokenized.attention_mask else made


def _verdicts(policy: Policy, tokens: Tokens, spans: Spans, judged: Judged) -> Verdicts:
    if not len(spans):
        nothing = np.zeros(len(tokens))
        return Verdicts(policy, spans, (), tokens, nothing.astype(np.int64), nothing.astype(np.int64) + IGNORE, nothing)
    of_token = _verdict_of(tokens, spans, judged.trained)
    is_target = judged.trained[of_token]
    labels = np.where(is_target, tokens.ids, IGNORE)
    return Verdicts(policy, spans, judged.verdicts, tokens, of_token, labels, judged.weights[of_token])


def _verdict_of(tokens: Tokens, spans: Spans, trained: NDArray[np.bool_]) -> Ints:
    """The first trained span that a token touches, else its first: a token that straddles is a target."""
    first, last = spans.touched(tokens.starts, tokens.ends)
    for t in np.flatnonzero(first != last).tolist():
        within = trained[first[t] : last[t] + 1]
        first[t] += int(within.argmax()) if within.any() else 0
    return first


def of_tokens(policy: Policy, rendering: Rendering, labels: Ints, reasons: Sequence[Said]) -> Verdicts:
    """The verdicts of whoever decides token by token: labels [T], and a reason for each.

    Alike neighbours of one span share a verdict.
    """
    spans = rendering.tokens.first_span
    alike = [labels[t] == IGNORE or labels[t] == rendering.tokens.ids[t] for t in range(len(labels))]
    edges = [
        t for t in range(1, len(labels))
        if reasons[t] != reasons[t - 1] or spans[t] != spans[t - 1] or not (alike[t] and alike[t - 1])
        or (labels[t] == IGNORE) != (labels[t - 1] == IGNORE)
    ]  # fmt: skip
    return _stretches(policy, rendering, labels, edges, lambda a, _: reasons[a])


def _as_given(policy: Policy, rendering: Rendering, labels: Ints) -> Verdicts:
    """The labels the row came with: a verdict a stretch of tokens of one span that are alike."""
    tokens = rendering.tokens
    is_target = labels != IGNORE
    other = np.where(is_target & (labels != tokens.ids), labels, IGNORE)
    changes = np.diff(is_target) | (np.diff(other) != 0) | (np.diff(tokens.first_span) != 0)
    edges = (np.flatnonzero(changes) + 1).tolist()
    return _stretches(policy, rendering, labels, edges, lambda a, span: _given(int(labels[a]), int(other[a]), span))


def _stretches(
    policy: Policy, rendering: Rendering, labels: Ints, edges: list[int], reason: Callable[[int, Span], Said]
) -> Verdicts:
    """One verdict for each stretch of tokens between edges. reason: of a stretch's first token, and of its span."""
    tokens, is_target = rendering.tokens, labels != IGNORE
    runs = [(a, b) for a, b in pairwise([0, *edges, len(tokens)]) if a < b]
    spans = [_stretch(rendering, tokens, a, b) for a, b in runs]
    verdicts = tuple(
        Verdict(bool(is_target[a]), float(is_target[a]), reason(a, span))
        for (a, _), span in zip(runs, spans, strict=True)
    )
    of_token = np.repeat(np.arange(len(runs)), [b - a for a, b in runs]) if runs else np.zeros(0, dtype=np.int64)
    return Verdicts(policy, Spans.of(spans), verdicts, tokens, of_token, labels, is_target.astype(np.float64))


def _given(label: int, other: int, span: Span) -> Said:
    if label == IGNORE:
        return Said("reason.given_ignore", what=of_span(span))
    if other != IGNORE:
        return Said("reason.given_other", what=of_span(span), label=label)
    return Said("reason.given_label", what=of_span(span))


def _without_padding(made: Verdicts, attention_mask: tuple[int, ...]) -> Verdicts:
    """A policy over a row that says which of its tokens are padding: those are never targets."""
    is_padding = np.array(attention_mask) == 0
    if not is_padding.any():
        return made
    at_end = len(made.tokens.rendered)
    return replace(
        made,
        spans=Spans.of((*made.spans, Span(at_end, at_end, None, None, "padding"))),
        verdicts=(*made.verdicts, Verdict(False, 0.0, Said("reason.padding"))),
        of_token=np.where(is_padding, len(made.verdicts), made.of_token),
        label_ids=np.where(is_padding, IGNORE, made.label_ids),
        weights=np.where(is_padding, 0.0, made.weights),
    )


def _stretch(rendering: Rendering, tokens: Tokens, a: int, b: int) -> Span:
    at = int(tokens.starts[a])
    span = rendering.spans[int(tokens.first_span[a])]
    return replace(span, start=at, end=int(tokens.ends[b - 1]))


def _with_notes(reason: Said, notes: list[Said]) -> Said:
    for note in notes:
        reason = Said("reason.and", first=reason, then=note)
    return reason
