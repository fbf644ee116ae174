"""What is typed and not yet sent survives a reload, and nothing is put over what somebody has typed since."""

import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from sftviz.chat.samples import SAMPLES
from tests.browser.conftest import address, eventually, settled
from tests.browser.conftest import box as chat_box
from tests.reliability import boxes
from tests.sources import ROOT
from tests.ui.served import served

OpenPage = Callable[..., Page]
TYPED = "User: 你好\n\nAssistant: half a rep"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    limit = "--server.maxWidgetStateSize=2"  # MB, 25 in the app
    with served([sys.executable, "-m", "streamlit", "run", boxes.__file__, limit], ROOT) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(url)
    expect(box(opened, "Long")).to_be_visible()
    settled(opened)
    yield opened
    context.close()


def box(page: Page, name: str):
    return page.get_by_role("textbox", name=name)


def type_into(page: Page, name: str, text: str) -> None:
    """As a person does: the box keeps the focus, and nothing is sent."""
    box(page, name).click()
    box(page, name).press("Control+A")
    page.keyboard.insert_text(text)


def seen_by_the_server(page: Page, text: str) -> None:
    expect(page.get_by_text(repr(text))).to_be_visible()


@pytest.mark.parametrize(("name", "text"), [("Long", TYPED), ("Short", "Qwen/Qw")], ids=["Long", "Short"])
def test_what_is_typed_and_not_sent_survives_a_reload(page: Page, name: str, text: str) -> None:
    type_into(page, name, text)
    key = boxes.LONG if name == "Long" else boxes.SHORT
    assert page.evaluate(f"sessionStorage.getItem('sftviz:{key}')") == text  # a tab that crashes says no farewell
    page.reload()
    expect(box(page, name)).to_have_value(text)
    seen_by_the_server(page, text)


def test_what_is_typed_on_while_an_older_text_is_under_way_survives_a_reload(page: Page) -> None:
    type_into(page, "Long", TYPED)
    box(page, "Long").press("Control+Enter")
    page.keyboard.insert_text("ly")
    seen_by_the_server(page, TYPED)
    page.reload()
    expect(box(page, "Long")).to_have_value(TYPED + "ly")


def test_a_box_that_is_not_drawn_is_filled_too(page: Page) -> None:
    page.get_by_text("drawer").click()
    type_into(page, "Hidden", "{{ mine }}")
    page.reload()
    seen_by_the_server(page, "{{ mine }}")
    page.get_by_text("drawer").click()
    expect(box(page, "Hidden")).to_have_value("{{ mine }}")


def test_what_the_page_puts_into_a_box_takes_the_place_of_the_draft(page: Page) -> None:
    type_into(page, "Long", TYPED)
    page.get_by_role("button", name="sample").click()
    shown = boxes.SAMPLE.replace("\r\n", "\n")
    expect(box(page, "Long")).to_have_value(shown)
    settled(page)
    page.reload()
    expect(box(page, "Long")).to_have_value(shown)
    page.get_by_role("button", name="run").click()
    seen_by_the_server(page, boxes.SAMPLE)


# Types as soon as the box is drawn, before much else on the page can run
AT_ONCE = """(() => {
  const frame = () => new Promise(requestAnimationFrame);
  const watch = new MutationObserver(async () => {
    if (!document.querySelector(".st-key-chat textarea")) return;
    watch.disconnect();
    await frame();
    await frame();
    document.querySelector(".st-key-chat textarea").focus();
    document.execCommand("selectAll");
    document.execCommand("insertText", false, "typed at once");
  });
  watch.observe(document, {childList: true, subtree: true});
})()"""


def test_what_is_typed_at_once_after_a_reload_is_not_overwritten(page: Page) -> None:
    type_into(page, "Long", TYPED)
    page.add_init_script(AT_ONCE)
    page.reload()
    expect(box(page, "Long")).to_have_value("typed at once")
    type_into(page, "Short", "later")
    page.get_by_role("button", name="run").click()
    seen_by_the_server(page, "typed at once")
    expect(box(page, "Long")).to_have_value("typed at once")


def test_a_second_tab_knows_nothing_of_the_first(page: Page, url: str) -> None:
    type_into(page, "Long", TYPED)
    other = page.context.new_page()
    other.goto(url)
    settled(other)
    expect(box(other, "Long")).to_have_value(boxes.SAMPLE.replace("\r\n", "\n"))


PUT = """([name, text, times]) => {
  const box = [...document.querySelectorAll("textarea")].find((one) => one.ariaLabel === name);
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, text.repeat(times));
  box.dispatchEvent(new Event("input", {bubbles: true}));
  box.dispatchEvent(new FocusEvent("focusout", {bubbles: true}));
}"""


def test_what_is_too_large_to_be_sent_is_told_and_stays_in_the_box(page: Page) -> None:
    """J32: Streamlit drops such a message without a word."""
    page.evaluate(PUT, ["Long", "好", 800_000])
    expect(page.get_by_text("2.4 MB are more than a page can send, so nothing was sent: at most 1 MB")).to_be_visible()
    box(page, "Long").press("Control+Enter")
    page.get_by_role("button", name="run").click()
    settled(page)
    expect(page.get_by_text(repr(boxes.SAMPLE))).to_be_visible()
    assert page.evaluate("document.querySelector('textarea').value.length") == 800_000
    page.evaluate(PUT, ["Long", "short", 1])
    expect(page.get_by_text("more than a page can send")).to_have_count(0)
    seen_by_the_server(page, "short")


def test_half_a_character_is_replaced_before_it_can_break_the_connection(page: Page) -> None:
    """J34: a socket closes on a lone surrogate."""
    page.evaluate("(put) => eval(put)(['Long', 'User: a\\ud800', 1])", PUT)
    expect(page.get_by_text("Half a character (a lone surrogate) cannot be sent")).to_be_visible()
    expect(box(page, "Long")).to_have_value("User: a\ufffd")
    seen_by_the_server(page, "User: a\ufffd")


def test_a_draft_is_never_put_over_another_sample(open_page: Callable[..., Page]) -> None:
    page = open_page()
    settled(page)
    page.goto(address(page) + "?sample=multi_turn")
    page.wait_for_selector(".sftviz-strip .tok")
    settled(page)
    expect(chat_box(page)).to_have_value(SAMPLES["multi_turn"].text)
    eventually(lambda: address(page), lambda url: "sample=multi_turn" in url)
