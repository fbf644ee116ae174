"""One policy over one rendering: the verdict on a span, with its reason as a value."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from sftviz.chat.messages import Message, TrainingMark
from sftviz.chat.rendering import Rendering
from sftviz.chat.spans import Span, Spans
from sftviz.supervision.policies import Policy
from sftviz.words import Said, Title


@dataclass(frozen=True)
class Verdict:
    """Trained or not, what the cost is multiplied with, and why."""

    trained: bool
    weight: float
    reason: Said


@dataclass(frozen=True)
class Judged:
    """The verdicts on a row's spans, and what they say as columns [S]."""

    verdicts: tuple[Verdict, ...]

    @cached_property
    def trained(self) -> NDArray[np.bool_]:
        return np.array([verdict.trained for verdict in self.verdicts], dtype=bool)

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """0 where nothing is trained."""
        return np.array([verdict.weight if verdict.trained else 0.0 for verdict in self.verdicts], dtype=np.float64)


def judge(policy: Policy, rendering: Rendering) -> tuple[Spans, Judged]:
    """A verdict a span; spans are cut where it changes inside one.

    Of chats that share an outline the verdicts are the same, but for marks of a sample's own and the prompt's end.
    """
    spans = rendering.spans
    if policy.scope == "completion" or (policy.marks and any(message.mark for message in rendering.chat.messages)):
        one = Judge(policy, rendering)
        spans = Spans.of(tuple(one.cut(spans)))
        return spans, Judged(tuple(one.verdict(span) for span in spans))
    known: dict[Policy, Judged] = spans.outline.derived
    if policy not in known:
        one = Judge(policy, rendering)
        known[policy] = Judged(tuple(one.verdict(span) for span in spans))
    return spans, known[policy]


def _yes(code: str, **values: object) -> Verdict:
    return Verdict(True, 1.0, Said(f"reason.{code}", **values))


def _no(code: str, **values: object) -> Verdict:
    return Verdict(False, 0.0, Said(f"reason.{code}", **values))


def of_span(span: Span) -> Said:
    """What a span is, in words: "assistant end-of-turn"."""
    return _of(span.role, span.part)


@lru_cache(1024)
def _of(role: str | None, part: str) -> Said:
    said = Said(f"part.{part}")
    return Said("part.of_role", role=role, part=said) if role else said


