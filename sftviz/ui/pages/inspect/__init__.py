"""Inspect, a workbench: a line of controls, what comes of them in a sentence, the strip, and what is known below."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from sftviz import assets, words
from sftviz.assets import smollm2
from sftviz.chat.formats import FORMATS
from sftviz.chat.messages import Chat, Notice
from sftviz.comparison import Comparison
from sftviz.inspection import Inspection
from sftviz.stored import inspect
from sftviz.ui import state, warm
from sftviz.ui.components.notes import error_note, notes
from sftviz.ui.components.pickers import Choices, Setting, knobs
from sftviz.ui.components.sample_table import NUMBER, chosen_sample
from sftviz.ui.components.token_strip import token_strip
from sftviz.ui.components.upload import Upload
from sftviz.ui.language import language, t, words_of
from sftviz.ui.pages.inspect import below, source
from sftviz.ui.pages.inspect.export import export_menu
from sftviz.ui.pages.inspect.share import share_menu
from sftviz.ui.piece import fragment
from sftviz.ui.turn import out_of_turn
from sftviz.words import SaidError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SHORT = 20_000  # characters: with a model of ours so much is priced before a spinner would be seen
COLORINGS: tuple[str, ...] = ("supervised", "nll", "probability", "entropy", "grad_norm", "role", "difference")
COMPARE = state.Switch("compare", False)
TOKEN = state.Number("token", -1, -1, 1_000_000, 1)
COLOR_BY = state.Choice[str]("color_by", "supervised", COLORINGS)
KNOBS = state.table(*source.KNOBS, *knobs(""), *knobs("other_"), COMPARE, TOKEN, COLOR_BY, NUMBER, below.VIEW)


def page() -> None:
    st.title(t("ui.inspect.title"))
    source.settle()
    setting, other = Setting(KNOBS), Setting(KNOBS, "other_")
    setting.keep_what_is_typed()
    menus = _controls(setting)
    given = source.drawer()
    if COMPARE.value():
        _second(other)
    seen, is_stale = _inspected(given, setting.choices())
    if seen is None:
        return
    comparison = _compared(seen, other, setting) if COMPARE.value() and not is_stale else None
    with menus:
        share_menu(given, setting.choices())
        export_menu(seen)
    _results(seen, comparison, is_stale)


def _controls(setting: Setting) -> Any:
    """The one line; what is drawn last in it needs the inspection, so its place is kept."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
        source.choose_source()
        setting.line()
        with st.popover("", icon=":material/tune:", help=t("ui.inspect.settings"), key="settings"):
            setting.rest()
            _about(setting.choices().model)
        COMPARE.toggle(t("ui.inspect.compare"))
        return st.container(horizontal=True, gap="small", width="content", key="menus")


def _second(other: Setting) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="other_controls"):
        st.markdown(f"**{t('ui.inspect.beside')}**", width=150)
        other.line()
        with st.popover("", icon=":material/tune:", help=t("ui.inspect.settings"), key="other_settings"):
            other.rest()


def _about(model: str | None) -> None:
    """What the chosen model of ours is, and where a real one is to be had."""
    if model == assets.SMOLLM2:
        st.caption(t("ui.inspect.smollm2", quantization=smollm2.QUANTIZATION))
    if assets.is_embedded_model(model):
        st.caption(t("ui.inspect.embedded"))
    if not smollm2.is_there():
        st.caption(t("ui.inspect.add_smollm2"))


