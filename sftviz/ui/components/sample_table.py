"""A file of many samples: a table of them, and which one is looked at. A click on a line opens it."""

from collections.abc import Hashable, Sequence

import pandas as pd
import streamlit as st

from sftviz.chat.messages import Chat
from sftviz.overview import Overview, overview
from sftviz.strip.static import MARKS
from sftviz.ui import state
from sftviz.ui.components.pickers import Choices
from sftviz.ui.language import language, t

AT_ONCE = 50  # samples in the table; further ones are reached by their number


NUMBER = state.Number("sample_number", 0, 0, 10_000_000, 1)  # 0: none is open, the table stands


def chosen_sample(samples: Sequence[Chat], choices: Choices, source: Hashable) -> int | None:
    """The index of the sample to look at; of several the table comes first, and gives None. source: what holds them."""
    count = len(samples)
    if count < 2:
        return 0
    number = min(NUMBER.value(), count)
    NUMBER.stand(number)
    if number:
        _steps(number, count)
        return number - 1
    page = _page(count)
    shown = range(page * AT_ONCE, min((page + 1) * AT_ONCE, count))
    st.dataframe(
        _kept_table(samples, shown, choices, source),
        hide_index=True,
        key="sample_table",
        selection_mode="single-cell",
        on_select=_clicked,
        column_config={"#": st.column_config.NumberColumn(width=60)},
    )
    st.caption(t("ui.samples.click"))
    return None


def _steps(number: int, count: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="steps"):
        st.button(t("ui.samples.all"), key="all_samples", icon=":material/table_rows:", on_click=_open, args=(0,))
        st.button(
            "◀",
            key="sample_before",
            help=t("ui.samples.before"),
            disabled=number == 1,
            on_click=_open,
            args=(number - 1,),
        )
        st.markdown(t("ui.samples.place", number=number, count=count), width="content")
        st.button("▶", key="sample_after", help=t("ui.samples.after"), disabled=number == count, on_click=_open,
                  args=(number + 1,))  # fmt: skip


def _open(number: int) -> None:
    NUMBER.put(number)


def _page(count: int) -> int:
    """Which AT_ONCE samples are listed."""
    pages = -(-count // AT_ONCE)
    if pages == 1:
        return 0
    label = t("ui.samples.page", count=pages, most=AT_ONCE)
    return int(st.number_input(label, 1, pages, key="sample_page", width=260)) - 1


def _clicked() -> None:
    """The clicked line's sample; lines go on from the page's first one."""
    cells = st.session_state.sample_table.selection.cells
    if cells:
        NUMBER.put((st.session_state.get("sample_page", 1) - 1) * AT_ONCE + cells[0][0] + 1)


def _kept_table(samples: Sequence[Chat], shown: range, choices: Choices, source: Hashable) -> pd.DataFrame:
    """Made once for what it shows: a click must not read fifty samples again."""
    key = (source, shown, choices, language())
    if st.session_state.get("table_key") != key:
        st.session_state.sample_lines, st.session_state.table_key = _table(samples, shown, choices), key
    return st.session_state.sample_lines


def _table(samples: Sequence[Chat], shown: range, choices: Choices) -> pd.DataFrame:
    lines = list(overview(samples, shown, **choices.arguments()))
    return pd.DataFrame(
        {
            "#": [line.sample for line in lines],
            t("ui.samples.begins"): [_begins(line) for line in lines],
            t("ui.samples.tokens"): [line.tokens for line in lines],
            t("ui.samples.share"): ["" if line.share is None else f"{line.share:.0%}" for line in lines],
            t("ui.samples.findings"): [_findings(line) for line in lines],
        }
    )


def _begins(line: Overview) -> str:
    return line.error.sentence(language()) if line.error else line.begins


def _findings(line: Overview) -> str:
    """The codes at error and warning level, each once."""
    if line.error:
        return f"{MARKS['error']} {line.error.code}"
    grave = [f"{MARKS[one.severity]} {one.code}" for one in line.findings if one.severity != "note"]
    return ", ".join(dict.fromkeys(grave))
