"""Tokenizer, template, policy and model: each a choice from a table of the core, or the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from sftviz import assets
from sftviz.chat.tokenizers import TOKENIZERS
from sftviz.chat.write.templates import TEMPLATES
from sftviz.supervision.policies import POLICIES
from sftviz.ui.language import t

OWN = "own"
AS_PASTED = "as pasted"
NO_MODEL = "none"
ENDS = {"each": "every turn", "last": "last turn", "none": "none"}
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
        t("Policy: which tokens carry loss"),
        list(POLICIES),
        index=list(POLICIES).index("assistant_only"),
        format_func=lambda name: t(POLICIES[name].title),
        help="  \n".join(
            t("**{title}**: {meaning}").format(title=t(row.title), meaning=t(row.meaning)) for row in POLICIES.values()
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
            t("Download from the Hugging Face Hub if needed"),
            key="online",
            help=t("Otherwise only what is on this computer."),
        )
    return Choices(tokenizer, template, policy, model, online, knobs)


def _template() -> str | None:
    titles = {AS_PASTED: "As pasted, or the tokenizer's own"} | {name: row.title for name, row in TEMPLATES.items()}
    titles |= {"tokenizer": "The tokenizer's own", OWN: "Type one (Jinja) …"}
    titles = {name: t(title) for name, title in titles.items()}
    chosen = st.selectbox(
        t("Template"), list(titles), format_func=titles.__getitem__, key="template", persist_state="session"
    )
    if chosen == OWN:
        return st.text_area(
            t("Jinja template"), TEMPLATES["chatml"].jinja(), height=240, key="typed_template", persist_state="session"
        )
    return None if chosen == AS_PASTED else chosen


def _tokenizer() -> str:
    titles = {name: t(title) for name, title in {**TOKENIZERS, OWN: "Folder or Hub id …"}.items()}
    chosen = st.selectbox(
        t("Tokenizer"), list(titles), format_func=titles.__getitem__, key="tokenizer", persist_state="session"
    )
    return _source(t("Tokenizer: folder or Hub id"), "tokenizer_source") if chosen == OWN else chosen


def _model() -> str | None:
    titles = {name: t(row.title) for name, row in assets.MODELS.items()}
    titles |= {NO_MODEL: t("None: supervision only"), OWN: t("Folder or Hub id …")}
    chosen = st.selectbox(
        t("Model"),
        list(titles),
        index=list(titles).index("sftviz/tiny-sft"),
        format_func=titles.__getitem__,
        key="model",
        persist_state="session",
    )
    if chosen == NO_MODEL:
        return None
    return _source(t("Model: folder or Hub id"), "model_source") if chosen == OWN else chosen


def _source(label: str, key: str) -> str:
    return st.text_input(label, placeholder="Qwen/Qwen2.5-0.5B-Instruct", key=key, persist_state="session") or ""


def _knobs() -> dict[str, Any]:
    with st.expander(t("Knobs")):
        roles = st.multiselect(t("Roles"), TRAINABLE, default=["assistant"], key="roles", persist_state="session")
        end = st.segmented_control(
            t("End-of-turn"),
            list(ENDS),
            default="each",
            format_func=lambda name: t(ENDS[name]),
            key="end",
            persist_state="session",
        )
        return {
            "roles": frozenset(roles),
            "end": end or "each",
            "header": st.checkbox(t("Turn headers"), key="header", persist_state="session"),
            "reasoning": st.checkbox(t("Reasoning"), value=True, key="reasoning", persist_state="session"),
            "tool_calls": st.checkbox(t("Tool calls"), value=True, key="tool_calls", persist_state="session"),
        }