def _inspected(given: str | Upload, choices: Choices) -> tuple[Inspection | None, bool]:
    """The inspection, and whether it is an old one: after a mistake the last good one stays, greyed."""
    if isinstance(given, str) and not given.strip():
        st.info(t("ui.inspect.empty"), icon=":material/content_paste:")
        return st.session_state.get("seen"), True
    if choices.lacks:
        st.info(t(choices.lacks), icon=":material/keyboard:")
        return st.session_state.get("seen"), True
    try:
        samples, notices = source.read(given)
        chat = _chosen(samples, notices, chosen_sample(samples, choices, given))
        if chat is None:
            return None, False
        seen = kept("seen", (given, chat, choices), lambda: _asked(chat, choices))
    except (SaidError, ValueError, OSError) as error:
        notes([error_note(error)], key="error")
        source.offer_placeholders(error)
        old = st.session_state.get("seen")
        if old:
            st.caption(t("ui.inspect.last_good"))
        return old, True
    return seen, False


def _chosen(samples: Sequence[Chat], notices: Sequence[Notice], index: int | None) -> Chat | None:
    if index is None:
        return None
    chat = samples[index]
    return replace(chat, notices=(*notices, *chat.notices))


def kept(name: str, asked: Any, make: Callable[[], Inspection]) -> Inspection:
    """An unchanged question is not asked again."""
    if st.session_state.get(f"{name}_asked") != asked:
        seen = make()
        st.session_state[f"{name}_asked"], st.session_state[name] = asked, seen
    return st.session_state[name]


def _compared(seen: Inspection, other: Setting, setting: Setting) -> Comparison | None:
    """Beside it the same chat under the other setting; a mistake there leaves this one as it is."""
    choices, chat = other.choices(), seen.rendering.chat
    if choices.lacks:
        st.info(t(choices.lacks), icon=":material/keyboard:")
        return None
    try:
        that = kept("seen_beside", (chat, choices), lambda: _asked(chat, choices))
    except (SaidError, ValueError, OSError) as error:
        notes([error_note(error)], key="error_beside")
        return None
    held = st.session_state.get("comparison")
    title = other.title(setting)
    if held is None or held.this is not seen or held.that is not that or held.title != title:
        held = st.session_state.comparison = Comparison(seen, that, title)
    return held


def _asked(chat: Chat, choices: Choices) -> Inspection:
    given = choices.arguments()
    is_small = choices.model is None or assets.is_embedded_model(choices.model)
    if choices.model and not assets.reads(choices.model):
        with _long():
            given["model"] = _own_model(choices.model, choices.online)
    is_quick = is_small and sum(len(message.content) for message in chat.messages) < SHORT
    with nullcontext() if is_quick else _long():
        return inspect(chat, before_model=partial(warm.ready, alone=not is_small), **given)


@contextmanager
def _long() -> Iterator[None]:
    with out_of_turn(), st.spinner(t("ui.inspect.working")):
        yield


@st.cache_resource(max_entries=2, show_spinner=False)
def _own_model(source: str, online: bool) -> "PreTrainedModel":
    warm.ready()
    from sftviz.model import load_model

    return load_model(source, online=online)


@fragment
def _results(seen: Inspection, comparison: Comparison | None, is_stale: bool) -> None:
    with st.container(key="stale" if is_stale else "fresh", gap="small"):
        selected, coloring = token_strip(
            seen, key="strip", selected=TOKEN.value(), coloring=COLOR_BY.value(), comparison=comparison
        )
        TOKEN.stand(selected)
        COLOR_BY.stand(coloring)
        st.caption(_taken_for(seen))
        below.views(seen, selected if selected >= 0 else _first(seen))


def _first(seen: Inspection) -> int:
    """What is looked at before anything was chosen: the first supervised token."""
    return next((t for t, yes in enumerate(seen.supervision.supervised) if yes), 0)


def _taken_for(seen: Inspection) -> str:
    chat, rendering = seen.rendering.chat, seen.rendering
    code = "ui.inspect.as_it_stands" if rendering.as_written else "ui.inspect.taken_for"
    return t(
        code,
        form=words_of("format", FORMATS[chat.form]),
        messages=len(chat.messages),
        template=words.named("template", f"{rendering.template.name}.title", rendering.template.title, language()),
        size=len(rendering.tokenizer),
    )
