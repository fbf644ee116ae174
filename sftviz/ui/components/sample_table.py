"""A file of many samples: a table of them, and which one is looked at. A click on a line opens it."""

from collections.abc import Hashable, Sequence

import pandas as pd
import streamlit as st

from sftviz.chat.messages import Chat
from sftviz.figures.strip import MARKS
from sftviz.overview import Overview, overview
from sftviz.ui.components.pickers import Choices
from sftviz.ui.language import language, t

AT_ONCE = 50  # samples in the table; further ones are reached by their number


def chosen_sample(samples: Sequence[Chat], choices: Choices, source: Hashable) -> int:
    """The index of the sample to look at; the table stands only where there are several. source: what holds them."""
    count = len(samples)
    if count < 2:
        return 0
    if st.session_state.get("sample_number", 1) > count:
        st.session_state.sample_number = count
    number = int(st.number_input(t("ui.samples.number", count=count), 1, count, key="sample_number"))
    first = (number - 1) // AT_ONCE * AT_ONCE
    shown = range(first, min(first + AT_ONCE, count))
    with st.expander(t("ui.samples.table", first=first + 1, last=shown[-1] + 1, count=count), expanded=True):
        st.dataframe(
            _kept_table(samples, shown, choices, source),
            hide_index=True,
            key="sample_table",
            selection_mode="single-cell",
            on_select=_clicked,
            column_config={"#": st.column_config.NumberColumn(width=50)},
        )
    return number - 1


def _clicked() -> None:
    """The clicked line's sample; numbers in the table go on from its first one."""
    cells = st.session_state.sample_table.selection.cells
    if cells:
        first = (st.session_state.sample_number - 1) // AT_ONCE * AT_ONCE
        st.session_state.sample_number = first + cells[0][0] + 1


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
