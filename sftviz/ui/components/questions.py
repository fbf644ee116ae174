"""A page of several questions shows one at a time, and computes no other."""

from collections.abc import Callable

from sftviz.ui.language import t
from sftviz.ui.state import Choice


def chosen_question(knob: Choice[str], said: Callable[[str], str]) -> str:
    """The question that is asked; said: the words of each of the knob's choices."""
    return knob.segmented(t("ui.common.question"), said, label_visibility="collapsed", width="stretch")
