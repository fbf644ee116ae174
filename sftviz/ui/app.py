"""The app: page settings and navigation. Inspect comes first, then the labs."""

import gc
import threading

import streamlit as st

from sftviz.ui.pages import inspect

_frozen = threading.Lock()


def main() -> None:
    st.set_page_config(page_title="sftviz", page_icon="🔎", layout="wide")
    st.navigation([st.Page(inspect.page, title="Inspect", icon="🔎", url_path="inspect", default=True)]).run()
    _freeze_once()


def _freeze_once() -> None:
    # Streamlit collects garbage after every run; with torch loaded each pass walks 10^6 objects. Freeze them, once.
    if _frozen.acquire(blocking=False):
        gc.collect()
        gc.freeze()


if __name__ == "__main__":
    main()
