"""The sidebar: by what one comes for, a lesson's labs under it, nothing cut, closed where it would take the page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from sftviz.course.lesson import all_lessons
from tests.browser.conftest import settled

OpenPage = Callable[..., Page]
SECTIONS = {"en": ["My data", "Understand", "Practise", "Plan"], "zh": ["我的数据", "理解", "练习", "规划"]}
CUT = """() => [...document.querySelectorAll("[data-testid=stSidebarNavLink] *")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflow === "hidden")
  .map((one) => one.textContent)"""


@pytest.mark.parametrize("language", SECTIONS)
def test_sections_say_what_one_comes_for_and_no_title_is_cut(open_page: OpenPage, language: str) -> None:
    page = open_page(path=f"/interview?lang={language}", ready="h1")
    settled(page)
    assert page.locator("[data-testid=stNavSectionHeader]").all_inner_texts() == SECTIONS[language]
    assert page.evaluate(CUT) == []


def test_a_lessons_labs_follow_it_and_lead_back(open_page: OpenPage) -> None:
    page = open_page(path="/interview", ready="h1")
    links = [link.get_attribute("href") for link in page.locator("[data-testid=stSidebarNavLink]").all()]
    addresses = [(href or "").rpartition("/")[2] for href in links]
    for lesson in all_lessons():
        labs = lesson.front_matter().labs
        start = addresses.index(lesson.slug) + 1
        assert addresses[start : start + len(labs)] == labs
    page.goto(page.url.replace("/interview", "/gradient_flow"))
    page.get_by_text("Explained in lesson 8: Masked tokens still learn").click()
    expect(page.get_by_role("heading", name="Masked tokens still learn", exact=True)).to_be_visible(timeout=60_000)


@pytest.mark.parametrize(("width", "is_open"), [(820, False), (1280, True)])
def test_a_narrow_window_opens_with_it_closed(open_page: OpenPage, width: int, is_open: bool) -> None:
    page = open_page(width=width, path="/interview", ready="h1")
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", str(not is_open).lower())


def test_once_it_was_opened_it_stays(open_page: OpenPage) -> None:
    page = open_page(width=820, path="/interview", ready="h1")
    page.get_by_test_id("stExpandSidebarButton").click()
    page.locator("[data-testid=stSidebarNavLink]").first.click()
    expect(page.locator("[data-testid=stSidebar][data-collapsed=false]")).to_be_visible()