class Judge:
    """Verdicts of one policy on the spans of one rendering."""

    def __init__(self, policy: Policy, rendering: Rendering):
        self.policy = policy
        self.rendering = rendering
        self.messages = rendering.chat.messages
        self.marks = {i: m.mark for i, m in enumerate(self.messages) if m.mark and policy.marks}
        chosen = trained_turns(policy, self.messages)
        kept = [i for i in chosen if self._weight(i) != 0]
        self.turns = {*kept, *(i for i in self.marks if self._weight(i))}
        self.last_turn = max(self.turns, default=None)

    def cut(self, spans: Iterable[Span]) -> Iterator[Span]:
        """Spans cut where the verdict changes inside one: where the prompt ends, and at a mark's own ranges."""
        for span in spans:
            at = span.start
            for edge in sorted(edge for edge in self._edges(span) if span.start < edge < span.end):
                yield replace(span, start=at, end=edge)
                at = edge
            yield replace(span, start=at)

    def verdict(self, span: Span) -> Verdict:
        mark = self.marks.get(span.turn) if span.turn is not None else None
        within = _range_of(mark, self._offset(span)) if mark else None
        if mark and within is not None:
            return self._marked(span, mark, within)
        if mark and mark.weight is not None:
            return self._marked(span, mark, mark.weight)
        return self._by_policy(span)

    def _marked(self, span: Span, mark: TrainingMark, weight: float) -> Verdict:
        """The sample's own word: 0 wins everywhere; another weight trains what a trained turn's parts are."""
        values = {"what": of_span(span), "key": mark.key, "weight": weight}
        if weight == 0:
            return _no("marked_off", **values)
        in_prompt = self.policy.scope == "completion" and span.start < self.rendering.prompt_end
        judged = self._trained_turn(span) if in_prompt or self.policy.scope == "turns" else self._by_policy(span)
        return Verdict(True, weight, Said("reason.marked_on", **values)) if judged.trained else judged

    def _by_policy(self, span: Span) -> Verdict:
        if span.part == "padding":
            return _no("padding")
        if self.policy.scope == "every_token":
            return _yes("every_token", policy=Title.of("policy", self.policy))
        return self._completion(span) if self.policy.scope == "completion" else self._turn(span)

    def _turn(self, span: Span) -> Verdict:
        policy, what = self.policy, of_span(span)
        if span.turn is None:
            return _no("nobodys")
        if span.part == "end" and policy.end == "all_roles":
            return _yes("end_of_any_role", what=what)
        if span.turn in self.turns:
            return self._trained_turn(span)
        if policy.turns != "last_of_any_role" and span.role not in policy.roles:
            return _no("other_role", what=what, policy=Title.of("policy", policy), roles=tuple(sorted(policy.roles)))
        return _no("other_turn", what=what, policy=Title.of("policy", policy), turns=Said(f"turns.{policy.turns}"))

    def _trained_turn(self, span: Span) -> Verdict:
        what = of_span(span)
        knob = self._knob(span)
        if knob is not None:
            return knob
        if span.generated and span.role == "assistant":
            return _yes("generated", what=what)
        if span.part == "header":
            return _yes("header_on", what=what) if self.policy.header else _no("header_off", what=what)
        if span.part == "gap" or (span.generated is False and span.role == "assistant"):
            return _no("templates_own", what=what, role=span.role)
        if span.part in ("after_end", "empty_reasoning"):
            return _no("templates_own", what=what, role=span.role)
        return _yes("trained", what=what, policy=Title.of("policy", self.policy))

    def _completion(self, span: Span) -> Verdict:
        if span.start < self.rendering.prompt_end:
            return _no("prompt", what=of_span(span))
        knob = self._knob(replace(span, generated=None)) if span.role == "assistant" else None
        return knob or _yes("completion", what=of_span(span), policy=Title.of("policy", self.policy))

    def _knob(self, span: Span) -> Verdict | None:
        """What a knob says of this span; None where none speaks of it."""
        policy, what = self.policy, of_span(span)
        if span.part == "end":
            return self._end(span)
        if span.part == "after_end":
            return self._after_end(span)
        if span.part == "reasoning" and not policy.reasoning:
            return _no("reasoning_off", what=what)
        if span.part == "tool_call" and not policy.tool_calls:
            return _no("tool_calls_off", what=what)
        if span.part == "empty_reasoning" and policy.empty_reasoning != "template":
            on = policy.empty_reasoning == "each"
            return _yes("empty_reasoning_on", what=what) if on else _no("empty_reasoning_off", what=what)
        return None

    def _end(self, span: Span) -> Verdict:
        what, choice = of_span(span), self.policy.end
        if choice == "none":
            return _no("end_off", what=what)
        if choice == "last" and span.turn != self.last_turn:
            return _no("end_not_last", what=what)
        if choice == "after_text" and span.turn is not None and not _says_something(self.messages[span.turn]):
            return _no("end_after_nothing", what=what)
        if span.generated is False and span.role == "assistant":
            return _no("end_outside_block", what=what)
        return _yes("end", what=what)

    def _after_end(self, span: Span) -> Verdict | None:
        what, choice = of_span(span), self.policy.after_end
        if choice == "template":
            return None
        if choice == "none":
            return _no("after_end_off", what=what)
        if choice == "not_last" and span.turn == len(self.messages) - 1:
            return _no("after_end_last", what=what)
        return _yes("after_end_on", what=what)

    def _weight(self, turn: int) -> float | None:
        mark = self.marks.get(turn)
        return mark.weight if mark else None

    def _edges(self, span: Span) -> Iterator[int]:
        if self.policy.scope == "completion":
            yield self.rendering.prompt_end
        mark = self.marks.get(span.turn) if span.turn is not None else None
        if mark and mark.ranges and span.field == "content":
            begin = self._contents[span.turn or 0]
            yield from (begin + edge for start, end, _ in mark.ranges for edge in (start, end))

    def _offset(self, span: Span) -> int | None:
        """Where in its message's content a span begins; None outside the content."""
        if span.field != "content" or span.turn is None or span.turn not in self._contents:
            return None
        return span.start - self._contents[span.turn]

    @property
    def _contents(self) -> dict[int, int]:
        """Where character 0 of each marked content stands in the text: a template may trim what stands before."""
        if not hasattr(self, "_found"):
            self._found: dict[int, int] = {}
            for span in self.rendering.spans:
                if span.field == "content" and span.turn in self.marks and span.turn not in self._found:
                    written = self.rendering.text[span.start : span.end]
                    self._found[span.turn] = span.start - max(0, self.messages[span.turn].content.find(written))
        return self._found


def trained_turns(policy: Policy, messages: tuple[Message, ...]) -> list[int]:
    """Indices of the messages whose turns a policy trains on, the sample's own marks apart."""
    mine = [i for i, message in enumerate(messages) if message.role in policy.roles]
    if policy.turns == "last_of_any_role":
        return [len(messages) - 1] if messages else []
    if not mine or policy.turns == "each":
        return mine
    if policy.turns == "last_message":
        return mine[-1:]
    if policy.turns == "last_round":
        asked = [i for i, message in enumerate(messages) if message.role == "user"]
        return [i for i in mine if not asked or i > asked[-1]]
    run = [mine[-1]]  # last_pair: the unbroken run of replies that ends with the last one
    while run[0] - 1 in mine:
        run.insert(0, run[0] - 1)
    return run


def _range_of(mark: TrainingMark, offset: int | None) -> float | None:
    if offset is None:
        return None
    return next((weight for start, end, weight in mark.ranges if start <= offset < end), None)


def _says_something(message: Message) -> bool:
    return bool(message.content.strip() or message.reasoning.strip() or message.tool_calls)
