"""The interview as it is taken: today's cards, a mock from its beginning to its end, what is taken along."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sftviz.course.interview.cards import all_cards
from sftviz.course.interview.mock import CODE_AT, COUNT, DERIVE_AT
from sftviz.words import Language, sentences
from tests.browser.conftest import eventually, settled, sound

OpenPage = Callable[..., Page]
CARDS = all_cards()


def counted(page: Page, known: int) -> None:
    expect(page.get_by_text(f"{known} of {len(CARDS)} known")).to_be_visible()


def kept(page: Page, place: str, text: str, times: int = 1) -> None:
    """The browser keeps it: the last thing that a run does."""
    eventually(
        lambda: page.evaluate("(name) => localStorage.getItem(name)", f"sftviz:{place}"),
        lambda held: held.count(text) == times,
    )


def test_what_was_known_is_remembered_by_the_browser(open_page: OpenPage) -> None:
    page = open_page(path="/interview", ready="h1")
    counted(page, 0)
    first = next(iter(CARDS.values())).question.question.en
    expect(page.get_by_text(first[:40])).to_be_visible()
    page.get_by_text("Show the answer").click()
    page.get_by_role("button", name="I knew it").click()
    counted(page, 1)
    expect(page.get_by_text(first[:40])).to_have_count(0)
    kept(page, "interview:2", '"box":1')
    page.reload()
    counted(page, 1)
    page.get_by_text("Show the answer").click()
    page.get_by_role("button", name="Ask me again").click()
    expect(page.get_by_text("1 in the box of 1 days")).to_be_visible()
    counted(page, 1)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_mock_is_taken_from_its_beginning_to_its_end(open_page: OpenPage, language: Language) -> None:
    words = sentences(language)
    page = open_page(path=f"/interview?way=mock&lang={language}", ready="h1")
    page.locator(".st-key-mock_start button").click()
    for n in range(COUNT):
        here = words["ui.mock.at"].format(n=n + 1, count=COUNT)
        expect(page.get_by_text(here, exact=True)).to_be_visible()
        if n == 2:  # a refresh in the middle goes on with the same question
            kept(page, "mock:1", '"follow_ups"', times=n)
            page.reload()
            expect(page.get_by_text(here, exact=True)).to_be_visible()
        answer(page, n)
    expect(page.get_by_text(words["ui.mock.summary"])).to_be_visible()
    expect(page.get_by_text(words["ui.mock.ask_them"])).to_be_visible()
    sound(page)


def answer(page: Page, n: int) -> None:
    """One question: a formula, a slip, or points and at most two follow-ups."""
    at = page.locator(".st-key-mock_question")
    done, on = (page.locator(f".st-key-{key} button") for key in ("mock_done", "mock_on"))
    if n == DERIVE_AT:
        at.get_by_role("textbox").fill("p - y")
        at.get_by_role("textbox").press("Enter")
        expect(at.get_by_text(re.compile("^[✓✗]"))).to_be_visible()
        on.click()
    elif n == CODE_AT:
        at.get_by_role("radiogroup").locator("label").first.click()
        done.click()
        expect(at.get_by_text(re.compile("^[✓✗]"))).to_be_visible()
        on.click()
    else:
        if n % 2:
            at.get_by_role("textbox").fill("the loss, the mean, the gradient; 损失，平均，梯度")
        done.click()
        expect(on).to_be_visible()
        on.click()
        for asked in (1, 2):
            follow(page, f"{n}-{asked}")


def follow(page: Page, of: str) -> None:
    """A follow-up where one comes: what was missed is asked on."""
    done, on = (page.locator(f".st-key-mock_follow_{of}_{is_done} button") for is_done in (False, True))
    coming = done.or_(page.locator(".st-key-mock_done button")).or_(
        page.locator(".st-key-mock_formula_5, .st-key-mock_result")
    )
    expect(coming.first).to_be_visible()
    if done.count():
        done.click()
        on.click()


def test_progress_goes_with_the_reader(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(path="/interview", ready="h1")
    page.get_by_text("Show the answer").click()
    page.get_by_role("button", name="I knew it").click()
    counted(page, 1)
    settled(page)
    page.get_by_text("Take along").click()
    saved = {}
    for key in ("download", "anki", "sheet"):
        with page.expect_download() as download:
            page.locator(f".st-key-take_{key} button").click()
        saved[key] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[key])
    assert [one["box"] for one in json.loads(saved["download"].read_text())["cards"].values()] == [1]
    assert saved["anki"].read_text().count("sftviz::") == len(CARDS)
    assert f"{len(CARDS)} questions" in saved["sheet"].read_text()

    again = open_page(path="/interview", ready="h1")
    settled(again)
    again.get_by_text("Take along").click()
    again.locator("input[type=file]").set_input_files(saved["download"])
    expect(again.get_by_text("1 cards taken over.")).to_be_visible()
    other = tmp_path / "other.json"
    other.write_text('{"format": "another", "progress": {"x": "known"}}')
    again.locator("input[type=file]").set_input_files(other)
    expect(again.get_by_text("not a progress file of sftviz")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_every_answer_is_drawn_without_a_formula_error(open_page: OpenPage, width: int) -> None:
    page = open_page(path="/interview?way=all", ready="h1", height=4000, width=width)
    toggles = page.get_by_text("Show the answer", exact=True)
    expect(toggles).to_have_count(len(CARDS))
    for at in range(len(CARDS)):
        toggles.nth(at).click()
        expect(page.get_by_text("A good answer says")).to_have_count(at + 1, timeout=60_000)
    sound(page)
