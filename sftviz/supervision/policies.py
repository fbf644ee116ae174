"""Rendering -> Supervision. A policy says which tokens are targets; every token gets its reason in one sentence."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from sftviz.chat.rendering import Rendering
from sftviz.chat.spans import Span, Token
from sftviz.loss import IGNORE

Scope = Literal["every_token", "turns", "completion"]
End = Literal["each", "last", "none"]


@dataclass(frozen=True)
class Policy:
    """A row of POLICIES, and its knobs: `dataclasses.replace(policy, end="none")` turns one."""

    name: str
    title: str
    meaning: str
    source: str
    scope: Scope = "turns"
    roles: frozenset[str] = frozenset({"assistant"})
    last_turn_only: bool = False
    header: bool = False  # also train on the turn headers of these roles
    end: End = "each"  # train on the end-of-turn of each trained turn, of the last one, or of none
    reasoning: bool = True
    tool_calls: bool = True


def _rows(*rows: Policy) -> dict[str, Policy]:
    return {row.name: row for row in rows}


POLICIES = _rows(
    Policy(
        "pretrain",
        "Every token",
        "every token is a target, whoever wrote it: plain language modelling",
        "Radford et al. 2018; TRL SFTTrainer without assistant_only_loss or completion_only_loss",
        scope="every_token",
    ),
    Policy(
        "assistant_only",
        "Assistant, every turn",
        "each reply and its end-of-turn; what users, tools and the template write is context only",
        "TRL SFTConfig(assistant_only_loss=True)",
    ),
    Policy(
        "last_assistant",
        "Assistant, last turn",
        "the last reply only; earlier replies are context",
        "LLaMA-Factory mask_history; datasets that repeat a conversation once per reply",
        last_turn_only=True,
    ),
    Policy(
        "completion_only",
        "Completion",
        "everything after the prompt, whoever wrote it, tool results and later turn headers too",
        "TRL SFTConfig(completion_only_loss=True)",
        scope="completion",
    ),
)

PART_NAMES = {
    "header": "turn header",
    "content": "content",
    "reasoning": "reasoning",
    "tool_call": "tool call",
    "tool_result": "tool result",
    "tools": "list of tools",
    "end": "end-of-turn",
    "gap": "text between turns",
    "padding": "padding",
}


@dataclass(frozen=True)
class Supervision:
    """For every token: is it a target, its label (its id, or IGNORE), and the reason. Labels travel unshifted."""

    policy: Policy
    supervised: tuple[bool, ...]
    labels: tuple[int, ...]
    reasons: tuple[str, ...]

    @property
    def targets(self) -> tuple[int, ...]:
        """What each position predicts: the next token's label; the last position has none.

        Positions 0 … T-1 -> labels 1 … T-1, IGNORE.
        """
        return (*self.labels[1:], IGNORE)


def apply(policy: str | Policy, rendering: Rendering, **knobs: Any) -> Supervision:
    """Decide every token of a rendering; `knobs` are fields of Policy to turn.

    Raises ValueError for a policy or a knob that does not exist.
    """
    policy = _with_knobs(_named(policy), knobs)
    judge = _Judge(policy, rendering)
    verdicts = [judge.token(i, token) for i, token in enumerate(rendering.tokens)]
    supervised = tuple(trained for trained, _ in verdicts)
    labels = tuple(t.id if yes else IGNORE for t, yes in zip(rendering.tokens, supervised, strict=True))
    return Supervision(policy, supervised, labels, tuple(reason for _, reason in verdicts))


def _named(policy: str | Policy) -> Policy:
    if isinstance(policy, Policy):
        return policy
    if policy not in POLICIES:
        raise ValueError(f"policy {policy!r} is unknown; use one of {', '.join(POLICIES)}")
    return POLICIES[policy]


def _with_knobs(policy: Policy, knobs: dict[str, Any]) -> Policy:
    known = {"roles", "last_turn_only", "header", "end", "reasoning", "tool_calls"}
    unknown = set(knobs) - known
    if unknown:
        raise ValueError(f"knob {', '.join(sorted(unknown))} is unknown; a policy has {', '.join(sorted(known))}")
    if knobs.get("end", "each") not in ("each", "last", "none"):
        raise ValueError(f"end={knobs['end']!r} is unknown; use each, last or none")
    if "roles" in knobs:
        knobs = {**knobs, "roles": frozenset(knobs["roles"])}
    return replace(policy, **knobs)


class _Judge:
    """One policy over one rendering: a verdict and its reason, span by span."""

    def __init__(self, policy: Policy, rendering: Rendering):
        self.policy = policy
        self.rendering = rendering
        messages = rendering.chat.messages
        self.trained_turns = [i for i, message in enumerate(messages) if message.role in policy.roles]
        if policy.last_turn_only:
            self.trained_turns = self.trained_turns[-1:]
        self.verdicts = [self._span(span) for span in rendering.spans]

    def token(self, position: int, token: Token) -> tuple[bool, str]:
        if self.policy.scope == "completion":
            trained, reason = self._completion(token)
        else:
            index = next((i for i in token.spans if self.verdicts[i][0]), token.spans[0])
            trained, reason = self.verdicts[index]
            reason += self._straddles(token, index)
        if token.is_forged:
            reason += "; a control token typed inside the message, not written by the template"
        if trained and position == 0:
            reason += "; it is the first token, so no position predicts it and it costs nothing"
        return trained, reason

    def _span(self, span: Span) -> tuple[bool, str]:
        policy = self.policy
        if policy.scope == "every_token":
            return True, f"{policy.name} trains on every token"
        if span.turn is None:
            return False, "the template writes this on its own; it belongs to no message"
        if span.role not in policy.roles:
            return False, f"{_of(span)}: {policy.name} trains on {' and '.join(sorted(policy.roles))} turns only"
        if span.turn not in self.trained_turns:
            return False, f"{_of(span)}: {policy.name} trains on the last such turn only; this one is context"
        return self._trained_turn(span)

    def _trained_turn(self, span: Span) -> tuple[bool, str]:
        policy, what = self.policy, _of(span)
        if span.part == "end":
            return self._end(span)
        if span.part == "reasoning" and not policy.reasoning:
            return False, f"{what}: reasoning is switched off"
        if span.part == "tool_call" and not policy.tool_calls:
            return False, f"{what}: tool calls are switched off"
        if span.generated and span.role == "assistant":
            return True, f"{what}: inside the template's generation block, so the model must learn to write it"
        if span.part == "header":
            if policy.header:
                return True, f"{what}: training on headers is switched on"
            return False, f"{what}: given to the model before it writes, so it has nothing to learn here"
        if span.part == "gap" or (span.generated is False and span.role == "assistant"):
            return False, f"{what}: the template writes it, outside what the {span.role} says"
        return True, f"{what}: {policy.name} trains on it"

    def _end(self, span: Span) -> tuple[bool, str]:
        what, choice = _of(span), self.policy.end
        if choice == "none":
            return False, f"{what}: training on it is switched off, so the model never learns to stop"
        if choice == "last" and span.turn != self.trained_turns[-1]:
            return False, f"{what}: only the last turn's end is trained"
        if span.generated is False and span.role == "assistant":
            return (
                False,
                f"{what}: the template leaves it outside its generation block, so the model never learns to stop",
            )
        return True, f"{what}: here the model learns to stop"

    def _completion(self, token: Token) -> tuple[bool, str]:
        prompt_end = self.rendering.prompt_end
        if token.end <= prompt_end:
            return False, f"{_of(self.rendering.span_of(token))}: part of the prompt"
        span = self.rendering.spans[token.spans[-1]]
        if span.part == "end" and span.role == "assistant" and span.turn in self.trained_turns:
            return self._end(replace(span, generated=None))
        reason = f"{_of(span)}: after the prompt, where completion_only trains on everything"
        return True, reason + ("; it began inside the prompt" if token.start < prompt_end else "")

    def _straddles(self, token: Token, index: int) -> str:
        others = [self.rendering.spans[i] for i in token.spans if i != index]
        names = {_of(span) for span in others} - {_of(self.rendering.spans[index])}
        return f"; the token also covers {' and '.join(sorted(names))}" if names else ""


def _of(span: Span) -> str:
    part = PART_NAMES[span.part]
    return f"{span.role} {part}" if span.role else part
