"""What leaves the page as a file: a table, JSON, the strip as a page of its own. Made when it is asked for."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from sftviz.inspection import Inspection
from sftviz.strip import document
from sftviz.ui.language import language, t
from sftviz.words import using

KINDS: dict[str, tuple[str, Callable[[Inspection], str]]] = {
    "csv": ("text/csv", lambda seen: seen.frame().to_csv(index=False)),
    "json": ("application/json", lambda seen: seen.to_json()),
    "html": ("text/html", document.of),
}


def export_menu(seen: Inspection) -> None:
    with st.popover("", icon=":material/download:", help=t("ui.export.menu"), key="export"):
        for kind, (mime, make) in KINDS.items():
            st.download_button(
                t(f"ui.export.{kind}"),
                partial(_made, make, seen, language()),
                file_name=f"sftviz.{kind}",
                mime=mime,
                key=f"export_{kind}",
                on_click="ignore",
                width="stretch",
            )
        st.caption(t("ui.export.picture"))


def _made(make: Callable[[Inspection], str], seen: Inspection, said: str) -> str:
    with using("zh" if said == "zh" else "en"):
        return make(seen)
