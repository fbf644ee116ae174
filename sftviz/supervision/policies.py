"""A policy says which tokens are targets. POLICIES are the named ones; their knobs turn one thing each."""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from sftviz.chat.messages import DOCUMENT, ROLES
from sftviz.words import SaidError

Scope = Literal["every_token", "turns", "completion"]
Turns = Literal["each", "last_message", "last_round", "last_pair", "last_of_any_role"]
End = Literal["each", "last", "none", "all_roles", "after_text"]
AfterEnd = Literal["template", "each", "not_last", "none"]
EmptyReasoning = Literal["template", "each", "none"]


class PolicyError(SaidError):
    """A policy or a knob that does not exist, or has no effect: sentences error.<code>, remedy.<code>."""


@dataclass(frozen=True)
class Policy:
    """A row of POLICIES, and its knobs: `dataclasses.replace(policy, end="none")` turns one."""

    name: str
    title: str
    meaning: str
    source: str
    scope: Scope = "turns"
    roles: frozenset[str] = frozenset({"assistant"})
    # Of these roles' turns: each; the last message; all after the last user message; the replies to the last message
    # that was answered; or the chat's last message, whoever wrote it
    turns: Turns = "each"
    header: bool = False  # also train on the turn headers
    # The end-of-turn of each trained turn, of the last one, of none, of every role's turns, or only after a text
    end: End = "each"
    # What the template writes after an end-of-turn, mostly a line break: as its generation block has it, or …
    after_end: AfterEnd = "template"
    reasoning: bool = True
    empty_reasoning: EmptyReasoning = "template"  # a think block the template wrote with nothing in it
    tool_calls: bool = True
    marks: bool = True  # the sample's own marks (weight, train, loss …) win over all of this


KNOBS = tuple(field.name for field in fields(Policy))[5:]
# Which knobs say something under a scope; turning another is refused, for it would do nothing without a word
EFFECTIVE: dict[Scope, frozenset[str]] = {
    "every_token": frozenset({"marks"}),
    "completion": frozenset({"end", "after_end", "reasoning", "empty_reasoning", "tool_calls", "marks"}),
    "turns": frozenset(KNOBS),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "turns": get_args(Turns),
    "end": get_args(End),
    "after_end": get_args(AfterEnd),
    "empty_reasoning": get_args(EmptyReasoning),
}


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
        "TRL SFTConfig(assistant_only_loss=True); Unsloth train_on_responses_only",
    ),
    Policy(
        "last_assistant",
        "Assistant, last turn",
        "the last reply only; earlier replies are context",
        "Unsloth train_on_responses_only(last_response_only=True); data that repeats a chat once per reply",
        turns="last_message",
    ),
    Policy(
        "completion_only",
        "Completion",
        "everything after the prompt, whoever wrote it, tool results and later turn headers too",
        "TRL SFTConfig(completion_only_loss=True)",
        scope="completion",
    ),
)


def chosen(policy: str | Policy, knobs: dict[str, Any], roles_there: set[str]) -> Policy:
    """The policy with its knobs turned. `roles_there`: the roles of the chat, which may be trained whatever their name.

    Raises PolicyError for an unknown policy or knob, a value that is none, and a knob that has no effect here.
    """
    row = policy if isinstance(policy, Policy) else POLICIES.get(policy)
    if row is None:
        raise PolicyError("policy_unknown", name=repr(policy), known=tuple(POLICIES))
    unknown = sorted(set(knobs) - set(KNOBS))
    if unknown:
        raise PolicyError("knob_unknown", name=unknown[0], known=KNOBS)
    turned = {name: _value(name, value, roles_there) for name, value in knobs.items()}
    idle = sorted(
        name for name, value in turned.items() if name not in EFFECTIVE[row.scope] and value != getattr(row, name)
    )
    if idle:
        raise PolicyError(
            "knob_without_effect",
            policy=row.name,
            knob=idle[0],
            value=repr(knobs[idle[0]]),
            effective=tuple(name for name in KNOBS if name in EFFECTIVE[row.scope]),
        )
    return replace(row, **turned)


def _value(name: str, value: Any, roles_there: set[str]) -> Any:
    if name == "roles":
        return _roles(value, roles_there)
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise PolicyError("knob_value", knob=name, value=repr(value), known=CHOICES[name])
        return value
    if not isinstance(value, bool):
        raise PolicyError("knob_value", knob=name, value=repr(value), known=("True", "False"))
    return value


def _roles(value: Any, roles_there: set[str]) -> frozenset[str]:
    """A string is one role, not its letters."""
    named = frozenset([value] if isinstance(value, str) else value)
    known = (*ROLES, DOCUMENT)
    for role in sorted(map(str, named)):
        if role not in known and role not in roles_there:
            raise PolicyError("role_unknown", role=repr(role), known=known)
    return named
