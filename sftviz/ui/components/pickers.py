"""Tokenizer, template, policy and model: each a choice from a table of the core, or the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from sftviz import assets
from sftviz.chat.tokenizers import TOKENIZERS
from sftviz.chat.write.templates import TEMPLATES
from sftviz.supervision.policies import POLICIES
from sftviz.ui.language import named, t, words_of

OWN = "own"
AS_PASTED = "as pasted"
NO_MODEL = "none"
ENDS = ("each", "last", "none")
TRAINABLE = ("assistant", "user", "system", "tool")


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
        t("ui.common.policy"),
        list(POLICIES),
        index=list(POLICIES).index("assistant_only"),
        format_func=lambda name: words_of("policy", POLICIES[name]),
        help="  \n".join(
            t("ui.pickers.policy_meaning", title=words_of("policy", row), meaning=words_of("policy", row, "meaning"))
            for row in POLICIES.values()
        ),
        key="policy",
        persist_state="session",
    )
    template = _template()
    model = _model()
    tokenizer = _tokenizer()
    knobs = _knobs()
    online = False
    if tokenizer not in TOKENIZERS or (model and model not in assets.MODELS):
        online = st.checkbox(
            t("ui.pickers.online"),
            key="online",
            help=t("ui.pickers.online_help"),
        )
    return Choices(tokenizer, template, policy, model, online, knobs)


def _template() -> str | None:
    titles = {AS_PASTED: t("ui.pickers.as_pasted")}
    titles |= {name: words_of("template", row) for name, row in TEMPLATES.items()}
    titles |= {"tokenizer": t("ui.pickers.tokenizers_own"), OWN: t("ui.pickers.typed")}
    chosen = st.selectbox(
        t("ui.pickers.template"), list(titles), format_func=titles.__getitem__, key="template", persist_state="session"
    )
    if chosen == OWN:
        return st.text_area(
            t("ui.pickers.jinja_template"),
            TEMPLATES["chatml"].jinja(),
            height=240,
            key="typed_template",
            persist_state="session",
        )
    return None if chosen == AS_PASTED else chosen


def _tokenizer() -> str:
    titles = {name: named(f"tokenizer.{name}", title) for name, title in TOKENIZERS.items()}
    titles |= {OWN: t("ui.pickers.own_source")}
    chosen = st.selectbox(
        t("ui.pickers.tokenizer"),
        list(titles),
        format_func=titles.__getitem__,
        key="tokenizer",
        persist_state="session",
    )
    return _source(t("ui.pickers.tokenizer_source"), "tokenizer_source") if chosen == OWN else chosen


def _model() -> str | None:
    titles = {name: words_of("model", row) for name, row in assets.MODELS.items()}
    titles |= {NO_MODEL: t("ui.pickers.no_model"), OWN: t("ui.pickers.own_source")}
    chosen = st.selectbox(
        t("ui.common.model"),
        list(titles),
        index=list(titles).index("sftviz/tiny-sft"),
        format_func=titles.__getitem__,
        key="model",
        persist_state="session",
    )
    if chosen == NO_MODEL:
        return None
    return _source(t("ui.pickers.model_source"), "model_source") if chosen == OWN else chosen


def _source(label: str, key: str) -> str:
    return st.text_input(label, placeholder="Qwen/Qwen2.5-0.5B-Instruct", key=key, persist_state="session") or ""


def _knobs() -> dict[str, Any]:
    with st.expander(t("ui.pickers.knobs")):
        roles = st.multiselect(
            t("ui.pickers.roles"), TRAINABLE, default=["assistant"], key="roles", persist_state="session"
        )
        end = st.segmented_control(
            t("ui.pickers.end"),
            list(ENDS),
            default="each",
            format_func=lambda name: t(f"ui.pickers.end_{name}"),
            key="end",
            persist_state="session",
        )
        return {
            "roles": frozenset(roles),
            "end": end or "each",
            "header": st.checkbox(t("ui.pickers.header"), key="header", persist_state="session"),
            "reasoning": st.checkbox(t("ui.pickers.reasoning"), value=True, key="reasoning", persist_state="session"),
            "tool_calls": st.checkbox(
                t("ui.pickers.tool_calls"), value=True, key="tool_calls", persist_state="session"
            ),
        }
