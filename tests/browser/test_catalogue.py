"""Bad inputs in a real browser, one page for all: the box holds its text, the error is named, the last strip stays."""

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import _note_foreign, box, drawn, eventually, paste, settled
from tests.reliability.pages import GOOD, READ, REFUSED, said
from tests.reliability.sinks import EVERYTHING, MARK, PICTURE, chat_of

LONGEST = 26_000_000
MARKUP = """(mark) => {
  const found = [];
  const look = (root) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.shadowRoot) look(one.shadowRoot);
      const attributes = [...one.attributes].map((a) => a.name + "=" + a.value).join(" ");
      if (/^(script|img|iframe|object|form|style|svg|math|details|a)$/i.test(one.tagName) && attributes.includes(mark))
        found.push(one.outerHTML.slice(0, 200));
    }
  };
  look(document);
  return found;
}"""


@pytest.fixture(scope="module")
def foreign() -> list[str]:
    return []


@pytest.fixture(scope="module")
def page(browser: Browser, app_url: str, foreign: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.on("request", lambda request: _note_foreign(request.url, app_url, foreign))
    opened.goto(app_url)
    opened.wait_for_selector(".sftviz-strip .tok", timeout=90_000)
    paste(opened, GOOD)
    eventually(lambda: drawn(opened), lambda text: "owl" in text)
    yield opened
    context.close()


def alive(page: Page, app_url: str) -> None:
    """No traceback on the page, nothing has run, and the server answers."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert page.evaluate(f"window.{MARK}") is None
    with urllib.request.urlopen(f"{app_url}/_stcore/health", timeout=10) as answer:
        assert answer.status == 200


def split(text: str) -> re.Pattern[str]:
    """The text as tokens show it: further tokens of one character show their ids."""
    return re.compile(r"[\d\s]*".join(re.escape(c) if c.strip() else r"\s*" for c in text.strip()))


@pytest.mark.parametrize("case", REFUSED)
def test_a_paste_that_is_refused_is_named_and_nothing_is_lost(case: str, page: Page, app_url: str) -> None:
    text, words = REFUSED[case]
    before = drawn(page)
    paste(page, text)
    error = page.locator(".sftviz-notes .error", has_text=words)
    expect(error).to_have_count(1)
    expect(error.locator(".remedy")).not_to_be_empty()
    expect(error.locator(".code")).not_to_be_empty()
    expect(box(page)).to_have_value(text)
    settled(page)
    assert drawn(page) == before
    alive(page, app_url)


@pytest.mark.parametrize("case", READ)
def test_a_paste_that_is_read_is_shown_and_its_doubts_are_told(case: str, page: Page, app_url: str) -> None:
    text, strip, words = READ[case]
    paste(page, text)
    if case in ("J20", "J21", "J22"):
        strip = text[-4:-3]  # roles stand beside the tokens in a header, which is the template's
    eventually(lambda: drawn(page), lambda tokens: bool(split(strip).search(tokens)))
    expect(box(page)).to_have_value(text)
    if words:
        expect(page.locator(".sftviz-strip .findings li", has_text=words).first).to_be_attached()
    alive(page, app_url)


@pytest.mark.parametrize(
    ("case", "text"),
    {
        "X01 in a message": said(EVERYTHING),
        "X01 in a role": chat_of({"role": PICTURE, "content": "hi"}),
        "X01 in an error": json.dumps({PICTURE: EVERYTHING}),
        "X01 in a key": chat_of({"role": "user", "content": "hi", PICTURE: EVERYTHING}),
    }.items(),
)
def test_no_markup_runs_draws_or_fetches(case: str, text: str, page: Page, app_url: str, foreign: list[str]) -> None:
    paste(page, text)
    settled(page)
    said_of = page.locator(".sftviz-notes, .sftviz-strip .findings")
    eventually(lambda: drawn(page) + str(said_of.all_text_contents()), lambda all_: MARK in all_)
    alive(page, app_url)
    assert page.evaluate(MARKUP, MARK) == []
    assert foreign == []
