"""Inspect: paste a chat; see every token, whether it is supervised, why, what it costs and where its gradient is."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from sftviz import assets, words
from sftviz.assets import smollm2
from sftviz.chat.formats import FORMATS, parse_all
from sftviz.chat.messages import Chat, ChatError, Notice
from sftviz.chat.read.reading import Media, Side
from sftviz.chat.samples import SAMPLES
from sftviz.columns import TokenRow
from sftviz.figures.alternatives import alternatives_bars
from sftviz.figures.strip import visible
from sftviz.inspection import Inspection
from sftviz.stored import inspect
from sftviz.supervision import IGNORE
from sftviz.supervision.checks import Finding
from sftviz.ui import warm
from sftviz.ui.components.draft import keep_draft
from sftviz.ui.components.notes import Note, error_note, notes
from sftviz.ui.components.pickers import Choices, choose
from sftviz.ui.components.sample_table import chosen_sample
from sftviz.ui.components.token_strip import colorings, token_strip
from sftviz.ui.components.upload import Upload, offer_upload, read_upload
from sftviz.ui.language import language, t
from sftviz.ui.piece import fragment
from sftviz.ui.theme import show, theme
from sftviz.words import SaidError, say

if TYPE_CHECKING:
    import pandas as pd
    from transformers import PreTrainedModel

NEIGHBOURS = 8  # tokens shown on either side of the selected one in the alignment
SIDES: tuple[Side, ...] = ("chosen", "rejected")


def page() -> None:
    st.title(t("ui.inspect.title"))
    st.write(t("ui.inspect.intro"))
    left, right = st.columns([3, 2], gap="large")
    with left:
        pasted = _chat_box()
        upload = offer_upload()
    with right:
        choices = choose()
        _about(choices.model)
    seen = _inspected(upload or pasted, choices)
    if seen:
        _results(seen)


def _about(model: str | None) -> None:
    """What the chosen model of ours is, and where a real one is to be had."""
    if model == assets.SMOLLM2:
        st.caption(t("ui.inspect.smollm2", quantization=smollm2.QUANTIZATION))
    if assets.is_embedded_model(model):
        st.caption(t("ui.inspect.embedded"))
    if not smollm2.is_there():
        st.caption(t("ui.inspect.add_smollm2"))


def _chat_box() -> str:
    if "chat" not in st.session_state:
        st.session_state.chat = next(iter(SAMPLES.values())).text
    keep_draft("chat")
    st.pills(
        t("ui.inspect.samples"),
        list(SAMPLES),
        format_func=lambda name: words.row("sample", SAMPLES[name], "title", language()),
        key="sample",
        on_change=_take_sample,
        wrap=True,
    )
    forms = ", ".join(words.row("format", form, "title", language()) for form in FORMATS.values())
    return st.text_area(
        t("ui.inspect.chat"),
        height=300,
        placeholder=t("ui.inspect.placeholder"),
        help=t("ui.inspect.forms", forms=forms),
        key="chat",
        persist_state="session",
    )


def _take_sample() -> None:
    if st.session_state.sample:
        st.session_state.chat = SAMPLES[st.session_state.sample].text


def _inspected(source: str | Upload, choices: Choices) -> Inspection | None:
    """The inspection of the file, or of what is in the box; after a mistake the last good one stays, and says so."""
    try:
        samples, notices = _read(source)
        chat = samples[chosen_sample(samples, choices, source)]
        chat = replace(chat, notices=(*notices, *chat.notices))
        asked = (source, chat, choices)
        if st.session_state.get("asked") == asked:
            return st.session_state.seen
        with st.spinner(t("ui.inspect.working")):
            seen = inspect(chat, before_model=warm.ready, **_arguments(choices))
    except (SaidError, ValueError, OSError) as error:
        notes([error_note(error)], key="error")
        _offer_placeholders(error)
    else:
        st.session_state.asked, st.session_state.seen = asked, seen
        return seen
    if st.session_state.get("seen"):
        st.caption(t("ui.inspect.last_good"))
    return st.session_state.get("seen")


def _read(source: str | Upload) -> tuple[Sequence[Chat], Sequence[Notice]]:
    """The samples of the file or of the box, and what was noticed of all; of a preference row the side asked for."""
    media: Media = "placeholder" if st.session_state.get("placeholders") else "refuse"
    samples, notices = _opened(source, media, None)
    if not any(notice.code == "preference_row" for notice in _first(samples).notices):
        return samples, notices
    side = st.segmented_control(
        t("ui.inspect.side"),
        SIDES,
        default="chosen",
        format_func=lambda name: t(f"ui.inspect.{name}"),
        key="side",
        required=True,
    )
    return _opened(source, media, SIDES[SIDES.index(side)] if side in SIDES else None)


def _opened(source: str | Upload, media: Media, side: Side | None) -> tuple[Sequence[Chat], Sequence[Notice]]:
    if isinstance(source, Upload):
        paste = read_upload(source, media, side)
        return paste.samples, paste.notices
    return parse_all(source, media=media, side=side), ()


def _first(samples: Sequence[Chat]) -> Chat:
    """The first sample; where it is broken an empty one, so that the others can be reached."""
    try:
        return samples[0]
    except ChatError:
        if len(samples) < 2:
            raise
        return Chat((), "text")


def _offer_placeholders(error: Exception) -> None:
    if getattr(error, "code", "") == "not_text":
        st.checkbox(t("ui.inspect.placeholders"), key="placeholders")


def _arguments(choices: Choices) -> dict[str, Any]:
    arguments = choices.arguments()
    if choices.model and not assets.reads(choices.model):
        arguments["model"] = _own_model(choices.model, choices.online)
    return arguments


@st.cache_resource(max_entries=2, show_spinner=False)
def _own_model(source: str, online: bool) -> "PreTrainedModel":
    warm.ready()
    from sftviz.model import load_model

    return load_model(source, online=online)


@fragment
def _results(seen: Inspection) -> None:
    _headline(seen)
    _findings(seen)
    color_by = _color_by(seen)
    selected = token_strip(seen.rows(), color_by, key="strip", selected=_default_position(seen))
    _prediction(seen, selected)
    _totals(seen)


def _headline(seen: Inspection) -> None:
    chat, rendering = seen.rendering.chat, seen.rendering
    key = "ui.inspect.as_it_stands" if rendering.as_written else "ui.inspect.taken_for"
    st.caption(
        t(
            key,
            form=words.row("format", FORMATS[chat.form], "title", language()),
            messages=len(chat.messages),
            template=words.named("template", f"{rendering.template.name}.title", rendering.template.title, language()),
            size=len(rendering.tokenizer),
        )
    )
    supervised, total = sum(seen.supervision.supervised), len(rendering.tokens)
    share = f"{supervised:,} ({supervised / max(total, 1):.0%})"
    figures = [(t("ui.inspect.tokens"), f"{total:,}"), (t("ui.inspect.supervised"), share)]
    if seen.losses is not None:
        perplexity = seen.perplexity()
        undefined = t("ui.inspect.undefined")
        shown = undefined if math.isnan(perplexity) else f"{perplexity:,.2f}"
        loss = undefined if math.isnan(perplexity) else f"{seen.loss():.3f}"
        bits = seen.bits_per_byte()
        figures += [(t("ui.inspect.loss"), loss), (t("ui.inspect.perplexity"), shown)]
        figures += [(t("ui.inspect.bits_per_byte"), undefined if math.isnan(bits) else f"{bits:.3f}")]
    with st.container(horizontal=True, gap="large"):
        for label, value in figures:
            st.metric(label, value, width="content")


def _color_by(seen: Inspection) -> str:
    titles = colorings(seen.losses is not None)
    chosen = st.segmented_control(
        t("ui.inspect.color_by"),
        list(titles),
        default="supervised",
        format_func=titles.__getitem__,
        key="color_by",
        required=True,
    )
    return chosen if chosen in titles else "supervised"


def _default_position(seen: Inspection) -> int:
    """The position before the first supervised token: the first one whose prediction counts."""
    return next((i for i, target in enumerate(seen.supervision.targets) if target != IGNORE), 0)


def _prediction(seen: Inspection, position: int) -> None:
    rows = seen.rows()
    if not rows:
        return
    position = min(position, len(rows) - 1)
    row = rows[position]
    is_last = position + 1 == len(rows)
    st.subheader(
        t("ui.inspect.last_position") if is_last else t("ui.inspect.predicts", here=position, next=position + 1)
    )
    left, right = st.columns([1, 1], gap="large")
    with left:
        _formula(row)
    with right:
        ahead = row.prediction
        if ahead.nll is not None and ahead.rank is not None and ahead.probability is not None:
            figure = alternatives_bars(
                seen.alternatives(position), ahead.target_text, ahead.rank, ahead.probability, theme()
            )
            show(figure, "alternatives")
    st.caption(t("ui.inspect.one_shift"))
    st.dataframe(_alignment(rows, position), key="alignment")


def _formula(row: TokenRow) -> None:
    ahead = row.prediction
    if ahead.nll is None:
        st.write(t("ui.inspect.nothing_follows") if ahead.target == IGNORE else t("ui.inspect.no_model_run"))
        return
    st.text(t("ui.inspect.target", token=visible(ahead.target_text)))
    probability = f"{ahead.probability:.4g}"
    st.latex(rf"-\log p_{{\text{{target}}}} = -\log {_tex_number(probability)} = {ahead.nll:.2f}\ \text{{nats}}")
    if ahead.target == IGNORE:
        st.write(t("ui.inspect.ignored_label"))
        return
    st.latex(rf"\lVert p - y \rVert_2 = {ahead.grad_norm:.3f}")
    if ahead.grad_norm_hidden is None:
        st.caption(t("ui.inspect.bent_logits"))
        return
    st.latex(rf"\lVert W^\top(p-y) \rVert_2 = {ahead.grad_norm_hidden:.3f}")
    st.caption(t("ui.inspect.two_gradients"))


def _tex_number(number: str) -> str:
    mantissa, _, exponent = number.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _alignment(rows: list[TokenRow], position: int) -> "pd.DataFrame":
    """Four rows: what goes in, its label, what the position predicts, what that costs."""
    import pandas as pd

    near = rows[max(0, position - NEIGHBOURS) : position + NEIGHBOURS + 1]
    columns = {
        str(row.position): (
            f"{visible(row.text)}  {row.id}",
            str(row.label),
            t("ui.inspect.none") if row.position == len(rows) - 1 else str(row.prediction.target),
            _cost(row),
        )
        for row in near
    }
    return pd.DataFrame(columns, index=[t(f"ui.inspect.{name}") for name in ("input", "label", "goal", "cost")])


def _cost(row: TokenRow) -> str:
    nll = row.prediction.nll
    return "" if nll is None else f"{nll:.3f}" if row.prediction.target != IGNORE else f"({nll:.3f})"


def _totals(seen: Inspection) -> None:
    warm.ready()
    from sftviz.loss import NORMALIZATIONS

    left, right = st.columns([1, 1], gap="large")
    with left:
        st.subheader(t("ui.inspect.three_ways"))
        for name, row in NORMALIZATIONS.items():
            value = seen.loss(name)
            shown = t("ui.inspect.no_model") if math.isnan(value) else f"{value:.4f} nats"
            st.markdown(f"**{words.row('normalization', row, 'title', language())}**: {shown}")
            st.latex(row.formula)
    with right:
        st.subheader(t("ui.inspect.who"))
        st.dataframe(
            seen.by_role(),
            hide_index=True,
            column_config={
                "role": t("ui.inspect.role"),
                "tokens": t("ui.inspect.role_tokens"),
                "supervised": t("ui.inspect.role_supervised"),
                "share": st.column_config.ProgressColumn(
                    t("ui.inspect.role_share"), min_value=0, max_value=1, format="percent"
                ),
                "nll": st.column_config.NumberColumn(t("ui.inspect.role_cost"), format="%.3f"),
            },
            key="by_role",
        )


def _findings(seen: Inspection) -> None:
    """What the checks found, before the strip: errors and warnings open, notes one click away."""
    grave = [finding for finding in seen.findings if finding.severity != "note"]
    slight = [finding for finding in seen.findings if finding.severity == "note"]
    if not seen.findings:
        st.caption(t("ui.inspect.all_passed"))
    notes([_note(finding) for finding in grave], key="findings")
    if slight:
        with st.expander(t("ui.inspect.notes", count=len(slight))):
            notes([_note(finding) for finding in slight], key="slight_findings")


def _note(finding: Finding) -> Note:
    where, remedy = (say(said, language()) if said else "" for said in (finding.where, finding.remedy))
    return {
        "severity": finding.severity,
        "where": where,
        "message": say(finding.what, language()),
        "remedy": remedy,
    }
