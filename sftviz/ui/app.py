"""The app: page settings and navigation. Inspect comes first, then the labs."""

import gc
import threading

import streamlit as st

from sftviz.ui.pages import gradients, information, inspect, label_smoothing, normalization, stability

_frozen = threading.Lock()

# address, title, icon, page
LABS = (
    ("gradients", "Gradients", "📉", gradients.page),
    ("label_smoothing", "Label smoothing", "🧈", label_smoothing.page),
    ("normalization", "Normalisation", "⚖️", normalization.page),
    ("numerical_stability", "Numerical stability", "🧮", stability.page),
    ("information", "Information", "🎲", information.page),
)


def main() -> None:
    st.set_page_config(page_title="sftviz", page_icon="🔎", layout="wide")
    pages = {
        "": [st.Page(inspect.page, title="Inspect", icon="🔎", url_path="inspect", default=True)],
        "Labs": [st.Page(page, title=title, icon=icon, url_path=address) for address, title, icon, page in LABS],
    }
    st.navigation(pages).run()
    _freeze_once()


def _freeze_once() -> None:
    # Streamlit collects garbage after every run; with torch loaded each pass walks 10^6 objects. Freeze them, once.
    if _frozen.acquire(blocking=False):
        gc.collect()
        gc.freeze()


if __name__ == "__main__":
    main()
