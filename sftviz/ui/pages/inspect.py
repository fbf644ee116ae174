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
from sftviz.ui.language import t, told
from sftviz.ui.theme import show, theme

NEIGHBOURS = 8  # tokens shown on either side of the selected one in the alignment


def page() -> None:
    st.title(t("See what the loss sees"))
    st.write(t("Paste a chat. Every token shows whether it is supervised, why, what it costs and how hard it pulls."))
    left, right = st.columns([3, 2], gap="large")
    with left:
        pasted = _chat_box()
    with right:
        choices = choose()
        if assets.is_embedded_model(choices.model):
            st.caption(
                t(
                    "The embedded model has read WordNet's short definitions and nothing else: most chats surprise it. "
                    "Give a folder or a Hub id above to use a model of your own."
                )
            )
    seen = _inspected(pasted, choices)
    if seen:
        _results(seen)


def _chat_box() -> str:
    if "chat" not in st.session_state:
        st.session_state.chat = next(iter(SAMPLES.values())).text
    keep_draft("chat")
    st.pills(
        t("Samples"),
        list(SAMPLES),
        format_func=lambda name: t(SAMPLES[name].title),
        key="sample",
        on_change=_take_sample,
        wrap=True,
    )
    return st.text_area(
        t("Your chat"),
        height=300,
        placeholder=t(
            "OpenAI messages, ShareGPT, Alpaca, prompt and completion, rendered text, or User: … Assistant: …"
        ),
        help=t("Read in any of these forms: {forms}.").format(
            forms=", ".join(t(form.title) for form in FORMATS.values())
        ),
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
        with st.spinner(t("Reading, tokenizing, running the model …")):
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
        st.caption(t("Below is the last chat that could be read, unchanged."))
    return st.session_state.get("seen")


@st.cache_resource(max_entries=2, show_spinner="Loading the model …")
def _own_model(source: str, online: bool) -> PreTrainedModel:
    return load_model(source, online=online)


@st.fragment
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
        t("Taken for: {form}, {messages} messages. Template: {template}. Tokenizer: {size} tokens.").format(
            form=t(FORMATS[chat.form].title),
            messages=len(chat.messages),
            template=t(seen.rendering.template.title),
            size=f"{len(seen.rendering.tokenizer):,}",
        )
    )
    supervised, total = sum(seen.supervision.supervised), len(seen.rendering.tokens)
    share = f"{supervised:,} ({supervised / max(total, 1):.0%})"
    figures = [(t("Tokens"), f"{total:,}"), (t("Supervised"), share)]
    if seen.losses is not None:
        figures += [
            (t("Loss, nats per supervised token"), f"{seen.loss():.3f}"),
            (t("Perplexity"), f"{seen.perplexity():,.2f}"),
        ]
    with st.container(horizontal=True, gap="large"):
        for label, value in figures:
            st.metric(label, value, width="content")


def _color_by(seen: Inspection) -> str:
    names = [name for name in COLORINGS if seen.losses is not None or name in ("supervised", "role")]
    chosen = st.segmented_control(
        t("Colour by"),
        names,
        default="supervised",
        format_func=lambda name: t(COLORINGS[name].title),
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
        t("Position {here} predicts position {next}").format(here=position, next=position + 1)
        if position + 1 < len(rows)
        else t("The last position")
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
    st.caption(t("Labels travel with their own token; the shift happens once, in the loss: target is the next label."))
    st.dataframe(_alignment(rows, position), key="alignment")


def _formula(row: dict) -> None:
    if row["nll"] is None:
        st.write(
            t("No loss here: nothing follows the last token.")
            if row["target"] == IGNORE
            else t("No loss here: no model was run.")
        )
        return
    st.text(t("target: {token}").format(token=visible(row["target_text"])))
    probability = f"{row['probability']:.4g}"
    st.latex(rf"-\log p_{{\text{{target}}}} = -\log {_tex_number(probability)} = {row['nll']:.2f}\ \text{{nats}}")
    if row["target"] == IGNORE:
        st.write(t("Its label is −100: the cost is shown, and counts for nothing."))
        return
    on_logits, on_hidden = row["grad_norm"], row["grad_norm_hidden"]
    st.latex(rf"\lVert p - y \rVert_2 = {on_logits:.3f}")
    st.latex(rf"\lVert W^\top(p-y) \rVert_2 = {on_hidden:.3f}")
    st.caption(t("Above: the gradient on this position's logits. Below: what of it reaches the hidden state."))


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
            t("none") if row["position"] == len(rows) - 1 else str(row["target"]),
            "" if row["nll"] is None else f"{row['nll']:.3f}" if row["target"] != IGNORE else f"({row['nll']:.3f})",
        )
        for row in near
    }
    return pd.DataFrame(columns, index=[t("input"), t("label"), t("target"), t("loss")])


def _totals(seen: Inspection) -> None:
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.subheader(t("The loss, three ways"))
        for name, row in NORMALIZATIONS.items():
            value = seen.loss(name)
            shown = t("no model") if math.isnan(value) else f"{value:.4f} nats"
            st.markdown(t("**{title}**: {value}").format(title=t(row.title), value=shown))
            st.latex(row.formula)
    with right:
        st.subheader(t("Who is supervised"))
        st.dataframe(
            seen.by_role().assign(role=lambda table: table["role"].map(t)),
            hide_index=True,
            column_config={
                "role": t("role"),
                "tokens": t("tokens"),
                "supervised": t("supervised"),
                "share": st.column_config.ProgressColumn(
                    t("share supervised"), min_value=0, max_value=1, format="percent"
                ),
                "nll": st.column_config.NumberColumn(t("mean cost (nats)"), format="%.3f"),
            },
            key="by_role",
        )


def _findings(seen: Inspection) -> None:
    st.subheader(t("What the checks found"))
    if not seen.findings:
        st.write(t("Nothing: every check passed."))
    notes(
        [
            {"severity": f.severity, "where": f.where, "message": told(f.message), "remedy": told(f.remedy)}
            for f in seen.findings
        ],
        key="findings",
    )
