"""Inspect: paste a chat; see every token, whether it is supervised, why, what it costs and where its gradient is."""

import math

import pandas as pd
import streamlit as st
from transformers import PreTrainedModel

from sftviz import assets
from sftviz.chat.formats import FORMATS
from sftviz.chat.messages import ChatError
from sftviz.chat.samples import SAMPLES
from sftviz.figures.alternatives import alternatives_bars
from sftviz.figures.strip import visible
from sftviz.inspection import Inspection, inspect
from sftviz.loss import IGNORE, NORMALIZATIONS
from sftviz.model import load_model
from sftviz.ui.components.draft import keep_draft
from sftviz.ui.components.notes import notes
from sftviz.ui.components.pickers import Choices, choose
from sftviz.ui.components.token_strip import COLORINGS, token_strip
from sftviz.ui.language import t, told, words_of
from sftviz.ui.piece import fragment
from sftviz.ui.theme import show, theme

NEIGHBOURS = 8  # tokens shown on either side of the selected one in the alignment


def page() -> None:
    st.title(t("ui.inspect.title"))
    st.write(t("ui.inspect.intro"))
    left, right = st.columns([3, 2], gap="large")
    with left:
        pasted = _chat_box()
    with right:
        choices = choose()
        if assets.is_embedded_model(choices.model):
            st.caption(t("ui.inspect.embedded_model"))
    seen = _inspected(pasted, choices)
    if seen:
        _results(seen)


def _chat_box() -> str:
    if "chat" not in st.session_state:
        st.session_state.chat = next(iter(SAMPLES.values())).text
    keep_draft("chat")
    st.pills(
        t("ui.inspect.samples"),
        list(SAMPLES),
        format_func=lambda name: words_of("sample", SAMPLES[name]),
        key="sample",
        on_change=_take_sample,
        wrap=True,
    )
    return st.text_area(
        t("ui.inspect.your_chat"),
        height=300,
        placeholder=t("ui.inspect.placeholder"),
        help=t("ui.inspect.forms", forms=", ".join(words_of("format", form) for form in FORMATS.values())),
        key="chat",
        persist_state="session",
    )


def _take_sample() -> None:
    if st.session_state.sample:
        st.session_state.chat = SAMPLES[st.session_state.sample].text


def _inspected(pasted: str, choices: Choices) -> Inspection | None:
    """The inspection of what is in the box; after a mistake the last good one stays, and says so."""
    asked = (pasted, choices)
    if st.session_state.get("asked") == asked:
        return st.session_state.seen
    try:
        with st.spinner(t("ui.inspect.reading")):
            arguments = choices.arguments()
            if choices.model and not assets.is_embedded_model(choices.model):
                arguments["model"] = _own_model(choices.model, choices.online)
            seen = inspect(pasted, **arguments)
    except ChatError as error:
        notes(
            [{"severity": "error", "where": error.where, "message": error.message, "remedy": error.remedy}], key="error"
        )
    except (ValueError, OSError) as error:
        notes([{"severity": "error", "where": "", "message": str(error), "remedy": ""}], key="error")
    else:
        st.session_state.asked, st.session_state.seen = asked, seen
        return seen
    if st.session_state.get("seen"):
        st.caption(t("ui.inspect.last_good"))
    return st.session_state.get("seen")


@st.cache_resource(max_entries=2, show_spinner="Loading the model …")
def _own_model(source: str, online: bool) -> PreTrainedModel:
    return load_model(source, online=online)


@fragment
def _results(seen: Inspection) -> None:
    _headline(seen)
    color_by = _color_by(seen)
    selected = token_strip(seen.rows(), color_by, key="strip", selected=_default_position(seen))
    _prediction(seen, selected)
    _totals(seen)
    _findings(seen)


def _headline(seen: Inspection) -> None:
    chat = seen.rendering.chat
    st.caption(
        t(
            "ui.inspect.taken_for",
            form=words_of("format", FORMATS[chat.form]),
            messages=len(chat.messages),
            template=words_of("template", seen.rendering.template),
            size=f"{len(seen.rendering.tokenizer):,}",
        )
    )
    supervised, total = sum(seen.supervision.supervised), len(seen.rendering.tokens)
    share = f"{supervised:,} ({supervised / max(total, 1):.0%})"
    figures = [(t("ui.inspect.tokens"), f"{total:,}"), (t("ui.inspect.supervised"), share)]
    if seen.losses is not None:
        figures += [
            (t("ui.inspect.loss_per_token"), f"{seen.loss():.3f}"),
            (t("ui.inspect.perplexity"), f"{seen.perplexity():,.2f}"),
        ]
    with st.container(horizontal=True, gap="large"):
        for label, value in figures:
            st.metric(label, value, width="content")


