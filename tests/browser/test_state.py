"""The address is the page: after a reload, Back, and in a second tab it stands as it stood. And no page is too wide."""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from sftviz import words
from sftviz.course.lesson import all_lessons
from sftviz.supervision.policies import POLICIES
from sftviz.ui.app import LABS
from tests.browser.conftest import PLOT, eventually, settled

OpenPage = Callable[..., Page]


class Turned(NamedTuple):
    """A slider that is moved by a key, and a select box; and what the address says of both."""

    slider: str
    key: str
    moved: str
    value: str
    box: str
    option: str
    chosen: str
    name: str


LABS_TURNED = {
    "label_smoothing": Turned(
        "Smoothing ε", "ArrowRight", "smoothing_epsilon", "0.11",
        "Convention", "ε/(V−1) on every other token", "smoothing_convention", "others",
    ),
    "numerical_stability": Turned(
        "Spread of the logits", "ArrowRight", "spread", "2", "Precision", "float64", "precision", "float64",
    ),
    "calculators": Turned(
        "Rows B", "ArrowLeft", "logits_batch", "7", "Model", "Mistral 7B v0.1", "calculators_model", "mistral-7b",
    ),
}  # fmt: skip


def address(page: Page) -> dict[str, str]:
    return {key: values[-1] for key, values in parse_qs(urlsplit(page.evaluate("location.href")).query).items()}


def stands(page: Page, slider: str, value: str, box: str, option: str) -> None:
    handle = page.get_by_role("slider", name=slider)
    eventually(lambda: handle.input_value(), lambda now: float(now) == float(value))
    if option:
        expect(page.get_by_role("combobox", name=box)).to_have_value(option)


@pytest.mark.parametrize("lab", LABS_TURNED)
def test_a_lab_stands_as_it_stood_after_a_reload_on_back_and_in_a_second_tab(open_page: OpenPage, lab: str) -> None:
    turned = LABS_TURNED[lab]
    page = open_page(path=f"/{lab}", ready=PLOT)
    settled(page)
    page.get_by_role("slider", name=turned.slider).press(turned.key)
    eventually(lambda: address(page), lambda now: now == {turned.moved: turned.value})
    page.get_by_role("combobox", name=turned.box).click()
    page.get_by_role("option", name=turned.option).click()
    both = {turned.moved: turned.value, turned.chosen: turned.name}
    eventually(lambda: address(page), lambda now: now == both)

    page.reload()
    stands(page, turned.slider, turned.value, turned.box, turned.option)
    assert address(page) == both

    page.get_by_role("link", name="Attention masks").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Who may look at whom?")
    assert address(page) == {}
    page.go_back()
    stands(page, turned.slider, turned.value, turned.box, turned.option)
    eventually(lambda: address(page), lambda now: now == both)

    second = page.context.new_page()
    second.goto(page.url)
    stands(second, turned.slider, turned.value, turned.box, turned.option)

    page.go_back()
    eventually(lambda: address(page), lambda now: now == {turned.moved: turned.value})
    stands(page, turned.slider, turned.value, turned.box, "")
    expect(page.get_by_role("combobox", name=turned.box)).not_to_have_value(turned.option)


def test_an_address_made_in_chinese_is_one_in_english(open_page: OpenPage) -> None:
    title = {language: words.row("policy", POLICIES["pretrain"], "title", language) for language in ("en", "zh")}
    page = open_page(path="/gradient_flow?lang=zh", ready=PLOT)
    settled(page)
    page.get_by_role("combobox").nth(1).click()
    page.get_by_role("option", name=title["zh"], exact=True).click()
    eventually(lambda: address(page), lambda now: now == {"lang": "zh", "flow_policy": "pretrain"})
    page.goto(page.url.replace("lang=zh", "lang=en"))
    expect(page.get_by_role("combobox", name="Policy")).to_have_value(title["en"])


def test_the_link_that_is_copied_is_the_address(open_page: OpenPage) -> None:
    page = open_page(path="/gradients?gradients_target=-9", ready=PLOT)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    settled(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_dragged_slider_leaves_one_entry_in_the_history_not_one_a_step(open_page: OpenPage) -> None:
    page = open_page(path="/gradients", ready=PLOT)
    settled(page)
    before = page.evaluate("history.length")
    handle = page.get_by_role("slider", name="Logit of the target")
    for _ in range(10):
        handle.press("ArrowRight")
    eventually(lambda: address(page), lambda now: now == {"gradients_target": "-5"})
    assert page.evaluate("history.length") - before <= 2


WIDTHS = (1440, 1280, 820, 390)
PAGES = ("", *(lab.address for lab in LABS), *(lesson.slug for lesson in all_lessons()), "interview")
TOO_WIDE = """() => Math.max(...["stMain", "stMainBlockContainer"].map((name) => {
  const part = document.querySelector(`[data-testid=${name}]`);
  return part.scrollWidth - part.clientWidth;
}), document.documentElement.scrollWidth - innerWidth)"""


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways(open_page: OpenPage, width: int) -> None:
    page = open_page(width=width, ready="h1")
    wide = {}
    for path in PAGES:
        page.goto(f"{page.url.partition('/inspect')[0].rsplit('/', 1)[0]}/{path}")
        page.wait_for_selector("h1")
        settled(page)
        wide[path] = page.evaluate(TOO_WIDE)
    assert {path: pixels for path, pixels in wide.items() if pixels > 0} == {}
