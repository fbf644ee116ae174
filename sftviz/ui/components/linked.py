"""A widget's first value may come from the address: `?gradients_target=-9` opens the lab in that state."""

from typing import TypeVar

import streamlit as st

Value = TypeVar("Value", float, int, str)


def linked(key: str, default: Value) -> Value:
    """What the address says for this key, read as the default's type; the default where it says nothing or nonsense."""
    asked = st.query_params.get(key)
    if asked is None:
        return default
    try:
        return type(default)(asked)
    except ValueError:
        return default


def linked_choice(key: str, choices, default):
    """The same for one of several: the choice whose text the address gives."""
    asked = st.query_params.get(key)
    return next((choice for choice in choices if str(choice) == asked), default)
