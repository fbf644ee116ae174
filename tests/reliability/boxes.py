"""A page with nothing but the boxes whose text must not be lost: run by Streamlit for tests/browser/test_draft.py."""

import streamlit as st

from sftviz.ui.components.draft import keep_draft

LONG, SHORT, HIDDEN = "chat", "tokenizer_source", "typed_template"
SAMPLE = "User: a sample\r\nAssistant: yes"


def take_the_sample() -> None:
    st.session_state[LONG] = SAMPLE


if __name__ == "__main__":
    if LONG not in st.session_state:
        st.session_state[LONG] = SAMPLE
    keep_draft(LONG)
    st.button("sample", on_click=take_the_sample)
    st.text_area("Long", key=LONG, persist_state="session")
    keep_draft(SHORT)
    st.text_input("Short", key=SHORT, persist_state="session")
    if HIDDEN not in st.session_state:
        st.session_state[HIDDEN] = "of the house"
    keep_draft(HIDDEN)
    with st.popover("drawer"):  # what stands in it is on the page only while it is open
        st.text_area("Hidden", key=HIDDEN)
    st.button("run")
    st.text(f"{st.session_state[LONG]!r} {st.session_state[SHORT]!r} {st.session_state[HIDDEN]!r}")
