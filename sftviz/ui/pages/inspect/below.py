"""Below the strip, one view at a time, the only one computed: the shift, who is supervised, every token, the loss."""

import math

import streamlit as st

from sftviz.columns import TokenRow
from sftviz.inspection import Inspection
from sftviz.supervision import IGNORE
from sftviz.ui import state, warm
from sftviz.ui.language import t, words_of
from sftviz.words.visible import visible

NEIGHBOURS = 8  # tokens shown on either side of the chosen one
VIEWS = ("shift", "who", "all", "losses")
VIEW = state.Choice("view", "shift", VIEWS)


def views(seen: Inspection, position: int) -> None:
    if not seen.rows():
        return
    chosen = VIEW.segmented(t("ui.inspect.view"), lambda name: t(f"ui.view.{name}"), label_visibility="collapsed")
    {"shift": lambda: _shift(seen, position), "who": lambda: _who(seen), "all": lambda: _all(seen),
     "losses": lambda: _losses(seen)}[chosen]()  # fmt: skip


def _shift(seen: Inspection, position: int) -> None:
    """Four rows round the chosen token: what goes in, its label, what the position predicts, what that costs."""
    rows = seen.rows()
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
    import pandas as pd

    names = [t(f"ui.inspect.{name}") for name in ("input", "label", "goal", "cost")]
    st.dataframe(pd.DataFrame(columns, index=pd.Index(names, name=t("ui.inspect.position"))), key="alignment")
    st.caption(t("ui.inspect.one_shift"))


def _cost(row: TokenRow) -> str:
    nll = row.prediction.nll
    return "" if nll is None else f"{nll:.3f}" if row.prediction.target != IGNORE else f"({nll:.3f})"


def _who(seen: Inspection) -> None:
    left, right = st.columns(2, gap="medium")
    for place, table, name in ((left, seen.by_role(), "role"), (right, seen.by_part(), "part")):
        if name == "part":
            table["part"] = [t(f"part.{part}") for part in table["part"]]
        with place:
            st.dataframe(
                table,
                hide_index=True,
                column_config={
                    name: t(f"ui.inspect.{name}"),
                    "tokens": t("ui.inspect.role_tokens"),
                    "supervised": t("ui.inspect.role_supervised"),
                    "share": st.column_config.ProgressColumn(
                        t("ui.inspect.role_share"), min_value=0, max_value=1, format="percent"
                    ),
                    "nll": st.column_config.NumberColumn(t("ui.inspect.role_cost"), format="%.3f"),
                },
                key=f"by_{name}",
            )


def _all(seen: Inspection) -> None:
    """Every token a line; a heading sorts."""
    st.dataframe(seen.frame(), hide_index=True, height=420, key="all_tokens")


def _losses(seen: Inspection) -> None:
    """One chat is one sample of one sequence, so the three means differ only where it is several."""
    warm.ready()
    from sftviz.loss import NORMALIZATIONS

    undefined = t("ui.inspect.no_model" if seen.losses is None else "ui.inspect.undefined")

    def told(value: float, unit: str) -> str:
        return undefined if math.isnan(value) else f"{value:,.4f}{unit}"

    for row in NORMALIZATIONS.values():
        name = words_of("normalization", row)
        st.markdown(f"{t('ui.normalization.loss_per', per=name)}: **{told(seen.loss(row.name), ' nats')}**")
    if seen.losses is not None:
        st.markdown(f"{t('ui.inspect.perplexity')}: **{told(seen.perplexity(), '')}**")
        st.markdown(f"{t('ui.inspect.bits_per_byte')}: **{told(seen.bits_per_byte(), '')}**")
    st.page_link(st.session_state.pages["normalization"], label=t("ui.inspect.three_ways"), icon=":material/balance:")
