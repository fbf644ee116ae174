"""A caption is Streamlit's 60 % of the text's colour over the page: that must be readable in both themes."""

import tomllib

import pytest

from tests.sources import ROOT

CAPTION = 0.6  # of the text's colour, measured in Chromium
THEMES = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]


def channels(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def luminance(rgb: list[float]) -> float:
    """WCAG 2.2, relative luminance."""
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in rgb]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", THEMES)
def test_a_caption_has_the_contrast_that_text_must_have(theme: str) -> None:
    ink, paper = channels(THEMES[theme]["textColor"]), channels(THEMES[theme]["backgroundColor"])
    caption = [CAPTION * dark + (1 - CAPTION) * light for dark, light in zip(ink, paper, strict=True)]
    low, high = sorted((luminance(caption), luminance(paper)))
    assert (high + 0.05) / (low + 0.05) >= 4.5
