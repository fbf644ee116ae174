"""The normalisation page's two explorables, in the lesson: what a token weighs, and what cutting the batch does."""

from sftviz.ui.pages.normalization import KNOBS, weights_and_cuts

__all__ = ["KNOBS", "lab"]


def lab() -> None:
    weights_and_cuts()
