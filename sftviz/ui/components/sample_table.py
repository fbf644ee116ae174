"""A file of many samples: a table of them, and which one is looked at."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from sftviz.chat.messages import Chat
from sftviz.overview import Overview, overview
from sftviz.ui.components.pickers import Choices
from sftviz.ui.language import language, t

AT_ONCE = 50  # samples in the table; further ones are reached by their number


def chosen_sample(samples: Sequence[Chat], choices: Choices) -> int:
    """The index of the sample to look at; the table stands only where there are several."""
    count = len(samples)
    if count < 2:
        return 0
    number = st.number_input(t("ui.samples.number", count=count), 1, count, key="sample_number")
    first = (int(number) - 1) // AT_ONCE * AT_ONCE
    shown = range(first, min(first + AT_ONCE, count))
    with st.expander(t("ui.samples.table", first=first + 1, last=shown[-1] + 1, count=count)):
        st.dataframe(_table(samples, shown, choices), hide_index=True, key="sample_table")
    return int(number) - 1


def _table(samples: Sequence[Chat], shown: range, choices: Choices) -> pd.DataFrame:
    lines = list(overview(samples, shown, **choices.arguments()))
    return pd.DataFrame(
        {
            "#": [line.sample for line in lines],
            t("ui.samples.begins"): [_begins(line) for line in lines],
            t("ui.samples.tokens"): [line.tokens for line in lines],
            t("ui.samples.share"): ["" if line.share is None else f"{line.share:.0%}" for line in lines],
            t("ui.samples.errors"): [line.errors for line in lines],
            t("ui.samples.warnings"): [line.warnings for line in lines],
        }
    )


def _begins(line: Overview) -> str:
    return line.error.sentence(language()) if line.error else line.begins