def _color_by(seen: Inspection) -> str:
    names = [name for name in COLORINGS if seen.losses is not None or name in ("supervised", "role")]
    chosen = st.segmented_control(
        t("ui.inspect.colour_by"),
        names,
        default="supervised",
        format_func=lambda name: words_of("coloring", COLORINGS[name]),
        key="color_by",
        required=True,
    )
    return chosen if chosen in names else "supervised"


def _default_position(seen: Inspection) -> int:
    """The position before the first supervised token: the first one whose prediction counts."""
    return next((i for i, target in enumerate(seen.supervision.targets) if target != IGNORE), 0)


def _prediction(seen: Inspection, position: int) -> None:
    rows = seen.rows()
    if not rows:
        return
    position = min(position, len(rows) - 1)
    row = rows[position]
    st.subheader(
        t("ui.inspect.prediction", here=position, next=position + 1)
        if position + 1 < len(rows)
        else t("ui.inspect.last_position")
    )
    left, right = st.columns([1, 1], gap="large")
    with left:
        _formula(row)
    with right:
        if row["nll"] is not None:
            figure = alternatives_bars(
                seen.alternatives(position), row["target_text"], row["rank"], row["probability"], theme()
            )
            show(figure, "alternatives")
    st.caption(t("ui.inspect.alignment_legend"))
    st.dataframe(_alignment(rows, position), key="alignment")


def _formula(row: dict) -> None:
    if row["nll"] is None:
        st.write(t("ui.inspect.no_loss_at_the_end") if row["target"] == IGNORE else t("ui.inspect.no_loss_no_model"))
        return
    st.text(t("ui.inspect.target_token", token=visible(row["target_text"])))
    probability = f"{row['probability']:.4g}"
    st.latex(rf"-\log p_{{\text{{target}}}} = -\log {_tex_number(probability)} = {row['nll']:.2f}\ \text{{nats}}")
    if row["target"] == IGNORE:
        st.write(t("ui.inspect.not_counted"))
        return
    on_logits, on_hidden = row["grad_norm"], row["grad_norm_hidden"]
    st.latex(rf"\lVert p - y \rVert_2 = {on_logits:.3f}")
    st.latex(rf"\lVert W^\top(p-y) \rVert_2 = {on_hidden:.3f}")
    st.caption(t("ui.inspect.gradients_legend"))


def _tex_number(number: str) -> str:
    mantissa, _, exponent = number.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _alignment(rows: list[dict], position: int) -> pd.DataFrame:
    """Four rows: what goes in, its label, what the position predicts, what that costs."""
    near = rows[max(0, position - NEIGHBOURS) : position + NEIGHBOURS + 1]
    columns = {
        str(row["position"]): (
            f"{visible(row['text'])}  {row['id']}",
            str(row["label"]),
            t("ui.common.none") if row["position"] == len(rows) - 1 else str(row["target"]),
            "" if row["nll"] is None else f"{row['nll']:.3f}" if row["target"] != IGNORE else f"({row['nll']:.3f})",
        )
        for row in near
    }
    return pd.DataFrame(
        columns,
        index=[t("ui.inspect.input_row"), t("ui.inspect.label_row"), t("ui.inspect.target_row"), t("ui.common.loss")],
    )


def _totals(seen: Inspection) -> None:
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.subheader(t("ui.inspect.losses"))
        for name, row in NORMALIZATIONS.items():
            value = seen.loss(name)
            shown = t("ui.inspect.no_model") if math.isnan(value) else f"{value:.4f} nats"
            st.markdown(t("ui.inspect.loss_value", title=words_of("normalization", row), value=shown))
            st.latex(row.formula)
    with right:
        st.subheader(t("ui.inspect.by_role"))
        st.dataframe(
            seen.by_role().assign(role=lambda table: table["role"].map(_role)),
            hide_index=True,
            column_config={
                "role": t("ui.inspect.role_column"),
                "tokens": t("ui.inspect.tokens_column"),
                "supervised": t("ui.inspect.supervised_column"),
                "share": st.column_config.ProgressColumn(
                    t("ui.inspect.share_column"), min_value=0, max_value=1, format="percent"
                ),
                "nll": st.column_config.NumberColumn(t("ui.inspect.mean_cost"), format="%.3f"),
            },
            key="by_role",
        )


def _role(name: str) -> str:
    return t("ui.strip.template") if name == "template" else name


def _findings(seen: Inspection) -> None:
    st.subheader(t("ui.inspect.findings"))
    if not seen.findings:
        st.write(t("ui.inspect.no_findings"))
    notes(
        [
            {"severity": f.severity, "where": f.where, "message": told(f.message), "remedy": told(f.remedy)}
            for f in seen.findings
        ],
        key="findings",
    )
